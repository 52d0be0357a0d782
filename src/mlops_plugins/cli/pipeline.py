"""The commands `mlops compose`, `run` and `dag`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mlops_plugins.cli.output import as_json, echo_json, log

if TYPE_CHECKING:
    from pathlib import Path


def _known(context: click.Context, parameter: click.Parameter, stage: str | None) -> str | None:
    """Check the stage, a plugin's perhaps; plugins are loaded only if one is named."""
    from mlops_plugins.manager.plugin_manager import plugin_manager

    if stage is not None and stage not in (stages := plugin_manager().pipeline.stages):
        names = ", ".join(repr(each) for each in stages)
        raise click.BadParameter(f"{stage!r} is not one of {names}.", context, parameter)
    return stage


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 3 if params.yaml is not current.")
@click.option("--keep", is_flag=True, help="Write an applied experiment's values into conf/.")
@click.option("--discard", is_flag=True, help="Drop an applied experiment's values.")
@click.pass_obj
def compose(root: Path, check: bool, keep: bool, discard: bool) -> None:
    """Compose params.yaml from conf/."""
    from mlops_plugins.api.errors import ConfigurationError
    from mlops_plugins.config import compose

    if check + keep + discard > 1:
        raise click.UsageError("--check, --keep and --discard exclude each other")
    if check:
        if not compose.is_current(root):
            raise ConfigurationError(
                "params.yaml is not what conf/ composes to.",
                where="params.yaml",
                next_step="dvc repro, and commit params.yaml",
            )
    elif keep or discard:
        for override in compose.keep(root) if keep else compose.discard(root):
            log(f"{'kept in conf/' if keep else 'dropped'}: {override}")
    else:
        compose.compose(
            root,
            in_experiment=bool(os.environ.get("DVC_EXP_NAME")),
            in_repro=bool(os.environ.get("DVC_STAGE")),
            log=log,
        )


@click.command()
@click.argument("stage", callback=_known, required=False)
@click.option("--all", "every", is_flag=True, help="Compose, and run every stage in this process.")
@click.pass_obj
def run(root: Path, stage: str | None, every: bool) -> None:
    """Run one STAGE of the pipeline, or all without DVC; `dvc repro` runs those that are stale."""
    from mlops_plugins.runtime.executor import run_all, run_stage

    if every == (stage is not None):
        raise click.UsageError("name one STAGE, or say --all")
    if stage is None:
        run_all(root, log)
    else:
        run_stage(root, stage, log)


@click.command()
@click.option("--write", is_flag=True, help="Write the stages into dvc.yaml; keep what you added.")
@as_json
@click.pass_obj
def dag(root: Path, write: bool, as_json: bool) -> None:
    """Print the pipeline: each stage's command, what it reads, writes, and depends on."""
    from mlops_plugins.runtime import dag

    if write and as_json:
        raise click.UsageError("--write and --json exclude each other")
    if write:
        for line in dag.write(root):
            log(line)
    elif as_json:
        echo_json(dag.as_data(dag.project_pipeline(root)))
    else:
        click.echo(dag.as_text(dag.project_pipeline(root)))


COMMANDS = (compose, run, dag)
