"""Write docs/reference/ from the code: implementations with their options, contracts and hooks.

Usage: python scripts/make_reference.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import defaults, single_options
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.hookspecs import Hooks
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager.discovery import OWN_DISTRIBUTION
from mlops_plugins.manager.formats import load_model
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlops_plugins.api.formats import FileFormat

TABLES = (".parquet", ".csv")
WORDS = {
    "": "any",
    "array": "list",
    "boolean": "true or false",
    "integer": "whole number",
    "null": "null",
    "number": "number",
    "object": "object",
    "string": "text",
}
"""What the types of a JSON Schema are called."""

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def implementations() -> Iterator[str]:
    """Describe every built-in implementation and its options."""
    yield "# Implementations\n"
    yield "Made from the code by `scripts/make_reference.py`.\n"
    for offer in plugin_manager().components():
        if offer.distribution != OWN_DISTRIBUTION:
            continue
        offered = offer.implementation
        yield f"## {offered.stage}: {offered.name}\n"
        options = plugin_manager().load(offered.stage, offered.name)
        needs = f" Needs `uv add '{offered.extra}'`." if offered.extra else ""
        yield f"{offered.summary}{'' if offered.summary.endswith('?') else '.'} {inspect.getdoc(options)}{needs}\n"
        rows = list(single_options(options))
        if rows:
            yield "| option | default | |"
            yield "|---|---|---|"
            for name, owner, key in rows:
                value, description = defaults(owner)[key], owner.model_fields[key].description or ""
                yield f"| `{name}` | {'required' if value == '???' else f'`{value!r}`'} | {description} |"
            yield ""


def contracts() -> Iterator[str]:
    """Describe each stage's contract, and each hook."""
    yield "# Contracts and hooks\n"
    yield "Made from the code by `scripts/make_reference.py`.\n"
    for stage in Stage:
        contract = CONTRACTS[stage]
        yield f"## Stage {stage}\n"
        yield f"{inspect.getdoc(contract.protocol)}\n"
        for name, method in vars(contract.protocol).items():
            if inspect.isfunction(method) and not name.startswith("_"):
                yield from _function(name, method)
                if name in contract.optional:
                    yield "An implementation may do without this method.\n"
        for what, paths in (
            ("reads", contract.inputs),
            ("writes", contract.outputs),
            ("keeps", contract.kept),
        ):
            listed = ", ".join(f"`{name}`: `{path}`" for name, path in paths.items())
            if listed:
                yield f"In a project it {what} {listed}.\n"
        for each in contract.formats:
            yield from _format(each, contract.outputs.get(each.output, ""))
    yield "# Hooks\n"
    for name, hook in vars(Hooks).items():
        if name.startswith("mlops_"):
            yield from _function(name, hook)


def _format(described: FileFormat, place: str) -> Iterator[str]:
    """Describe a file: its keys, with their types and meanings; of a table, its columns."""
    name = "/".join(filter(None, (place, described.file)))
    model = load_model(described)
    written = "" if described.required else " An implementation may do without this file."
    yield f"`{name}`: {inspect.getdoc(model)}{written}\n"
    schema = model.model_json_schema()
    rows = list(_keys(schema, schema.get("$defs", {}), ""))
    if rows:
        yield f"| {'column' if name.endswith(TABLES) else 'key'} | type | required | |"
        yield "|---|---|---|---|"
        yield from rows
        yield ""


def _keys(schema: Any, known: Any, above: str) -> Iterator[str]:
    """Give a row for each key of a JSON Schema, and for those below it."""
    for each in _alternatives(schema, known):
        for name, field in each.get("properties", {}).items():
            key = f"{above}.{name}".removeprefix(".")
            needed = "yes" if name in each.get("required", ()) else "no"
            yield f"| `{key}` | {_type(field, known)} | {needed} | {field['description']} |"
            yield from _keys(field, known, key)
        below = each.get("additionalProperties")
        if isinstance(below, dict):
            yield from _keys(below, known, f"{above}.<name>".removeprefix("."))
        if "items" in each:
            yield from _keys(each["items"], known, f"{above}[]")


def _type(schema: Any, known: Any) -> str:
    """Return the type of a value in words."""
    words = [
        " or ".join(f"`{one}`" for one in each.get("enum", [each.get("const")]))
        if "enum" in each or "const" in each
        else WORDS[each.get("type", "")]
        for each in _alternatives(schema, known)
    ]
    return " or ".join(words)


def _alternatives(schema: Any, known: Any) -> Iterator[Any]:
    """Give the schemas of which a value keeps one, with references followed."""
    for each in schema.get("anyOf", [schema]):
        yield known[each["$ref"].rpartition("/")[2]] if "$ref" in each else each


def _function(name: str, function: Any) -> Iterator[str]:
    arguments = list(str(inspect.signature(function)).replace("'", "").split("\n"))
    yield f"```python\ndef {name}{' '.join(arguments)}\n```\n"
    yield f"{_examples_as_code(inspect.getdoc(function) or '')}\n"


def _examples_as_code(text: str) -> str:
    head, found, example = text.partition("Example:\n")
    return f"{head}```python\n{inspect.cleandoc(example)}\n```" if found else head


def main() -> None:
    """Write the files, or compare them."""
    pages = {"implementations.md": implementations(), "contracts.md": contracts()}
    stale = []
    for name, lines in pages.items():
        path, text = REFERENCE / name, "\n".join(lines).rstrip() + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"not current: {', '.join(stale)}; run: make generated")


if __name__ == "__main__":
    main()
