"""The whole platform on one machine: PostgreSQL from a wheel, and every service as a supervised child."""
