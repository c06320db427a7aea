"""The words of the field: ratings, items, users, histories, errors. Standard library and NumPy only."""
