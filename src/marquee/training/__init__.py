"""From the data in Postgres to a registered version: snapshot, evaluation, gates, refit, registration."""
