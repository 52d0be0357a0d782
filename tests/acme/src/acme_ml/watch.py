"""After the model is out: what has changed, whether to train again, and whom to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import Component, Decision, Field, Finding
from mlops_plugins.toolkit import files, tables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins import Alert, Context


class Means(Component):
    """Compares the mean of each number now with its mean then, in standard deviations of then."""

    limit: float = Field(0.5, gt=0, description="Largest shift of a mean that is no drift.")
    min_rows: int = Field(50, ge=2, description="Rows below which nothing is decided.")

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write the shifts as `report.json` and `report.html`, and return the finding."""
        before, after = tables.read_frame(reference), tables.read_frame(current)
        left_out = [context.data.id, context.data.target]
        shared = [n for n in before.select_dtypes("number") if n in after and n not in left_out]
        shifts = (after[shared].mean() - before[shared].mean()) / before[shared].std()
        shifts = shifts.fillna(0.0).sort_values(key=abs, ascending=False)
        moved = shifts[shifts.abs() > self.limit]
        reasons = tuple(f"the mean of {name} moved by {by:+.2f}" for name, by in moved.items())
        finding = Finding(status="drift" if reasons else "ok", reasons=reasons)
        if len(after) < self.min_rows:
            few = f"{len(after):,} rows are fewer than {self.min_rows:,}"
            finding = Finding(status="insufficient_data", reasons=(few,))
        report = {"status": finding.status, "reasons": list(finding.reasons)}
        files.write_json(output / "report.json", {**report, "shifts": shifts.to_dict()})
        page = f"<title>{context.project}: {finding.status}</title>{shifts.to_frame().to_html()}"
        files.write_text(output / "report.html", page)
        return finding


class AnyTrouble(Component):
    """Calls for a new model as soon as any report is not ok."""

    reports: int = Field(1, ge=1, description="How many of the newest reports to look at.")

    def retrain(self, context: Context, *, reports: list[Mapping[str, Any]]) -> Decision:
        """Decide; no report is no trouble."""
        trouble = [
            str(each["status"]) for each in reports[-self.reports :] if each["status"] != "ok"
        ]
        if trouble:
            return Decision(retrain=True, reason=f"a report says {trouble[-1]}")
        return Decision(retrain=False, reason="no report says anything but ok")


class Lines(Component):
    """Writes to a file that someone follows: `tail -f alerts.txt`."""

    path: str = Field("alerts.txt", min_length=1, description="The file, below the project.")

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Append one line: how bad it is, what, and why."""
        path = context.home / self.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as stream:
            stream.write(f"{alert.severity}: {alert.title}: {'; '.join(alert.details)}\n")
