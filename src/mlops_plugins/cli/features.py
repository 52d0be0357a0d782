"""The command `mlops features`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.cli.output import as_json, echo_json

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@as_json
@click.pass_obj
def features(root: Path, as_json: bool) -> None:
    """Show the table that the model learns from: how each feature is prepared, and what it holds."""
    from mlops_plugins.runtime.feature_table import describe

    rows = describe(root)
    if as_json:
        echo_json(rows)
    else:
        _show(rows)


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("feature", "prepared as", box=None, pad_edge=False)
    for heading in ("missing", "distinct"):
        table.add_column(heading, justify="right")
    table.add_column("most frequent", no_wrap=True, overflow="ellipsis")
    for found in rows:
        table.add_row(
            Text(found["name"]),
            found["kind"],
            f"{found['missing']:.1%}",
            f"{found['distinct']:,}",
            Text(", ".join(map(str, found["examples"]))),
        )
    Console(highlight=False, markup=False).print(table)
