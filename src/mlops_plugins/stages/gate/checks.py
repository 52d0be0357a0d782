"""A check and its verdict: whatever cannot be computed blocks, and says what it was."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins.api.errors import MlopsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Outcome = Literal["pass", "keep", "block"]


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and what follows from it.

    Attributes:
        name: What was checked.
        outcome: `block` forbids a promotion, `keep` gives no cause for one.
        reason: Why, in words.
        numbers: What it was decided by: `value`, its interval `low` and `high`, the `limit`, ...
    """

    name: str
    outcome: Outcome
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


class UncomputableError(Exception):
    """Something that a check needs is missing or no number; its text names the file and the key."""


def guarded(name: str, work: Callable[[], Check]) -> Check:
    """Return what `work` finds; whatever it raises blocks, with the reason in words."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001  a third party's file, model or registry may raise anything
        return Check(name, "block", f"{name} could not be checked: {described(error)}")


def described(error: Exception) -> str:
    """Return an error in words, without the folders in which it happened: they differ from run to run."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {Path(str(error.filename)).name}"
    if isinstance(error, UncomputableError):
        text = str(error)
    else:
        text = error.what.removesuffix(".") if isinstance(error, MlopsError) else repr(error)
    return _FOLDERS.sub("", text)


_FOLDERS = re.compile(r"(?<![\w:/])(?:/[^/\s'\"]+)+/")
"""The folders of an absolute path, and not those of a URL."""


def read(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UncomputableError: It is missing, or something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UncomputableError(f"{path.name} is missing") from None
    except (OSError, ValueError):
        raise UncomputableError(f"{path.name} is no JSON") from None
    if not isinstance(content, dict):
        raise UncomputableError(f"{path.name} holds no object")
    return content


def number(content: Mapping[str, Any], *keys: str, file: str) -> float:
    """Return the number at the end of these keys.

    Raises:
        UncomputableError: There is none, or it is not finite.
    """
    value = item(content, *keys, file=file)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UncomputableError(f"{'.'.join(keys)} in {file} is {json.dumps(value)[:40]}")
    return float(value)


def item(content: Mapping[str, Any], *keys: str, file: str) -> Any:
    """Return what is at the end of these keys.

    Raises:
        UncomputableError: There is nothing.
    """
    value: Any = content
    for depth, key in enumerate(keys, start=1):
        if not isinstance(value, dict) or key not in value:
            raise UncomputableError(f"{'.'.join(keys[:depth])} is missing in {file}")
        value = value[key]
    return value


def verdict(checks: Sequence[Check], *, model: str, champion: str | None) -> dict[str, Any]:
    """Return what `verdict.json` holds: the decision, its reasons and every check."""
    decision = decide(checks)
    because = "pass" if decision == "promote" else decision
    return {
        "decision": decision,
        "reasons": [check.reason for check in checks if check.outcome == because],
        "checks": [asdict(check) for check in checks],
        "model": model,
        "champion": champion,
    }


def decide(checks: Iterable[Check]) -> str:
    """Return the decision; without any check, block."""
    outcomes = {check.outcome for check in checks}
    if "block" in outcomes or not outcomes:
        return "block"
    return "keep" if "keep" in outcomes else "promote"
