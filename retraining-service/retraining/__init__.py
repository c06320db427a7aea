"""The retraining service: decides when to train, and starts trainings as child processes."""
