"""The `mlops` command. It imports nothing heavy: each command imports what it needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.contracts import PIPELINE
from mlops_plugins.api.errors import ExitCode, MlopsError
from mlops_plugins.api.stage import Stage
from mlops_plugins.cli import champion as promotion
from mlops_plugins.cli.explain_row import explain_row
from mlops_plugins.cli.plugins.commands import plugins
from mlops_plugins.cli.schema import schema

if TYPE_CHECKING:
    from mlops_plugins.api.contracts.monitor import Finding

# Dependencies phone home only if a user asks for it by setting these otherwise.
QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


class Commands(click.Group):
    """Turns a user's mistake into its text and exit code, and says so when it is our bug."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except MlopsError as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
            sys.exit(error.exit_code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlops-plugins")
@click.option(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="The project's folder.",
    show_default="this folder",
)
@click.pass_context
def main(context: click.Context, project: Path) -> None:
    """Run the stages and jobs of a machine-learning project."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    context.obj = project.resolve()


def log(text: str) -> None:
    """Tell the user something on standard error, so that output can be piped."""
    click.echo(text, err=True)


@main.command()
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
        compose.compose(root, in_experiment=bool(os.environ.get("DVC_EXP_NAME")))


@main.command()
@click.argument("stage", type=click.Choice([stage.value for stage in PIPELINE]), required=False)
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
        run_stage(root, Stage(stage), log)


for command in (plugins, schema, explain_row, *promotion.COMMANDS):
    main.add_command(command)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_obj
def features(root: Path, as_json: bool) -> None:
    """Show the table that the model learns from: how each feature is prepared, and what it holds."""
    from mlops_plugins.cli import features_table as table
    from mlops_plugins.cli.plugins.commands import echo_json

    if as_json:
        echo_json(table.as_data(root))
    else:
        table.show(root)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.pass_obj
def gate(root: Path, as_json: bool) -> None:
    """Print the newest verdict, its reasons and its checks; exit 6 if it blocks the model."""
    from mlops_plugins.cli import verdict as judged
    from mlops_plugins.cli.plugins.commands import echo_json
    from mlops_plugins.runtime import jobs

    verdict = jobs.verdict(root)
    if as_json:
        echo_json(verdict)
    else:
        judged.show(verdict)
    if verdict["decision"] == "block":
        sys.exit(ExitCode.BLOCKED)


@main.command()
@click.option(
    "--model", type=click.Path(path_type=Path), help="A model folder.", show_default="the champion"
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.pass_obj
def serve(root: Path, model: Path | None, host: str, port: int) -> None:
    """Serve the champion over HTTP."""
    from mlops_plugins.runtime import jobs

    jobs.serve(root, model, host=host, port=port, log=log)


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    help="The Parquet file to write.",
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
    from mlops_plugins.runtime import jobs

    rows = jobs.predict(root, data, output, model, keep=keep, log=log)
    log(f"{rows:,} rows scored: {output}")


@main.command()
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), required=True, help="The folder to write."
)
@click.pass_obj
def export(root: Path, folder: Path) -> None:
    """Copy the champion's model folder out of the registry, for an image."""
    from mlops_plugins.runtime import jobs

    version = jobs.export(root, folder, log=log)
    log(f"version {version} exported: {folder}")


@main.command()
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
    from mlops_plugins.runtime import jobs

    finding, folder = jobs.monitor(root, data=data, labels=labels, name=name, log=log)
    click.echo(f"{finding.status}: {folder / 'report.html'}")
    for reason in finding.reasons:
        click.echo(f"  - {reason}")
    sys.exit(_exit_code(finding))


def _exit_code(finding: Finding) -> ExitCode:
    return {"drift": ExitCode.DRIFT, "alarm": ExitCode.ALARM}.get(finding.status, ExitCode.OK)


@main.command()
@click.option(
    "--set", "-S", "overrides", multiple=True, metavar="KEY=VALUE", help="As for `dvc exp run -S`."
)
@click.pass_obj
def retrain(root: Path, overrides: tuple[str, ...]) -> None:
    """Decide from the monitor's reports whether to train again, and do it."""
    from mlops_plugins.runtime import jobs

    click.echo(jobs.retrain(root, overrides, log=log))
