"""Gate: a verdict with reasons, and never a promotion that nothing supports."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.contracts.register import Champion
from mlops_plugins.api.errors import ModelError
from mlops_plugins.api.paths import EVALUATION, METRICS, MODEL, REFERENCE
from mlops_plugins.artifacts import files, tables
from mlops_plugins.testing.artefacts import build, provide
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.evaluate import break_model, read_json
from mlops_plugins.testing.failure import attempt, done, require
from mlops_plugins.testing.sandbox import Sandbox
from mlops_plugins.testing.tables import DIABETES, TUMOURS, WINES, Case, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pyarrow as pa

    from mlops_plugins.testing.subject import Run, Subject


def verify(sandbox: Sandbox) -> None:
    """The verdict is a decision with reasons, about this model."""
    pipeline.keeps_formats(sandbox)
    verdict = _verdict(sandbox)
    digest = files.digest(sandbox["model"])
    require(
        verdict["model"] == digest,
        "its verdict was read",
        expected=f"as 'model' the digest of the model folder, {digest}, for the registry to check",
        found=verdict["model"],
    )


def _verdict(sandbox: Sandbox) -> dict[str, Any]:
    return dict(read_json(sandbox["output"], "its verdict was read"))


def _judges(case: Case, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, case)
    if not pipeline.refuses_the_task(sandbox):
        verify(sandbox)


def champion(model: Path, case: Case) -> Champion:
    """Return a champion that this model folder is."""

    def fetch(folder: Path) -> Path:
        shutil.copytree(model, folder / "model")
        shutil.copyfile(provide(case, REFERENCE), folder / "reference.parquet")
        return folder

    return Champion(version="3", digest=files.digest(model), fetch=fetch)


def compares_with_the_champion(subject: Subject, folder: Path) -> None:
    """The verdict names the champion's version, and is the same each time."""
    sandbox = Sandbox.make(folder, subject, plain())
    _train_on_nonsense(sandbox.case, folder / "champion")
    current = champion(folder / "champion", sandbox.case)
    done("it compared with a champion", lambda: sandbox.run(champion=lambda: current))
    verify(sandbox)
    verdict = _verdict(sandbox)
    require(
        verdict["champion"] == current.version,
        "it compared with a champion",
        expected=f"as 'champion' its version, {current.version!r}",
        found=repr(verdict["champion"]),
    )
    done("it compared with the champion again", lambda: sandbox.run(champion=lambda: current))
    require(
        verdict == _verdict(sandbox),
        "it compared with the same champion again",
        expected="the same verdict",
        found="another one",
    )


def promotes_nothing_worse(subject: Subject, folder: Path) -> None:
    """A model that has learnt nothing does not replace one that has."""
    sandbox = Sandbox.make(folder, subject, TUMOURS)
    shutil.copytree(sandbox["model"], folder / "champion")
    shutil.rmtree(sandbox["model"])
    _train_on_nonsense(sandbox.case, sandbox["model"])
    _evaluate(sandbox)
    current = champion(folder / "champion", sandbox.case)
    did = "the model was worse than the champion by far"
    done(did, lambda: sandbox.run(champion=lambda: current))
    _is_not_promoted(sandbox, did)


def _train_on_nonsense(case: Case, output: Path) -> None:
    """Train on targets that belong to other rows."""
    features = output.parent / "nonsense"
    shutil.copytree(provide(case, "data/features"), features)
    path = features / "train.parquet"
    tables.write(_shift(tables.read(path), case.data.target), path)
    build(case, features, output)
    shutil.rmtree(features)


def _shift(table: pa.Table, target: str) -> pa.Table:
    import pyarrow as pa

    place, column = table.column_names.index(target), table.column(target)
    values = column.to_pylist()
    half = len(values) // 2
    return table.set_column(place, target, pa.array(values[half:] + values[:half], column.type))


def _evaluate(sandbox: Sandbox) -> None:
    from mlops_plugins.stages.evaluate.metrics import Metrics

    shutil.rmtree(sandbox["evaluation"])
    Metrics(resamples=20).evaluate(
        sandbox.context,
        model=sandbox["model"],
        splits=sandbox["splits"],
        metrics=sandbox["metrics"],
        output=sandbox["evaluation"],
    )


