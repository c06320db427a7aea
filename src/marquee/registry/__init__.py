"""The model registry: the MLflow server, seen from the platform. The only place that imports mlflow.

`client` and `fetch` speak MLflow's REST interface and import no MLflow, which takes seconds and 200 MB:
services use these. `runs` and `pyfunc` import it: for the process that trains, and for notebooks.
"""
