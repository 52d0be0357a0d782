"""The history of the champion, and where a version comes from, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlops_plugins.api.contracts.register import Change

UNKNOWN = "not recorded when it was registered"
SHORT = 12


def as_data(change: Change) -> dict[str, Any]:
    """Return a change as plain data."""
    return {
        "number": change.number,
        "action": change.action,
        "from": change.before,
        "to": change.after,
        "who": change.who,
        "when": change.when,
        "because": change.because,
        "evidence": change.evidence,
        "void": change.void,
    }


def show_history(changes: Sequence[Change]) -> None:
    """Print the changes of the champion as a table, oldest first."""
    if not changes:
        click.echo("no champion yet")
        return
    _print_table(
        ["number", "when", "who", "action", "from", "to", "because", "evidence"],
        [
            [
                str(change.number),
                change.when[:19].replace("T", " "),
                change.who,
                change.action + (" (void)" if change.void else ""),
                change.before or "-",
                change.after,
                change.because,
                change.evidence[:SHORT] or "-",
            ]
            for change in changes
        ],
    )
    if any(change.void for change in changes):
        click.echo("void: another change was faster, and this one has no effect")


def show_version(found: Mapping[str, Any]) -> None:
    """Print where a version comes from."""
    aliases = f" ({', '.join(found['aliases'])})" if found["aliases"] else ""
    click.echo(f"version {found['version']}{aliases}")
    for title, lines in (
        ("model", [f"sha256 {found['digest']}"]),
        ("data", _data(found.get("data"))),
        ("code", _code(found.get("code"))),
        ("parameters", _parameters(found.get("parameters"))),
        ("environment", _environment(found.get("environment"))),
        ("metrics", _metrics(found.get("metrics"))),
        ("gate", _gate(found["gate"])),
        ("history", _changes(found["history"])),
    ):
        click.echo(f"{title}:")
        for line in lines:
            click.echo(f"  {line}")


def _data(data: Mapping[str, Any] | None) -> Iterator[str]:
    if data is None:
        yield UNKNOWN
        return
    yield f"{data['rows']:,} rows, {len(data['columns'])} columns, sha256 {data['sha256']}"
    if data.get("source"):
        yield f"from {data['source']}"
    if data.get("time"):
        yield f"from {data['time'][0]} to {data['time'][1]}"


def _code(code: Mapping[str, Any] | None) -> Iterator[str]:
    if code is None or code["commit"] is None:
        yield UNKNOWN
    else:
        yield f"commit {code['commit']}" + (" and uncommitted changes" if code["dirty"] else "")


def _parameters(parameters: Mapping[str, Any] | None) -> Iterator[str]:
    if parameters is None:
        yield UNKNOWN
        return
    for key, value in parameters.items():
        if isinstance(value, dict):
            shown = {k: v for k, v in value.items() if k not in ("name", "implementation")}
            words = [f"{k}={v}" for k, v in shown.items() if v not in (None, [], {})]
            yield f"{key}: {' '.join(filter(None, [value.get('name'), *words]))}"
        else:
            yield f"{key}: {value}"


def _environment(environment: Mapping[str, Any] | None) -> Iterator[str]:
    if environment is None:
        yield UNKNOWN
        return
    yield f"Python {environment['python']}, {environment['system']}"
    yield ", ".join(f"{name} {version}" for name, version in environment["libraries"].items())
    if environment["lock"]:
        yield f"uv.lock sha256 {environment['lock']}"


def _metrics(metrics: Mapping[str, Any] | None) -> Iterator[str]:
    if metrics is None:
        yield UNKNOWN
        return
    for name, measured in metrics.items():
        if isinstance(measured, dict) and isinstance(measured.get("value"), int | float):
            yield f"{name} {measured['value']:.4f}{_interval(measured)}"


def _interval(measured: Mapping[str, Any]) -> str:
    low, high = measured.get("low"), measured.get("high")
    return "" if low is None or high is None else f" ({low:.4f} to {high:.4f} at 95 %)"


def _gate(verdict: Mapping[str, Any] | None) -> Iterator[str]:
    if verdict is None:
        yield UNKNOWN
        return
    champion = verdict["champion"]
    compared = f"compared with version {champion}" if champion else "there was no champion"
    yield f"{verdict['decision']}, {compared}"
    yield from (f"- {reason}" for reason in verdict["reasons"])


def _changes(changes: Iterable[Change]) -> Iterator[str]:
    lines = [
        f"{change.number} {change.when[:19]} {change.action} {change.before or '-'} -> {change.after}"
        f" by {change.who}: {change.because}{' (void)' if change.void else ''}"
        for change in changes
    ]
    yield from lines or ["never champion"]


def _print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*header, box=None, header_style="bold")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200  # a line each, for whoever reads it through a pipe
    console.print(table)
