"""The stages of a machine-learning project, each one swappable by a word in `conf/`."""

from mlops_plugins.errors import (
    BlockedError,
    ConfigurationError,
    DataError,
    MlopsError,
    ModelError,
)
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Alert, Context, Decision, Finding, Implementation, Source, Stage

__all__ = [
    "Alert",
    "BlockedError",
    "ConfigurationError",
    "Context",
    "DataError",
    "Decision",
    "Field",
    "Finding",
    "Implementation",
    "MlopsError",
    "ModelError",
    "Options",
    "Source",
    "Stage",
    "hookimpl",
]
