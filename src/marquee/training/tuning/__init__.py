"""Hyperparameters sought by Optuna, judged on validation folds that lie before every test rating.

space    what may be tried
folds    the ratings it is judged on
worker   one fold of one trial, in a child process
study    the search, and its memory on disk
results  tables and pictures
journal  what MLflow gets to know
run      all of it, on the platform
"""
