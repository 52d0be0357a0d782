"""Train: it learns each task that it takes, and what it wrote answers the same for ever."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts import tables
from mlops_plugins.artifacts.model_folder import open_model
from mlops_plugins.testing.artefacts import PACKAGE, provide
from mlops_plugins.testing.contracts import pipeline
from mlops_plugins.testing.contracts.compare import CLOSE
from mlops_plugins.testing.failure import attempt, done, refused, require
from mlops_plugins.testing.sandbox import Sandbox, content
from mlops_plugins.testing.tables import ODD, TASKS, Case, plain, weighted
from mlops_plugins.testing.tasks import own_case, own_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from mlops_plugins.api.context import Task
    from mlops_plugins.api.contracts.train import Predictor
    from mlops_plugins.testing.processes import Action
    from mlops_plugins.testing.subject import Run, Subject

EASY = 0.7
"""Accuracy on its own training rows that no trainer misses on tables whose classes lie apart."""

ALONE = (0, 1, -1)
"""The rows that are scored alone too."""


def verify(sandbox: Sandbox) -> None:
    """The estimator can be loaded, and scores the judging rows."""
    pipeline.keeps_formats(sandbox)
    require(
        any(item.is_file() for item in (sandbox["output"] / "estimator").rglob("*")),
        f"it trained on {sandbox.case}",
        expected="files of its own in the output folder",
        found="none",
    )
    Scorer.load(sandbox).scores(_features(sandbox, "test"), f"the judging rows of {sandbox.case}")


def _features(sandbox: Sandbox, part: str) -> pd.DataFrame:
    """Return features as a prediction makes them: by the recipe, from rows in the schema's types."""
    from mlops_plugins.artifacts import schema
    from mlops_plugins.stages.features.project import ProjectFeatures

    described = schema.read(sandbox["schema_file"], sandbox.case.data)
    recipe = ProjectFeatures(package=PACKAGE).recipe(sandbox["features"] / "recipe")
    frame = tables.read_frame(_splits(sandbox) / f"{part}.parquet").reset_index(drop=True)
    return recipe(schema.conform(frame, described.only(described.inputs)))


def _splits(sandbox: Sandbox) -> Path:
    return provide(sandbox.case, "data/splits")


def _target(sandbox: Sandbox, part: str) -> Any:
    frame = tables.read_frame(sandbox["features"] / f"{part}.parquet")
    return frame[sandbox.case.data.target].to_numpy()


@dataclass(frozen=True)
class Scorer:
    """The estimator that a run wrote, loaded."""

    sandbox: Sandbox
    predictor: Predictor

    @classmethod
    def load(cls, sandbox: Sandbox) -> Scorer:
        """Load it.

        Raises:
            ConformanceError: It cannot be loaded.
        """
        loaded: list[Predictor] = []
        path = sandbox["output"] / "estimator"
        done("its estimator was loaded", lambda: loaded.append(sandbox.subject.make().load(path)))
        return cls(sandbox, loaded[0])

    def scores(self, features: pd.DataFrame, what: str) -> np.ndarray:
        """Return the scores of rows.

        Raises:
            ConformanceError: They are not what a Predictor's must be.
        """
        import numpy as np

        did = f"it scored {what}"
        given = features.copy()
        made: list[np.ndarray] = []
        done(did, lambda: made.append(self.predictor.scores(features)))
        require(
            features.equals(given),
            did,
            expected="the features as they were",
            found="changed features: it must work on a copy",
        )
        scores = np.asarray(made[0])
        self._look_at(scores, len(features), did)
        return scores

    def _look_at(self, scores: np.ndarray, rows: int, did: str) -> None:
        import numpy as np

        regression = self.sandbox.case.data.task == "regression"
        classes = len(set(_target(self.sandbox, "train").tolist()))
        shape = (rows,) if regression else (rows, classes)
        require(scores.shape == shape, did, expected=f"the shape {shape}", found=scores.shape)
        strange = int((~np.isfinite(scores)).sum())
        require(not strange, did, expected="finite scores", found=f"{strange} that are not")
        if regression:
            return
        sums = scores.sum(axis=1)
        require(
            (scores >= 0).all() and np.allclose(sums, 1, atol=1e-5),
            did,
            expected="probabilities, which add up to 1 in each row",
            found=f"values from {scores.min()} to {scores.max()}, and sums from {sums.min()} to {sums.max()}",
        )


