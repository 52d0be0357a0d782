"""Where a value of `params.yaml` comes from, when a file of `conf/` that an error names is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_plugins.config import conf_files, overrides, params

if TYPE_CHECKING:
    from pathlib import Path

    from mlops_plugins.api.errors import ConfigurationError
    from mlops_plugins.config.params import Params


def correct(error: ConfigurationError, root: Path, given: Params) -> None:
    """Let an error that names a stage's file in `conf/` name where the value comes from instead.

    A project need not have the file: then an option has its default, or an experiment's value.
    """
    file, _, key = error.where.partition(": ")
    folder, _, rest = file.partition("/")
    stage, _, choice = rest.removesuffix(".yaml").partition("/")
    if folder != conf_files.FOLDER or not given.has(stage) or (root / file).exists():
        return
    option = f"{stage}.{key}" if key else stage
    overridden = {each.key for each in overrides.remembered(given.as_dict())}
    source = (
        "by -S of this experiment" if option in overridden else f"its default in {stage}/{choice}"
    )
    error.where = f"{params.FILE}: {option}, {source}; there is no {file}"
    error.next_step = (
        f"dvc exp run -S {option}=VALUE, "
        f"or write the file: mlops plugins show {stage}/{choice} --yaml > {file}"
    )
