"""The `mlops` command. It imports nothing heavy: each command imports what it needs."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from mlops_plugins.api.errors import ExitCode, MlopsError
from mlops_plugins.cli import champion, jobs, pipeline
from mlops_plugins.cli.explain_row import explain_row
from mlops_plugins.cli.features import features
from mlops_plugins.cli.gate import gate
from mlops_plugins.cli.plugins.commands import plugins
from mlops_plugins.cli.schema import schema

# Dependencies phone home only if a user asks for it by setting these otherwise.
QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "NO_ALBUMENTATIONS_UPDATE": "1",
}


class Commands(click.Group):
    """Turns a user's mistake, or a plugin's failure, into its text and exit code."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except MlopsError as error:
            _refuse(error)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise  # what --help and a wrong option end with
        except (Exception, SystemExit) as error:
            from mlops_plugins.manager.failures import of_plugin

            failure = of_plugin(error, context.obj or Path.cwd())
            if failure is None:
                raise
            _refuse(failure)


def _refuse(error: MlopsError) -> NoReturn:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
    sys.exit(error.exit_code or ExitCode.PLUGIN)  # a plugin's own kind of error may have any code


def _replace_what_the_terminal_lacks() -> None:
    """Print a question mark for a character that the locale's encoding has not, as below `LC_ALL=C`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


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
    _replace_what_the_terminal_lacks()
    context.obj = project.resolve()


for command in (
    *pipeline.COMMANDS,
    *jobs.COMMANDS,
    *champion.COMMANDS,
    plugins,
    schema,
    features,
    gate,
    explain_row,
):
    main.add_command(command)
