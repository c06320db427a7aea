"""The inference service: answers over HTTP from the deployed model and Postgres."""
