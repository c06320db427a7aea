"""Imports of any size: bytes from a pipe, batch by batch into Postgres, in a process of their own.

`python -m marquee.data.imports JOB` reads rows on standard input and says on standard output, a JSON object a
line, how far it is; see `outbox`. The inference service starts one an import: parsing takes neither its
processor time nor its memory.
"""
