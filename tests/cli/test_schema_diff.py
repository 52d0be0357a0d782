"""`mlops schema diff`: what changed in schema.yaml, in words, and what a deployed model survives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.helpers.projects import commit, git
from tests.helpers.validating import Validating

if TYPE_CHECKING:
    from pathlib import Path

FIRST = """\
# The team's own words.
columns:
  customer: {type: integer, nullable: false, unique: true}
  age: {type: integer, nullable: false, min: 0, max: 120}
  city: {type: category, nullable: false, values: [Basel, Bern, Chur]}
  bought: {type: category, nullable: false, values: [0, 1]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Validating:
    made = Validating(tmp_path, {"task": "binary", "target": "bought", "id": "customer"})
    git(tmp_path, "init", "--quiet")
    made.schema("columns: {}\n")
    commit(tmp_path, "Before")
    made.schema(FIRST)
    commit(tmp_path, "First", tag="v1")
    return made


CHANGES = {
    "a comment": ("# The team's own words.", "# Other words.", 0, ["schema.yaml is as in HEAD"]),
    "an order": (
        "  age: {type: integer, nullable: false, min: 0, max: 120}",
        "  age: {max: 120, type: integer, min: 0}",
        0,
        ["is as in HEAD"],
    ),
    "added": (
        "  age:",
        "  fuel: {type: text, nullable: true}\n  age:",
        10,
        ["column 'fuel': added (text, nullable)"],
    ),
    "removed": (
        "  age: {type: integer, nullable: false, min: 0, max: 120}\n",
        "",
        20,
        [
            "column 'age': removed (integer, not nullable)",
            "breaks a deployed model",
            "each request",
        ],
    ),
    "another type": (
        "age: {type: integer",
        "age: {type: number",
        20,
        ["column 'age': type integer became number", "breaks a deployed model: ", "takes integer"],
    ),
    "nullable": (
        "age: {type: integer, nullable: false",
        "age: {type: integer, nullable: true",
        20,
        ["column 'age': may be null now", "breaks a deployed model: ", "refuses nulls"],
    ),
    "a range": (
        "max: 120",
        "max: 130, severity: warning",
        10,
        ["column 'age': max 120 became 130; severity (none) became warning"],
    ),
    "values": (
        "[Basel, Bern, Chur]",
        "[Bern, Chur, Genf]",
        10,
        ["column 'city': values added: Genf; values removed: Basel"],
    ),
    "an id": (
        "  customer: {type: integer, nullable: false, unique: true}\n",
        "",
        10,
        ["column 'customer': removed"],
    ),
}


@pytest.mark.parametrize(("old", "new", "code", "parts"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_told_in_words(
    shop: Validating, old: str, new: str, code: int, parts: list[str]
) -> None:
    assert FIRST.count(old) == 1
    shop.schema(FIRST.replace(old, new))
    done = shop.mlops("schema", "diff")
    assert done.exit_code == code, done.output
    for part in parts:
        assert part in done.output, done.output
    assert ("breaks" in done.output) == (code == 20)
    changes = json.loads(shop.mlops("schema", "diff", "--json").output)
    assert bool(changes) == bool(code)
    assert any(change["breaks"] for change in changes) == (code == 20)


def test_any_revision_can_be_compared_with(shop: Validating) -> None:
    shop.schema(FIRST.replace("  bought:", "  fuel: {type: text}\n  bought:"))
    commit(shop.root, "Second")
    assert shop.mlops("schema", "diff").exit_code == 0
    for revision in ("HEAD~1", "v1"):
        assert "column 'fuel': added" in shop.mlops("schema", "diff", revision).output
    inferred = shop.mlops("schema", "diff", "HEAD~2")
    assert inferred.output.count("added") == 5


def test_a_revision_without_a_schema_has_no_columns(shop: Validating) -> None:
    git(shop.root, "rm", "--quiet", "--cached", "schema.yaml")
    git(shop.root, "commit", "--quiet", "--message", "Forget the schema")
    assert shop.mlops("schema", "diff").output.count("added") == 4


@pytest.mark.parametrize("revision", ["HEAD~9", "no-such-tag", "--help-me", "v1:schema.yaml"])
def test_an_unknown_revision_is_told(shop: Validating, revision: str) -> None:
    done = shop.mlops("schema", "diff", "--", revision)
    assert done.exit_code == 3, done.output
    assert f"git knows no revision '{revision}'" in done.output
    assert "next:" in done.output


def test_outside_git_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "shop").mkdir()
    made = Validating(tmp_path / "shop", {"task": "binary", "target": "bought"})
    made.schema(FIRST)
    assert made.mlops("schema", "diff").exit_code == 3


def test_a_broken_schema_of_then_is_told(shop: Validating) -> None:
    shop.schema("columns: [\n")
    commit(shop.root, "Oh no")
    shop.schema(FIRST)
    done = shop.mlops("schema", "diff")
    assert done.exit_code == 4
    assert "schema.yaml of HEAD" in done.output
