"""Pages for people: one file each, that needs nothing from elsewhere, on any width of screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def render(template: str, **values: Any) -> str:
    """Return what a Jinja template, `stages/<stage>/<name>.j2` of this package, makes of `values`.

    A page extends `artifacts/pages/base.html.j2`; in it, values are text and never markup.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent.parent.parent),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
