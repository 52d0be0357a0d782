"""Parameters without a project."""

from __future__ import annotations

from typing import Any

from mlops_plugins.config.params import Params


def params_of(**sections: dict[str, Any]) -> Params:
    """Return parameters that choose what each stage's section says."""
    data = {"task": "binary", "target": "late"}
    return Params({"project": "p", "seed": 1, "threads": 1, "data": data, **sections})
