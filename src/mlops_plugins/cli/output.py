"""What all commands share: where their output goes, and in which form."""

from __future__ import annotations

import json
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def log(text: str) -> None:
    """Print a line on standard error, so that standard output can be piped."""
    click.echo(text, err=True)


def echo_json(data: Any) -> None:
    """Print plain data."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
