"""The helpers that plugins are written with; their names and meaning change only with a major version.

    from mlops_plugins import Component, Context
    from mlops_plugins.toolkit import files, open_model, tables

| helper | for |
|---|---|
| `tables` | the Parquet tables that stages exchange |
| `files` | JSON and other files, written so that a killed process leaves what was there before |
| `read_schema`, `write_schema`, `infer_schema` | the team's `schema.yaml` |
| `conform` | rows with the dtypes that the schema gives |
| `folds` | the cross-validation folds of the training rows, if the split left some |
| `open_model`, `describe_model` | the model folder: predictions from raw rows, or only what it says of itself |
| `PredictionLog` | requests, responses, and the version that answered |
| `scoring`, `slices` | the metrics of each task, and groups of rows, as evaluation and gate define them |
| `card` | the team's own words about the model, in `card.yaml` |
| `component` | another implementation, by its name in `conf/`, to wrap it |

What trainers share is in `mlops_plugins.estimators`, what is checked in `mlops_plugins.testing`.
Every other module of this package is internal, and may move.
"""

from mlops_plugins.artifacts import card, files, folds, tables
from mlops_plugins.artifacts.model_folder import Model, open_model
from mlops_plugins.artifacts.model_folder import describe as describe_model
from mlops_plugins.artifacts.prediction_log import PredictionLog
from mlops_plugins.artifacts.schema import Column, Schema, conform
from mlops_plugins.artifacts.schema import infer as infer_schema
from mlops_plugins.artifacts.schema import read as read_schema
from mlops_plugins.artifacts.schema import write as write_schema
from mlops_plugins.metrics import scoring, slices
from mlops_plugins.toolkit.wrapping import component

__all__ = [
    "Column",
    "Model",
    "PredictionLog",
    "Schema",
    "card",
    "component",
    "conform",
    "describe_model",
    "files",
    "folds",
    "infer_schema",
    "open_model",
    "read_schema",
    "scoring",
    "slices",
    "tables",
    "write_schema",
]
