"""The command `mlops gate`: the decision, its reasons, and every check with its numbers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.api.errors import ExitCode
from mlops_plugins.cli.output import as_json, echo_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@click.command()
@as_json
@click.pass_obj
def gate(root: Path, as_json: bool) -> None:
    """Print the newest verdict, its reasons and its checks; exit 6 if it blocks the model."""
    from mlops_plugins.runtime import verdict

    newest = verdict.read(root)
    if as_json:
        echo_json(newest)
    else:
        _show(newest)
    if newest["decision"] == "block":
        sys.exit(ExitCode.BLOCKED)


def _show(verdict: Mapping[str, Any]) -> None:
    """Print a verdict; the checks of a gate that writes none are left out."""
    click.echo(verdict["decision"])
    for reason in verdict["reasons"]:
        click.echo(f"  - {reason}")
    if verdict.get("checks"):
        _table(verdict["checks"])


def _table(checks: list[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in ("check", "outcome"):
        table.add_column(heading, no_wrap=True)
    for heading in ("value", "95 % interval", "limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for check in checks:
        numbers = check.get("numbers", {})
        ends = [_number(numbers.get(end)) for end in ("low", "high")]
        table.add_row(
            Text(str(check.get("name"))),
            Text(str(check.get("outcome"))),
            _number(numbers.get("value")),
            " to ".join(ends) if all(ends) else "",
            _number(numbers.get("limit")),
        )
    console = Console(highlight=False, markup=False)
    console.print()
    console.print(table)


def _number(value: object) -> str:
    """Return a measured number with four digits, and a count as it is."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if isinstance(value, float) else ""
