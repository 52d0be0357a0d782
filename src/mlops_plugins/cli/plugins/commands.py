"""The commands `mlops plugins ...`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.cli.output import as_json, echo_json

if TYPE_CHECKING:
    from pathlib import Path


@click.group(invoke_without_command=True)
@click.pass_context
def plugins(context: click.Context) -> None:
    """Say which implementations there are, why one is chosen, and whether a plugin is sound."""
    if context.invoked_subcommand is None:
        context.invoke(list_plugins)


@plugins.command("list")
@as_json
@click.pass_obj
def list_plugins(root: Path, *, as_json: bool) -> None:
    """List every implementation, who offers it, which is chosen, and what is wrong."""
    from mlops_plugins.cli.plugins import listing

    if as_json:
        echo_json(listing.as_data(root))
    else:
        listing.show(root)


@plugins.command("show")
@click.argument("implementation", metavar="STAGE/NAME")
@click.option("--yaml", "as_yaml", is_flag=True, help="Print the file for conf/.")
@as_json
def show_plugin(implementation: str, *, as_yaml: bool, as_json: bool) -> None:
    """Show one implementation's options, as STAGE/NAME."""
    from mlops_plugins.cli.plugins import show

    if as_yaml and as_json:
        raise click.UsageError("--yaml and --json exclude each other")
    if as_yaml:
        click.echo(show.as_yaml(implementation), nl=False)
    elif as_json:
        echo_json(show.as_data(implementation))
    else:
        show.show(implementation)


@plugins.command("why")
@click.argument("stage")
@as_json
@click.pass_obj
def why(root: Path, stage: str, *, as_json: bool) -> None:
    """Say which implementation of STAGE would run, from where, and which line says so."""
    from mlops_plugins.cli.plugins import why

    if as_json:
        echo_json(why.as_data(root, stage))
    else:
        why.show(root, stage)


@plugins.command("check")
@click.argument("which", metavar="PLUGIN")
@click.option(
    "--set",
    "-S",
    "overrides",
    multiple=True,
    metavar="STAGE/NAME.OPTION=VALUE",
    help="An option that an implementation needs for its check.",
)
@as_json
def check(which: str, overrides: tuple[str, ...], *, as_json: bool) -> None:
    """Check a plugin (a distribution, or STAGE/NAME) against its contracts; exit 7 if it fails."""
    from mlops_plugins.cli.plugins import check

    results = check.run(which, overrides, quiet=as_json)
    if as_json:
        echo_json([asdict(result) for result in results])
    if any(result.why for result in results):
        sys.exit(ExitCode.PLUGIN)
