"""The report as a page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def render(report: dict[str, Any], project: str) -> str:
    """Return the report as one HTML page that needs no other file."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2").render(report=report, project=project)
