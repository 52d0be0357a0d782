"""What a stage needs from the stages before it, made once a process by the built-ins."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.context import Context
from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.contracts.ingest import Source
from mlops_plugins.api.paths import (
    BEST,
    EVALUATION,
    METRICS,
    MODEL,
    REFERENCE,
    REPORT,
    SCHEMA,
    TUNING,
)
from mlops_plugins.api.stage import Stage
from mlops_plugins.artifacts import files, model_folder, schema, tables
from mlops_plugins.runtime import ingest_manifest
from mlops_plugins.testing.tables import Case, judges

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "conformance"
PACKAGE = "conformance"
"""The package of feature code that is in every sandbox's `src/`."""

SEED = 7

FEATURES = '''\
"""Features for the conformance suite: times become numbers."""

from mlops_plugins.features import date_parts as build
'''


@cache
def scratch() -> Path:
    """Return a folder that lasts as long as this process."""
    folder = tempfile.mkdtemp(prefix="mlops-conformance-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def context(root: Path, case: Case) -> Context:
    """Return a stage's context in the project at `root`; what it says is heard by nobody."""
    return Context(
        root=root,
        project=PROJECT,
        data=case.data,
        seed=SEED,
        threads=1,
        log=lambda _: None,
    )


def write_package(root: Path) -> None:
    """Write the project's own package of feature code."""
    package = root / "src" / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('"""A project\'s own code."""\n')
    (package / "features.py").write_text(FEATURES)


@cache
def _project(case: Case) -> Path:
    root = Path(tempfile.mkdtemp(dir=scratch(), prefix="upstream-"))
    write_package(root)
    return root


@cache
def provide(case: Case, path: str) -> Path:
    """Return a file or folder of a project that has run on the case's table, and is not to change.

    Args:
        case: The table.
        path: Where it is in a project, as in `mlops_plugins.api.contracts.CONTRACTS`.
    """
    root = _project(case)
    MAKERS[path](case, root)
    return root / path


@dataclass(frozen=True)
class _Source:
    case: Case

    def ingest(self, context: Context, *, output: Path) -> Source:
        tables.write(self.case.make(), output)
        return Source(description=self.case.name)


def _raw(case: Case, root: Path) -> None:
    raw, described = root / "data/raw.parquet", root / MANIFEST
    ingest_manifest.build(context(root, case), _Source(case), output=raw, manifest=described)


def _manifest(case: Case, root: Path) -> None:
    provide(case, "data/raw.parquet")


def _validated(case: Case, root: Path) -> None:
    import pyarrow as pa

    frame = tables.read_frame(provide(case, "data/raw.parquet"))
    described = schema.infer(frame, case.data)
    schema.write(root / SCHEMA, described)
    # With its index, if it has one of its own: no stage may stumble over that.
    typed = pa.Table.from_pandas(schema.conform(frame, described))
    tables.write(typed, root / "data/validated.parquet")


def _schema(case: Case, root: Path) -> None:
    provide(case, "data/validated.parquet")


def _splits(case: Case, root: Path) -> None:
    full = tables.read(provide(case, "data/validated.parquet"))
    test = judges(full.num_rows)
    tables.write(full.filter(~test), root / "data/splits/train.parquet")
    tables.write(full.filter(test), root / "data/splits/test.parquet")


def _features(case: Case, root: Path) -> None:
    from mlops_plugins.stages.features.project import ProjectFeatures

    ProjectFeatures(package=PACKAGE).features(
        context(root, case),
        splits=provide(case, "data/splits"),
        schema=provide(case, SCHEMA),
        output=root / "data/features",
    )


def _best(case: Case, root: Path) -> None:
    files.write_json(root / BEST, {"train": "sklearn", "options": {}})


def _model(case: Case, root: Path) -> None:
    build(case, provide(case, "data/features"), root / MODEL)


def build(case: Case, features: Path, output: Path) -> None:
    """Train scikit-learn's trees on these features, and write a model folder."""
    from mlops_plugins.stages.train.sklearn import GradientBoosting

    model_folder.build(
        context(output.parent, case),
        GradientBoosting(max_iter=10, min_samples_leaf=5),
        chosen={Stage.TRAIN: "sklearn", Stage.FEATURES: "project"},
        features=features,
        schema_file=provide(case, SCHEMA),
        output=output,
    )


def _evaluation(case: Case, root: Path) -> None:
    from mlops_plugins.stages.evaluate.metrics import Metrics

    (root / EVALUATION).parent.mkdir(exist_ok=True)
    Metrics(resamples=20).evaluate(
        context(root, case),
        model=provide(case, MODEL),
        splits=provide(case, "data/splits"),
        metrics=root / METRICS,
        output=root / EVALUATION,
    )


def _validation(case: Case, root: Path) -> None:
    rows = tables.read(provide(case, "data/raw.parquet")).num_rows
    files.write_json(root / VALIDATION, {"rows": rows})


def _profile(case: Case, root: Path) -> None:
    from mlops_plugins.stages.profile.table import TableProfile

    (root / PROFILE).parent.mkdir(exist_ok=True)
    TableProfile().profile(
        context(root, case),
        table=provide(case, "data/validated.parquet"),
        schema=provide(case, SCHEMA),
        output=root / PROFILE,
    )


def _explanation(case: Case, root: Path) -> None:
    from mlops_plugins.stages.explain.permutation import Permutation

    (root / EXPLANATION).parent.mkdir(exist_ok=True)
    Permutation(rows=50, repeats=1).explain(
        context(root, case),
        model=provide(case, MODEL),
        splits=provide(case, "data/splits"),
        output=root / EXPLANATION,
    )


def _report(case: Case, root: Path) -> None:
    digest = files.digest(provide(case, MODEL))
    files.write_json(root / REPORT / "card.json", {"model": digest, "missing": []})
    files.write_text(root / REPORT / "model-card.md", "# Model card\n")


def _metrics(case: Case, root: Path) -> None:
    provide(case, EVALUATION)


def verdict(model: Path, decision: str, champion: str | None) -> dict[str, Any]:
    """Return a gate's verdict on a model, which was compared with this version."""
    return {
        "decision": decision,
        "reasons": ["the suite says so"],
        "checks": [],
        "model": files.digest(model),
        "champion": champion,
    }


def _verdict(case: Case, root: Path) -> None:
    files.write_json(root / VERDICT, verdict(provide(case, MODEL), "promote", None))


def _run(case: Case, root: Path) -> None:
    files.write_json(root / RUN, {"digest": files.digest(provide(case, MODEL))})


MANIFEST = CONTRACTS[Stage.INGEST].outputs["manifest"]
VALIDATION = CONTRACTS[Stage.VALIDATE].outputs["report"]
PROFILE = CONTRACTS[Stage.PROFILE].outputs["output"]
EXPLANATION = CONTRACTS[Stage.EXPLAIN].outputs["output"]
VERDICT = CONTRACTS[Stage.GATE].outputs["output"]
RUN = CONTRACTS[Stage.TRACK].outputs["output"]

MAKERS: dict[str, Callable[[Case, Path], None]] = {
    "data/raw.parquet": _raw,
    "data/validated.parquet": _validated,
    MANIFEST: _manifest,
    VALIDATION: _validation,
    PROFILE: _profile,
    EXPLANATION: _explanation,
    SCHEMA: _schema,
    "data/splits": _splits,
    "data/features": _features,
    BEST: _best,
    TUNING: _best,
    MODEL: _model,
    EVALUATION: _evaluation,
    METRICS: _metrics,
    REFERENCE: _metrics,
    REPORT: _report,
    VERDICT: _verdict,
    RUN: _run,
}
