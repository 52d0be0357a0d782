"""Write the stages of the template's dvc.yaml from their contracts; its plots are left as they are.

Usage: python scripts/make_dvc.py [--check]
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts import CONTRACTS, PIPELINE
from mlops_plugins.manager.pipeline import Pipeline
from mlops_plugins.runtime import dag

if TYPE_CHECKING:
    from collections.abc import Iterator

TEMPLATE = Path(__file__).parent.parent / "template" / "dvc.yaml.jinja"
BEGIN, END = "stages:\n", "\nplots:\n"

COMPOSE = """\
  compose:
    # Always, as DVC does not see all that makes a stage stale: libraries, plugins, files that an
    # option names. Where nothing has changed, params.yaml stays as it is and nothing follows.
    cmd: mlops compose
    always_changed: true
    deps:
      - conf
      - src/{{ package_name }}
      - uv.lock
    outs:
      - params.yaml:
          cache: false
          persist: true
"""
SOURCE = """\
{%- if data_source == 'file' and '://' not in data_path %}
    deps:
      - {{ data_dependency }}
{%- elif data_source != 'sample' %}
    # DVC does not see what is new there, so it asks each time; if nothing is, nothing follows.
    always_changed: true
{%- endif %}
"""
"""What ingest depends on is an answer's to say."""


def stage(name: str) -> str:
    """Return a stage as it stands in the file."""
    entry = dag.entry(Pipeline(CONTRACTS), name)
    lines = [f"  {name}:", *_note(name), f"    cmd: {entry.pop('cmd')}"]
    text = "\n".join(lines) + "\n" + (SOURCE if name == dag.INGEST else "")
    return text + "".join(line + "\n" for key in entry for line in _list(key, entry[key]))


def _note(name: str) -> list[str]:
    return [f"    # {line}" for line in textwrap.wrap(CONTRACTS[name].note, 94)]


def _list(key: str, items: list[Any]) -> Iterator[str]:
    if key == "params" and all(isinstance(item, str) for item in items):
        yield f"    {key}: [{', '.join(items)}]"
        return
    yield f"    {key}:"
    for item in items:
        if isinstance(item, str):
            yield f"      - {item}"
            continue
        for path, flags in item.items():
            if isinstance(flags, list):
                yield f"      - {path}: [{', '.join(flags)}]"
                continue
            yield f"      - {path}:"
            yield from (f"          {flag}: {str(value).lower()}" for flag, value in flags.items())


def expected(text: str) -> str:
    """Return the file with its stages as the contracts have them."""
    head, _, rest = text.partition(BEGIN)
    _, _, plots = rest.partition(END)
    return head + BEGIN + "\n".join([COMPOSE, *map(stage, PIPELINE)]) + END + plots


def main() -> None:
    """Write the file, or compare it."""
    text = TEMPLATE.read_text(encoding="utf-8")
    if expected(text) == text:
        return
    if "--check" in sys.argv:
        sys.exit(f"not current: {TEMPLATE.name}; run: make generated")
    TEMPLATE.write_text(expected(text), encoding="utf-8")


if __name__ == "__main__":
    main()
