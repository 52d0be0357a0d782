"""`mlops explain-row`: why one row has its score."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_plugins.cli.output import as_json, echo_json, log

if TYPE_CHECKING:
    from mlops_plugins.runtime.jobs.explain_row import Explained

BAR = 20
"""Characters of the longest bar."""

FILE_WIDTH = 160
"""Characters of a line where no terminal limits them, so that no name is cut off."""


@click.command("explain-row")
@click.argument("data", type=click.Path(path_type=Path), required=False)
@click.option("--row", type=click.IntRange(min=1), help="The row's number; the first is 1.")
@click.option("--id", "key", help="The row's value in the column data.id.")
@click.option(
    "--model", type=click.Path(path_type=Path), help="A model folder.", show_default="the champion"
)
@as_json
@click.pass_obj
def explain_row(
    root: Path,
    data: Path | None,
    row: int | None,
    key: str | None,
    model: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say why the champion predicts what it does for one row of DATA (CSV, Parquet or Excel).

    Without DATA, the row is one of data/validated.parquet.
    """
    from mlops_plugins.runtime.jobs import explain_row as rows

    if (row is None) == (key is None):
        raise click.UsageError("name the row by one of --row and --id")
    wanted = rows.Wanted(data=data, row=row, id=key, model=model)
    found = rows.explain(root, wanted, log=log)
    if as_json:
        echo_json(asdict(found))
    else:
        _show(found)


def _show(found: Explained) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    of_class = "" if found.of_class is None else f", the probability of {found.of_class}"
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = FILE_WIDTH
    console.print(f"row {found.row:,}, model {found.version}")
    console.print(f"prediction {found.prediction}, score {found.score:.4g}{of_class}\n")
    table = Table("raw column", "value", box=None, pad_edge=False)
    table.add_column("adds", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="center", no_wrap=True)
    table.add_column("", no_wrap=True)
    ordered = sorted(found.contributions.items(), key=lambda item: -abs(item[1].value))
    longest = max((abs(item.value) for _, item in ordered), default=0.0) or 1.0
    digits = max(0, 3 - math.floor(math.log10(longest)))
    table.add_row("(base)", "", f"{found.base:.{digits}f}", "", "")
    for name, item in ordered:
        bar = ("+" if item.value > 0 else "-") * round(BAR * abs(item.value) / longest)
        interval = f"{item.low:+.{digits}f} to {item.high:+.{digits}f}"
        adds = f"{item.value:+.{digits}f}"
        table.add_row(Text(name), Text(_told(found.values[name])), adds, interval, bar)
    table.add_row("(score)", "", f"{found.score:.{digits}f}", "", "")
    console.print(table)
    made = Table("feature", "value", box=None, pad_edge=False)
    for name, value in found.features.items():
        made.add_row(Text(name), Text(_told(value)))
    console.print()
    console.print(made)


def _told(value: Any) -> str:
    if value is None:
        return "(missing)"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
