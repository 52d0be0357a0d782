"""Split: each row trains or judges, none is lost, none is in both."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.artifacts import folds, tables
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.failure import attempt, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.testing.subject import Run, Subject


def verify(sandbox: Sandbox) -> None:
    """The rows with a target are in one of the two parts."""
    pipeline.keeps_formats(sandbox)
    did = f"it split {sandbox.case}"
    full = tables.read(sandbox["table"])
    parts = {}
    for name in ("train", "test"):
        path = sandbox["output"] / f"{name}.parquet"
        done(f"its output {name}.parquet was read", partial(tables.read, path))
        parts[name] = part = tables.read(path)
        require(part.num_rows, did, expected="rows in both parts", found=f"none in {name}.parquet")
        require(
            part.column_names == full.column_names,
            did,
            expected=f"the columns {', '.join(full.column_names)}",
            found=f"in {name}.parquet {', '.join(part.column_names)}",
        )
    rows = _rows(full.filter(full.column(sandbox.case.data.target).is_valid()))
    split = _rows(parts["train"]) + _rows(parts["test"])
    unlabelled = _rows(full) - rows
    lost, more = rows - split, split - rows - unlabelled
    require(not lost, did, expected="every row that has a target", found=_some(lost, "is lost"))
    require(not more, did, expected="each row once, as it was", found=_some(more, "is new"))
    if (sandbox["output"] / folds.FILE).exists():
        _verify_folds(sandbox["output"], did)


def _verify_folds(splits: Path, did: str) -> None:
    """Each fold has rows that judge and others that train, and no row judges twice."""
    done(f"its output {folds.FILE} was read", partial(folds.read, splits))
    tested: Counter[int] = Counter()
    for number, (train, test) in enumerate(folds.read(splits)):
        require(
            len(train) and len(test) and not {*train} & {*test},
            did,
            expected=f"in fold {number} rows that train, and others that judge",
            found=f"{len(train)} train, {len(test)} judge, {len({*train} & {*test})} do both",
        )
        tested.update(test.tolist())
    twice = [row for row, times in tested.items() if times > 1]
    require(
        not twice, did, expected="a row to test on in one fold", found=f"rows {twice[:3]} do more"
    )


def _rows(table: pa.Table) -> Counter[str]:
    """Count the rows by their values; NaN, which equals nothing, as its text."""
    columns = [column.to_pylist() for column in table.columns]
    return Counter(map(repr, zip(*columns, strict=True)))


def _some(rows: Counter[str], what: str) -> str:
    return "".join(f"{row} {what}, one of {rows.total()}" for row in list(rows)[:1])


def _splits(case: Case, subject: Subject, folder: Path) -> None:
    """It splits any table, unless it says what the table lacks."""
    sandbox = Sandbox.make(folder, subject, case)
    if attempt(f"it split {case}", sandbox.run) is None:
        verify(sandbox)


def drops_only_what_has_no_target(subject: Subject, folder: Path) -> None:
    """A row without a target can neither train nor judge, but costs no other row."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter("data/validated.parquet", lambda table: _blank(table, sandbox))
    verify(pipeline.ran(sandbox))


def _blank(table: pa.Table, sandbox: Sandbox) -> pa.Table:
    import pyarrow as pa

    target = sandbox.case.data.target
    values = [None if i % 7 == 0 else v for i, v in enumerate(table.column(target).to_pylist())]
    place = table.column_names.index(target)
    return table.set_column(place, target, pa.array(values, table.column(target).type))


def _refuses(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter("data/validated.parquet", lambda table: table.slice(0, rows))
    refused(f"it was given {rows} row(s), of which no two parts can be made", sandbox.run)


def refuses_a_missing_target(subject: Subject, folder: Path) -> None:
    """Without a target there is nothing to learn, and the user must hear it."""
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter("data/validated.parquet", lambda table: table.drop_columns(["late"]))
    error = attempt("it was given a table without the target", sandbox.run)
    if error is None:
        for part in ("train", "test"):
            tables.read(sandbox["output"] / f"{part}.parquet")


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"splits {case}": partial(_splits, case) for case in TASKS},
    **{f"splits {case()}": partial(_splits, case()) for case in ODD},
    "drops only what has no target": drops_only_what_has_no_target,
    "refuses no rows": partial(_refuses, 0),
    "refuses one row": partial(_refuses, 1),
    "splits or refuses a table without the target": refuses_a_missing_target,
}
