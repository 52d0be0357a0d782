"""The commands and the code of a page of the documentation, and what the page shows below them."""

from __future__ import annotations

import re

from tests.helpers.projects import ROOT, Project


def blocks(page: str) -> list[list[tuple[str, list[str]]]]:
    """Return each console block's commands, and the lines that are shown below each."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL):
        commands: list[tuple[str, list[str]]] = []
        for line in block.rstrip("\n").split("\n"):
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
        found.append(commands)
    return found


def pattern(shown: str) -> str:
    """Return what a shown line must match: numbers, and how wide a column is, may be others."""
    parts = re.split(r"[\d.,]*\d", shown.strip())
    return r"[\d.,]+".join(re.sub(r"(\\ ){2,}", r"\\s+", re.escape(part)) for part in parts)


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def assert_shown(project: Project, page: str) -> None:
    """Type a page's commands in a project; each prints every line that the page shows below it."""
    for block in blocks(page):
        for typed, shown in block:
            printed = project.run("bash", "-c", typed, COLUMNS="120").stdout
            for line in shown:
                assert re.search(pattern(line), printed), (
                    f"$ {typed}\nshould print {line!r}:\n{printed}"
                )
