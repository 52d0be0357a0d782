"""Write docs/reference/ from the code: implementations with their options, contracts and hooks.

Usage: python scripts/make_reference.py [--check]
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import defaults
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.hookspecs import Hooks
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager.discovery import OWN_DISTRIBUTION
from mlops_plugins.manager.plugin_manager import plugin_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        rows = defaults(options)
        if rows:
            yield "| option | default | |"
            yield "|---|---|---|"
            for name, value in rows.items():
                description = options.model_fields[name].description or ""
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
    yield "# Hooks\n"
    for name, hook in vars(Hooks).items():
        if name.startswith("mlops_"):
            yield from _function(name, hook)


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
