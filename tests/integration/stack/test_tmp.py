import urllib.request, base64
def test_m(mlflow_server, engine):
    r=urllib.request.Request(mlflow_server.url+"/api/2.0/mlflow/experiments/search?max_results=5", headers={"Authorization":"Basic "+base64.b64encode(f"{mlflow_server.username}:{mlflow_server.password}".encode()).decode()})
    print(urllib.request.urlopen(r).read()[:100]); print(engine)
