"""The commands `mlops serve`, `predict`, `export`, `monitor` and `retrain`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.cli.output import log

if TYPE_CHECKING:
    from mlops_plugins.api.contracts.monitor import Finding


@click.command()
@click.option(
    "--model", type=click.Path(path_type=Path), help="A model folder.", show_default="the champion"
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.pass_obj
def serve(root: Path, model: Path | None, host: str, port: int) -> None:
    """Serve the champion over HTTP."""
    from mlops_plugins.runtime.jobs import serve as serve_job

    serve_job.run(root, model, host=host, port=port, log=log)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="The file to write: .parquet or .csv.",
)
@click.option(
    "--model", type=click.Path(path_type=Path), help="A model folder.", show_default="the champion"
)
@click.option(
    "--log/--no-log",
    "keep",
    default=True,
    show_default=True,
    help="Keep the predictions for monitoring.",
)
@click.pass_obj
def predict(root: Path, data: Path, output: Path, model: Path | None, keep: bool) -> None:
    """Score the rows of DATA (CSV, Parquet or Excel) with the champion."""
    from mlops_plugins.runtime.jobs import predict as predict_job

    rows = predict_job.run(root, data, output, model, keep=keep, log=log)
    log(f"{rows:,} rows scored: {output}")


@click.command()
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), required=True, help="The folder to write."
)
@click.pass_obj
def export(root: Path, folder: Path) -> None:
    """Copy the champion's model folder out of the registry, for an image."""
    from mlops_plugins.runtime.jobs import export as export_job

    version = export_job.run(root, folder, log=log)
    log(f"version {version} exported: {folder}")


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Rows to look at.",
    show_default="the prediction log",
)
@click.option(
    "--labels", type=click.Path(path_type=Path), help="Labels that arrived: the id and the target."
)
@click.option("--name", help="The report's name.", show_default="the time")
@click.pass_obj
def monitor(root: Path, data: Path | None, labels: Path | None, name: str | None) -> None:
    """Compare what the champion sees with what it was trained on; exit 10 for drift, 20 for alarm."""
    from mlops_plugins.runtime.jobs import monitor as monitor_job

    finding, folder = monitor_job.run(root, data=data, labels=labels, name=name, log=log)
    click.echo(f"{finding.status}: {folder / 'report.html'}")
    for reason in finding.reasons:
        click.echo(f"  - {reason}")
    sys.exit(_exit_code(finding))


def _exit_code(finding: Finding) -> ExitCode:
    return {"drift": ExitCode.DRIFT, "alarm": ExitCode.ALARM}.get(finding.status, ExitCode.OK)


@click.command()
@click.option(
    "--set", "-S", "overrides", multiple=True, metavar="KEY=VALUE", help="As for `dvc exp run -S`."
)
@click.pass_obj
def retrain(root: Path, overrides: tuple[str, ...]) -> None:
    """Decide from the monitor's reports whether to train again, and do it."""
    from mlops_plugins.runtime.jobs import retrain as retrain_job

    click.echo(retrain_job.run(root, overrides, log=log))


COMMANDS = (serve, predict, export, monitor, retrain)
