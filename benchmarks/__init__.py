"""Measurements of the platform: `make bench`, or `python -m benchmarks NAME…`. Nothing imports this."""