def _is_not_promoted(sandbox: Sandbox, did: str) -> None:
    verify(sandbox)
    verdict = _verdict(sandbox)
    require(
        verdict["decision"] != "promote",
        did,
        expected="a verdict that does not promote",
        found=f"promote, because {'; '.join(verdict['reasons'])}",
    )


def _unreachable(_: Path) -> Path:
    raise ModelError("The registry does not answer.")


def _offline(_: Path) -> Path:
    raise ConnectionError("the registry does not answer")


def _corrupt(folder: Path) -> Path:
    shutil.copytree(provide(plain(), MODEL), folder / "model")
    break_model(folder / "model")
    return folder


def _empty(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _does_not_trust(
    fetch: Callable[[Path], Path], what: str, subject: Subject, folder: Path
) -> None:
    """What cannot be compared with is no reason to promote: the verdict blocks."""
    sandbox = Sandbox.make(folder, subject, plain())
    unknown = Champion(version="3", digest="0" * 64, fetch=fetch)
    did = f"the champion {what}"
    error = attempt(did, lambda: sandbox.run(champion=lambda: unknown))
    if error is not None:
        return
    verify(sandbox)
    decision = _verdict(sandbox)["decision"]
    require(decision == "block", did, expected="block, or a MlopsError", found=decision)


def promotes_nothing_unmeasured(subject: Subject, folder: Path) -> None:
    """Where the evaluation has no numbers, nothing speaks for the model."""
    sandbox = Sandbox.make(folder, subject, plain())
    empty = dict.fromkeys(files.read_json(sandbox.root / METRICS))
    files.write_json(sandbox.root / METRICS, empty)
    summary = sandbox.root / EVALUATION / "summary.json"
    parts = {name: dict.fromkeys(part) for name, part in files.read_json(summary).items()}
    files.write_json(summary, parts)
    did = "every metric was null"
    if attempt(did, sandbox.run) is None:
        _is_not_promoted(sandbox, did)


def promotes_nothing_measured_otherwise(subject: Subject, folder: Path) -> None:
    """An evaluation by other metrics than the gate's is reported, not a crash."""
    sandbox = Sandbox.make(folder, subject, plain())
    summary = sandbox.root / EVALUATION / "summary.json"
    part = {"value": 0.9, "low": 0.8, "high": 1.0, "baseline": 0.5}
    files.write_json(summary, {"acme_score": part})
    files.write_json(sandbox.root / METRICS, {"acme_score": 0.9})
    did = "the evaluation knew only a metric of its own"
    if attempt(did, sandbox.run) is None:
        verify(sandbox)


def _takes_few(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, plain())
    sandbox.alter(REFERENCE, lambda table: table.slice(0, rows))
    current = (
        champion(folder / "champion", sandbox.case) if (folder / "champion").exists() else None
    )
    did = f"there were {rows} test row(s)"
    if attempt(did, lambda: sandbox.run(champion=lambda: current)) is None:
        verify(sandbox)


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify),
    **{f"judges a model of {case}": partial(_judges, case) for case in (TUMOURS, WINES, DIABETES)},
    "compares with the champion": compares_with_the_champion,
    "promotes no worse model": promotes_nothing_worse,
    "blocks when the champion cannot be fetched": partial(
        _does_not_trust, _unreachable, "could not be fetched"
    ),
    "blocks when the registry is offline": partial(
        _does_not_trust, _offline, "could not be fetched for want of a connection"
    ),
    "blocks when the champion is corrupt": partial(_does_not_trust, _corrupt, "was corrupt"),
    "blocks when the champion is empty": partial(_does_not_trust, _empty, "was an empty folder"),
    "promotes nothing that was not measured": promotes_nothing_unmeasured,
    "judges or refuses what was measured otherwise": promotes_nothing_measured_otherwise,
    "judges or refuses no rows": partial(_takes_few, 0),
    "judges or refuses one row": partial(_takes_few, 1),
}
