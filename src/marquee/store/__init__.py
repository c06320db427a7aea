"""Postgres: tables, migrations and one module of functions a table family. The only SQL there is.

Every function takes a `Connection`; the caller owns the transaction:

    with engine.begin() as connection:
        ratings.put(connection, rating)
"""
