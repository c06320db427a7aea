"""`marquee evaluate`: recipes trained and judged under named protocols, and the report of it."""