def _trained(folder: Path, subject: Subject, make: Callable[[Task], Case] = plain) -> Sandbox:
    return pipeline.ran(Sandbox.make(folder, subject, make(own_task(subject))))


def _learns(case: Case, subject: Subject, folder: Path) -> None:
    """It beats guessing by far on the rows it learnt from, or says that the task is not its."""
    import numpy as np

    sandbox = Sandbox.make(folder, subject, case)
    if attempt(f"it trained on {case}", sandbox.run) is not None:
        own_task(subject)
        return
    verify(sandbox)
    scores = Scorer.load(sandbox).scores(
        _features(sandbox, "train"), f"the training rows of {case}"
    )
    target = _target(sandbox, "train")
    if case.data.task == "regression":
        left = float(np.square(target - scores).mean() / target.var())
        require(
            left < 1,
            f"it scored the training rows of {case}",
            expected="values nearer to the target than its mean is",
            found=f"{left:.2f} times the mean's squared error",
        )
        return
    classes = np.array(sorted(set(target.tolist())))
    accuracy = float((classes[scores.argmax(axis=1)] == target).mean())
    require(
        accuracy > EASY,
        f"it scored the training rows of {case}",
        expected=f"more than {EASY:.0%} right, with a column for each class in the order of "
        f"sorted(set(target)): {', '.join(map(str, classes))}",
        found=f"{accuracy:.0%} right",
    )


def _takes(make: Callable[[Task], Case], subject: Subject, folder: Path) -> None:
    """It takes what the schema allows, and scores each row as it would score it alone."""
    sandbox = _trained(folder, subject, make)
    _each_row_alone(sandbox)


def _each_row_alone(sandbox: Sandbox) -> None:
    features, scorer = _features(sandbox, "test"), Scorer.load(sandbox)
    batch = scorer.scores(features, f"the judging rows of {sandbox.case}")
    for row in ALONE:
        place = row % len(features)
        what = f"row {place + 1} of {sandbox.case} alone"
        _equal(
            batch[[place]],
            scorer.scores(features.iloc[[place]], what),
            f"it scored {what}",
            "the scores that the row has among others",
        )
    renamed = features.set_axis([f"row {i}" for i in features.index[::-1]])
    _equal(
        batch,
        scorer.scores(renamed, "rows with another index"),
        "it scored rows with another index",
        "the same scores in the same order",
    )


def _equal(one: np.ndarray, other: np.ndarray, did: str, expected: str) -> None:
    import numpy as np

    require(
        np.allclose(one, other, rtol=CLOSE, atol=CLOSE),
        did,
        expected=expected,
        found=f"scores that are up to {np.abs(one - other).max():.3g} apart",
    )


def takes_or_refuses_weights(subject: Subject, folder: Path) -> None:
    """What a row counts is no feature: a request does not have it."""
    sandbox = Sandbox.make(folder, subject, weighted(own_task(subject)))
    if attempt(f"it trained on {sandbox.case}", sandbox.run) is None:
        verify(sandbox)


def scores_categories_that_are_new(subject: Subject, folder: Path) -> None:
    """A request may hold a null or a category that training never saw, in any feature."""
    sandbox = _trained(folder, subject)
    features, scorer = _features(sandbox, "test"), Scorer.load(sandbox)
    for name in features.columns:
        odd = features.copy()
        categorical = odd[name].dtype == object
        odd[name] = "never seen" if categorical else float("nan")
        what = f"rows whose '{name}' is " + ("new to it" if categorical else "null")
        scorer.scores(odd, what)
        if categorical:
            scorer.scores(odd.assign(**{name: None}), f"rows whose '{name}' is null")


def _elsewhere(sandbox: Sandbox) -> list[Action]:
    """Move the model, and score the judging rows with it."""
    moved = sandbox.root.with_name("moved")
    shutil.copytree(sandbox["output"], moved)
    rows, there = _splits(sandbox) / "test.parquet", sandbox.root.with_name("scores.npy")
    return [("scores", str(moved), str(rows), str(there))]


