-- Run once, when Compose's database is made: MLflow keeps its store and its accounts apart from the platform's tables.
CREATE DATABASE mlflow;
CREATE DATABASE mlflow_auth;
