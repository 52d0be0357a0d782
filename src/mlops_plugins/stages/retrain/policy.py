"""When to train again, decided from the monitor's reports alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationInfo, field_validator

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.contracts.retrain import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_plugins.api.context import Context


class Policy(Component):
    """Counts the windows that call for a new model; broken data never do."""

    windows: int = Field(3, ge=1, description="Number of the newest reports to look at.")
    violations: int = Field(
        1,
        ge=1,
        description="Number of them that must show drift or lost performance, the newest included. "
        "Raise it if single windows alarm too often.",
    )

    @field_validator("violations")
    @classmethod
    def _reachable(cls, violations: int, info: ValidationInfo) -> int:
        windows = info.data.get("windows", violations)
        if violations > windows:
            raise ValueError(f"more than the {windows} windows that are looked at")
        return violations

    def retrain(self, context: Context, *, reports: list[Mapping[str, Any]]) -> Decision:
        """Decide by the newest reports; the same reports always give the same decision."""
        if not reports:
            return _no("there is no monitoring report yet: run `mlops monitor` first")
        newest, recent = reports[-1], reports[-self.windows :]
        if _status(newest, "data_quality") == "alarm":
            return _no(f"the newest data are broken; repair them first{_because(newest)}")
        if newest.get("status") == "insufficient_data":
            return _no("the newest window has too few rows to decide")
        if not _calls(newest):
            return _no("the newest window shows no drift that matters and no lost performance")
        calls = sum(map(_calls, recent))
        counted = f"{calls} of the last {len(recent)} windows show drift or lost performance"
        if calls < self.violations:
            return _no(f"{counted}; {self.violations} are needed")
        return Decision(retrain=True, reason=counted + _because(newest))


def _no(reason: str) -> Decision:
    return Decision(retrain=False, reason=reason)


def _calls(report: Mapping[str, Any]) -> bool:
    """Whether a window calls for a new model: an alarm about the data alone does not."""
    return report.get("status") == "drift" or _status(report, "performance") == "alarm"


def _status(report: Mapping[str, Any], section: str) -> object:
    return (report.get(section) or {}).get("status")


def _because(report: Mapping[str, Any]) -> str:
    reasons = report.get("reasons") or []
    return f" ({'; '.join(reasons)})" if reasons else ""
