"""Monitor: an alarm or a drift for a change and for nothing else, no decision without rows, a report."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, get_args

from mlops_plugins.api.contracts.monitor import Finding, Status
from mlops_plugins.api.paths import MODEL
from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.manager import formats
from mlops_plugins.testing.artefacts import provide
from mlops_plugins.testing.contracts.evaluate import read_json
from mlops_plugins.testing.failure import done, require
from mlops_plugins.testing.sandbox import Sandbox, difference
from mlops_plugins.testing.tables import DIABETES, WINES, Case, dates, names, nulls, plain, unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.testing.subject import Run, Subject

    Change = Callable[[pa.Table], pa.Table]

REFERENCE, OUTPUT = "reference.parquet", "monitoring/report"
CURRENT = f"{OUTPUT}/current.parquet"


def _monitored(
    subject: Subject, folder: Path, case: Case, change: Change, what: str
) -> tuple[Finding, Sandbox]:
    """Compare all rows of the case with a change of them, as `mlops monitor` does."""
    sandbox = Sandbox.make(folder, subject, case)
    rows = tables.read_frame(provide(case, "data/validated.parquet")).reset_index(drop=True)
    seen = rows.join(open_model(provide(case, MODEL)).predict(rows))
    tables.write_frame(seen, folder / REFERENCE)
    tables.write(change(tables.read(folder / REFERENCE)), folder / CURRENT)
    before = sandbox.content()
    found: list[Finding] = []
    implementation = subject.make()
    done(
        f"it compared {what}",
        lambda: found.append(
            implementation.monitor(
                sandbox.context,
                reference=folder / REFERENCE,
                current=folder / CURRENT,
                model=provide(case, MODEL),
                output=folder / OUTPUT,
            )
        ),
    )
    reports = {"report.json", "report.html"}
    after = {
        name: digest
        for name, digest in sandbox.content().items()
        if name in before or not name.startswith(f"{OUTPUT}/")
    }
    require(
        before == after,
        f"it compared {what}",
        expected="nothing new or changed outside its output",
        found=difference(before, after),
    )
    missing = [name for name in sorted(reports) if not (folder / OUTPUT / name).is_file()]
    require(
        not missing,
        f"it compared {what}",
        expected="report.json and report.html in its output",
        found=f"no {', '.join(missing)}",
    )
    _verify(found[0], sandbox, what)
    return found[0], sandbox


def _verify(finding: Finding, sandbox: Sandbox, what: str) -> None:
    did = f"it compared {what}"
    require(
        isinstance(finding, Finding) and finding.status in get_args(Status),
        did,
        expected=f"a Finding whose status is one of {', '.join(get_args(Status))}",
        found=finding,
    )
    done(
        "its report.json was read",
        lambda: formats.check(
            sandbox.contract.formats,
            "output",
            sandbox.root / OUTPUT,
            str(sandbox.subject.offer),
        ),
    )
    report = read_json(sandbox.root / OUTPUT / "report.json", "its report.json was read")
    require(
        report["status"] == finding.status,
        "its report.json was read",
        expected=f"as 'status' what it found, {finding.status}, for the retraining policy to read",
        found=report["status"],
    )


def _is_calm(case: Case, subject: Subject, folder: Path) -> None:
    """The same rows again are neither a drift nor an alarm; of flights there are enough to say so."""
    what = f"{case} with themselves"
    finding, _ = _monitored(subject, folder, case, lambda table: table, what)
    allowed = ("ok",) if case is plain() else ("ok", "insufficient_data")
    require(
        finding.status in allowed,
        f"it compared {what}",
        expected=", or ".join(allowed),
        found=f"{finding.status}, because {'; '.join(finding.reasons)}",
    )


def _decides_nothing(rows: int, subject: Subject, folder: Path) -> None:
    """Too few rows say nothing."""
    what = f"{rows} row(s) with flights"
    finding, _ = _monitored(subject, folder, plain(), lambda table: table.slice(0, rows), what)
    require(
        finding.status == "insufficient_data",
        f"it compared {what}",
        expected="insufficient_data",
        found=finding.status,
    )


def works_without_labels(subject: Subject, folder: Path) -> None:
    """Labels arrive late, or never."""
    what = "flights without labels with flights"
    _monitored(subject, folder, plain(), lambda table: table.drop_columns(["late"]), what)


def reports_a_change(subject: Subject, folder: Path) -> None:
    """Where every column has changed, it says so, gives a reason, and its page names a column."""
    what = "flights of which every column has changed with flights"
    finding, sandbox = _monitored(subject, folder, plain(), _change, what)
    did = f"it compared {what}"
    require(
        finding.status in ("drift", "alarm"),
        did,
        expected="drift, or alarm",
        found=finding.status,
    )
    require(finding.reasons, did, expected=f"a reason for {finding.status}", found="none")
    page = (sandbox.root / OUTPUT / "report.html").read_text(encoding="utf-8")
    require(
        "distance" in page,
        did,
        expected="a report.html that names what has changed, the column 'distance' for instance",
        found=page[:500],
    )


def _change(table: pa.Table) -> pa.Table:
    """Move every number, and replace every text, but not what identifies or labels a row."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    data = plain().data
    kept = (data.id, data.target, data.time, "prediction", "score")
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        if name in kept or name.startswith("probability_"):
            continue
        if t.is_integer(column.type) or t.is_floating(column.type):
            moved = pc.add(pc.multiply(column, 10), 1000)
            table = table.set_column(place, name, moved)
        elif t.is_string(column.type) or t.is_large_string(column.type):
            table = table.set_column(place, name, pa.array(["ÄÖÜ"] * table.num_rows))
    return table


CALM = (plain(), WINES, DIABETES, nulls(), unseen(), names(), dates())

CHECKS: Mapping[str, Run] = {
    **{f"is calm about {case}": partial(_is_calm, case) for case in CALM},
    "decides nothing on no rows": partial(_decides_nothing, 0),
    "decides nothing on one row": partial(_decides_nothing, 1),
    "works without labels": works_without_labels,
    "reports a change": reports_a_change,
}
