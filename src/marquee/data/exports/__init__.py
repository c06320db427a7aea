"""Exports of any size: `python -m marquee.data.exports KIND FORMAT` writes a table to standard output."""
