"""MLflow tracks each distinct result once, and holds the models and their aliases.

The store is SQLite in the project unless `MLFLOW_TRACKING_URI` names a server. A model is logged as
its own folder, loaded by our own loader: nothing in it is a pickle, and MLflow's
`mlflow.pyfunc.load_model` gives the same predictions as the service.
"""