def answers_the_same_elsewhere(subject: Subject, folder: Path) -> None:
    """The model folder gives the same scores in another place and process."""
    import numpy as np

    one, _ = pipeline.twins(subject, _elsewhere)
    rows = _splits(one) / "test.parquet"
    here: list[np.ndarray] = []
    done("its model was opened", lambda: here.append(_open_and_score(one["output"], rows)))
    there = np.load(one.root.with_name("scores.npy"))
    did = "its model was moved, and opened in a fresh process"
    _equal(here[0], there, did, "the same scores")


def _open_and_score(model: Path, rows: Path) -> np.ndarray:
    return open_model(model).scores(tables.read_frame(rows))


def _broken(spoil: Callable[[bytes], bytes], how: str, subject: Subject, folder: Path) -> None:
    """What is not what it wrote, it does not load."""
    sandbox = _trained(folder, subject)
    path = sandbox["output"] / "estimator"
    files = sorted((item for item in path.rglob("*") if item.is_file()), key=_size)
    largest = files[-1]
    largest.write_bytes(spoil(largest.read_bytes()))
    refused(
        f"its file {largest.relative_to(path)} was {how}, and loaded",
        lambda: subject.make().load(path),
    )


def _size(path: Path) -> int:
    return path.stat().st_size


def _refuses_rows(rows: int, subject: Subject, folder: Path) -> None:
    sandbox = Sandbox.make(folder, subject, own_case(subject))
    sandbox.alter("data/features/train.parquet", lambda table: table.slice(0, rows))
    did = f"it was given {rows} training row(s)"
    if attempt(did, lambda: _train_alone(sandbox)) is None:
        done(f"{did}, and what it wrote was loaded", lambda: Scorer.load(sandbox))


def _train_alone(sandbox: Sandbox) -> None:
    """Run the implementation without what the runner looks at before."""
    output = sandbox["output"] / "estimator"
    output.parent.mkdir(parents=True)
    sandbox.subject.make().train(sandbox.context, features=sandbox["features"], output=output)


def _refuses_a_table(
    change: Callable[[pa.Table, str], pa.Table],
    what: str,
    subject: Subject,
    folder: Path,
) -> None:
    sandbox = Sandbox.make(folder, subject, own_case(subject))
    target = sandbox.case.data.target
    sandbox.alter("data/features/train.parquet", lambda table: change(table, target))
    refused(f"it was given training rows {what}", lambda: _train_alone(sandbox))


def _without(table: pa.Table, target: str) -> pa.Table:
    return table.drop_columns([target])


def _all_null(table: pa.Table, target: str) -> pa.Table:
    import pyarrow as pa

    place, kind = table.column_names.index(target), table.column(target).type
    return table.set_column(place, target, pa.nulls(table.num_rows, kind))


def leaves_the_folder_readable_only(subject: Subject, folder: Path) -> None:
    """Loading writes nothing: a served model's folder is hashed, and often read-only."""
    sandbox = _trained(folder, subject)
    before = content(sandbox["output"])
    Scorer.load(sandbox).scores(_features(sandbox, "test"), "rows")
    require(
        before == content(sandbox["output"]),
        "its estimator was loaded, and scored rows",
        expected="no file new or changed",
        found="another model folder",
    )


CHECKS: Mapping[str, Run] = {
    **pipeline.checks(verify, then=_elsewhere),
    "answers the same in a fresh process": answers_the_same_elsewhere,
    **{f"learns from {case}": partial(_learns, case) for case in TASKS},
    **{f"takes {make()}": partial(_takes, make) for make in ODD},
    f"takes or refuses {weighted()}": takes_or_refuses_weights,
    "scores each row as if it were alone": partial(_takes, plain),
    "scores nulls and new categories": scores_categories_that_are_new,
    "refuses a file that was cut short": partial(
        _broken, lambda full: full[: len(full) // 2], "cut short"
    ),
    "refuses an empty file": partial(_broken, lambda _: b"", "emptied"),
    "refuses a file of something else": partial(
        _broken, lambda _: b"\x80\x04K\x01." * 100, "replaced by something else"
    ),
    "takes or refuses no rows": partial(_refuses_rows, 0),
    "takes or refuses one row": partial(_refuses_rows, 1),
    "refuses a missing target": partial(_refuses_a_table, _without, "without the target"),
    "refuses a target of nulls": partial(_refuses_a_table, _all_null, "whose target is null"),
    "leaves the model's folder as it is": leaves_the_folder_readable_only,
}
