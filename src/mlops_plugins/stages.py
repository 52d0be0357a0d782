"""The lifecycle in one file: each stage's contract, its inputs and its outputs.

Stages exchange files. An implementation gets a context, the paths of its inputs, and for each
output a path to write to: the runner moves a finished output to its place, so an implementation
never sees, or leaves, a half-written one. Its method carries the stage's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd

Task = Literal["binary", "multiclass", "regression"]


class Stage(StrEnum):
    """The steps of the lifecycle, in the order they run."""

    INGEST = "ingest"
    VALIDATE = "validate"
    PROFILE = "profile"
    SPLIT = "split"
    FEATURES = "features"
    TUNE = "tune"
    TRAIN = "train"
    EVALUATE = "evaluate"
    EXPLAIN = "explain"
    GATE = "gate"
    REPORT = "report"
    TRACK = "track"
    REGISTER = "register"
    SERVE = "serve"
    MONITOR = "monitor"
    RETRAIN = "retrain"
    NOTIFY = "notify"


@dataclass(frozen=True, kw_only=True)
class Data:
    """What the columns mean, from `data:` in `conf/config.yaml`.

    Attributes:
        task: What is predicted: one of two classes, one of several, or a number.
        target: The column to predict.
        time: The column that orders the rows.
        id: The column that identifies a row, to join labels that arrive late.
        weight: The column that says how much a row counts in training; it is no feature.
        sensitive: Columns by whose groups fairness is measured.
    """

    task: Task
    target: str
    time: str | None = None
    id: str | None = None
    weight: str | None = None
    sensitive: tuple[str, ...] = ()


def home(root: Path) -> Path:
    """Return the project's own folder, of which `root` may be DVC's temporary copy."""
    in_temporary_copy = len(root.parents) > 3 and root.parts[-4:-1] == (".dvc", "tmp", "exps")
    return root.parents[3] if in_temporary_copy else root


class Measured(Protocol):
    """Takes a metric's name, its value, and the step (round, epoch) it belongs to, if any."""

    def __call__(self, metric: str, value: float, step: int | None = None) -> None:
        """Tell it."""
        ...


def _unobserved(metric: str, value: float, step: int | None = None) -> None:
    """Tell nobody: outside a run there are no observers."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What every stage is given.

    Attributes:
        root: The project's folder (of the experiment's copy, inside `dvc exp run --temp`).
        project: The project's name, under which models are registered.
        data: What the columns mean.
        seed: The one seed; derive every random state from it.
        threads: How many threads a library may use.
        say: Tells the user something, on standard error.
        measured: Tells the observers a metric while the work goes on: `measured("loss", 0.3, 12)`.
    """

    root: Path
    project: str
    data: Data
    seed: int
    threads: int
    say: Callable[[str], None]
    measured: Measured = _unobserved

    @property
    def home(self) -> Path:
        """The project's own folder, also from inside DVC's temporary copy of it.

        What outlives an experiment (the tracking database) belongs here.
        """
        return home(self.root)


@dataclass(frozen=True, kw_only=True)
class Implementation:
    """One way to run one stage; names its code without importing it, so that listing is cheap.

    Attributes:
        stage: The stage it runs.
        name: What users write in `conf/`: `train: sklearn`.
        target: `package.module:Class`; the class is an `Options` with a method named as the stage.
        summary: One line for `mlops plugins`.
        extra: What to install for it, as `uv add` takes it; empty if nothing is needed.
        cache_version: Raise it when the same inputs and options give other results.
        libraries: Distributions whose version affects the results.
        sources: Files whose content affects the results, beside those of a project's own module.
    """

    stage: Stage
    name: str
    target: str
    summary: str
    extra: str = ""
    cache_version: int = 1
    libraries: tuple[str, ...] = ()
    sources: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be chosen or found.

        Raises:
            ValueError: The stage, the name or the target is not one.
        """
        if self.stage not in set(Stage):
            raise ValueError(f"stage is {self.stage!r}, none of {', '.join(Stage)}")
        if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", self.name):
            raise ValueError(f"name is {self.name!r}: lower-case words joined by '-' or '_'")
        if not re.fullmatch(r"[\w.]+:\w+", self.target):
            raise ValueError(f"target is {self.target!r}: 'package.module:Class'")


class Ingest(Protocol):
    """Bring the raw table into the project."""

    def ingest(self, context: Context, *, output: Path) -> Source | None:
        """Write the table to `output` as Parquet, one row an example; say where it is from.

        Raises:
            DataError: The source is missing, unreadable, empty, or has not the target.
        """
        ...


class Validate(Protocol):
    """Hold the raw table against the schema that the team owns."""

    def validate(
        self, context: Context, *, raw: Path, schema: Path, output: Path, report: Path
    ) -> None:
        """Write the typed table to `output` and the findings to `report` (JSON).

        A schema without columns is inferred and written to `schema`.

        Raises:
            DataError: The table breaks the schema; the error names every way in which it does.
        """
        ...


class Profile(Protocol):
    """Show what the data look like."""

    def profile(self, context: Context, *, table: Path, schema: Path, output: Path) -> None:
        """Write `profile.html`, which needs nothing from elsewhere, and `profile.json` into `output`."""
        ...


class Split(Protocol):
    """Decide which rows train and which judge."""

    def split(self, context: Context, *, table: Path, output: Path) -> None:
        """Write `train.parquet` and `test.parquet` into the folder `output`.

        Each row that has a target is in one of them, as it was; rows without one may be dropped.

        Raises:
            DataError: One part would have no rows.
        """
        ...


class Features(Protocol):
    """Turn columns into the model's features, by code that travels inside the model."""

    def features(self, context: Context, *, splits: Path, schema: Path, output: Path) -> None:
        """Write `train.parquet` and `test.parquet` (features, target, weight), and a folder `recipe`.

        The target, and the column that `data.weight` names if it names one, are as they were in the
        splits, and no features.

        `recipe` holds all that `recipe(path)` needs to do the same to new rows, elsewhere.
        """
        ...

    def recipe(self, path: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """Return the function from raw columns to features that `path` holds.

        Raises:
            ModelError: The recipe is missing, or none that this implementation writes.
        """
        ...


class Tune(Protocol):
    """Look for the trainer's best options."""

    def tune(
        self, context: Context, *, features: Path, splits: Path, trainer: Trainer, output: Path
    ) -> None:
        """Write `best.json` into the folder `output`: `train`, the `trainer`'s name, and `options`.

        These are only the options that were found; those of `conf/` hold for the others. Where
        several were tried, `trials.json` holds them: the `metric`, of which more is better, and
        `trials`, each with the fields of a `Trial`. The rows that judge the model are not looked at:
        trials are judged by parts of the training rows, as `mlops_plugins.folds.read` gives them.

        Raises:
            ConfigurationError: An option that is to be searched is none of the trainer's.
            ModelError: No trial ended without an error.
        """
        ...


class Predictor(Protocol):
    """A fitted estimator."""

    def scores(self, features: pd.DataFrame) -> np.ndarray:
        """Return probabilities of shape (rows, classes), or values of shape (rows,)."""
        ...


class Train(Protocol):
    """Fit an estimator, preprocessing included, on the features."""

    def train(self, context: Context, *, features: Path, output: Path) -> None:
        """Write the fitted estimator into the folder `output`, in a format of your own.

        Beside the features stand the target and, if `data.weight` names one, the rows' weights:
        `mlops_plugins.estimators.read_training` reads and checks all three.

        Classes, if any, are ordered as `sorted(set(target))`.
        """
        ...

    def load(self, path: Path) -> Predictor:
        """Return the estimator that `train` wrote to `path`; trust nothing that `path` says.

        Raises:
            ModelError: The files hold something that this implementation does not write.
        """
        ...


class Evaluate(Protocol):
    """Measure the model on rows it has not seen."""

    def evaluate(
        self, context: Context, *, model: Path, splits: Path, metrics: Path, output: Path
    ) -> None:
        """Write the numbers to `metrics`, and all else into the folder `output`.

        `metrics` is flat JSON, for DVC to show. In `output` are `summary.json` (for each metric its
        `value`, 95 % interval `low` and `high`, and the trivial `baseline`'s; among them the task's
        `scoring.PRIMARY`, by which gates compare), `predictions.parquet` (the raw rows with
        `prediction` and `score`), the CSV files that `dvc.yaml` plots, tables and pictures. A gate
        reads more where it is: `slices.json`, whose entries hold a `slice` for `slices.of_dict`.
        """
        ...


class Explain(Protocol):
    """Say what the model's predictions depend on."""

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write `importance.json`, `importance.csv` and pictures into the folder `output`."""
        ...

    def explain_row(
        self, context: Context, *, model: Path, reference: Path, row: pd.DataFrame
    ) -> RowExplanation:
        """Return what each raw column adds to the score of `row`, a table of one raw row.

        `reference` is the Parquet table of judged rows that the row is compared with.
        """
        ...


class Gate(Protocol):
    """Judge whether the model may be promoted."""

    def gate(
        self,
        context: Context,
        *,
        model: Path,
        splits: Path,
        metrics: Path,
        evaluation: Path,
        champion: Callable[[], Champion | None],
        output: Path,
    ) -> None:
        """Write the verdict to `output` as JSON: what cannot be judged is blocked, what is worse too.

        It holds `decision` (`promote`, `keep` or `block`), `reasons`, the `model`'s digest and the
        version of the `champion` that it was compared with, or null. `champion()` asks the registry.
        It may hold `checks`, each with `name`, `outcome`, `reason` and `numbers`, for `mlops gate`.
        """
        ...


class Report(Protocol):
    """Tell people what the run found."""

    def report(
        self,
        context: Context,
        *,
        parameters: Mapping[str, Any],
        manifest: Path,
        validation: Path,
        profile: Path,
        model: Path,
        metrics: Path,
        evaluation: Path,
        explanation: Path,
        tuning: Path,
        verdict: Path,
        card: Path,
        output: Path,
    ) -> None:
        """Write into the folder `output` what people read, from the files of the stages before.

        `parameters` is what `params.yaml` holds, and `card` the team's `card.yaml`, which need not
        exist. In `output` are `report.html`, which needs nothing from elsewhere; `model-card.md`;
        `data-sheet.md`; and `card.json`: the digest of the `model`, and in `missing` the required
        parts of the card that nobody wrote. With one of them missing, no model is promoted.

        Raises:
            DataError: The card has parts that are none.
        """
        ...


class Track(Protocol):
    """Record the finished pipeline, once for each distinct result."""

    def track(self, context: Context, *, result: Result, output: Path) -> None:
        """Record `result` unless it is recorded already; write its `digest` to `output` as JSON."""
        ...


class Register(Protocol):
    """Hold the models, and know which one is champion."""

    def register(
        self,
        context: Context,
        *,
        model: Path,
        reference: Path,
        verdict: Path,
        run: Path,
        report: Path,
        lineage: Mapping[str, Any],
        output: Path,
    ) -> None:
        """Make the model a version with the alias its verdict gives; write `digest` and `alias`.

        `reference` is the table of judged rows that monitoring will compare with: keep it beside
        the model, and `report`, with the model card, and `lineage`: plain data that say what the model
        was made from, by which code, parameters and libraries, and what it reached. The output must be the same in each
        registry, or DVC sees another result.

        Raises:
            ModelError: The verdict is about another model, or about another champion than today's.
        """
        ...

    def champion(self, context: Context) -> Champion | None:
        """Return the champion, or None while there is none."""
        ...

    def promote(self, context: Context, *, version: str, because: str) -> Change:
        """Make a registered version champion.

        Raises:
            ModelError: There is no such version, it is champion already, its files do not load, it
                was not judged `promote` and there is no reason, or another promotion was faster.
            BlockedError: Its verdict blocks it.
        """
        ...

    def rollback(self, context: Context, *, version: str | None, because: str) -> Change:
        """Make the previous champion, or the former one that `version` names, champion again.

        Raises:
            ModelError: There is no such champion, its files do not load, or another was faster.
        """
        ...

    def history(self, context: Context) -> list[Change]:
        """Return every change of the champion, oldest first; those that lost a race are `void`."""
        ...

    def why(self, context: Context, *, version: str) -> Mapping[str, Any]:
        """Return where a version (or an alias) comes from, from the registry alone, as plain data.

        Keys: `version`, `digest`, `aliases`, the keys of its lineage, `gate` (its newest verdict) and
        `history` (the changes that concern it).

        Raises:
            ModelError: There is no such version.
        """
        ...


class Serve(Protocol):
    """Answer requests with the model."""

    def serve(
        self, context: Context, *, model: Path, version: str, log: Path, host: str, port: int
    ) -> None:
        """Serve the folder `model` on `host` and `port` until interrupted.

        `version` is what the answers name; what was asked and answered is appended to the folder `log`.
        """
        ...


class Monitor(Protocol):
    """Compare what the model sees now with what it was trained on."""

    def monitor(
        self, context: Context, *, reference: Path, current: Path, model: Path, output: Path
    ) -> Finding:
        """Write `report.json`, with the `status`, and `report.html` into the folder `output`.

        `reference` and `current` are Parquet: the raw columns, `prediction`, the scores, and in
        `reference` always, in `current` where labels have arrived, the target. `model` is the
        folder of the model that predicted.
        """
        ...


class Retrain(Protocol):
    """Decide from the monitor's reports whether to train again."""

    def retrain(self, context: Context, *, reports: list[Mapping[str, Any]]) -> Decision:
        """Return the decision; `reports` are the monitor's, oldest first."""
        ...


class Notify(Protocol):
    """Tell people."""

    def notify(self, context: Context, *, alert: Alert) -> None:
        """Deliver `alert`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data came from, for the manifest beside them.

    Attributes:
        description: The file, or the query and the database: never a credential.
        details: What else is worth keeping, as plain data: the files and their hashes, rows that
            were left out, up to where an incremental source was read.
    """

    description: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What a raw column adds to one row's score, with the 95 % interval of what was sampled."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class RowExplanation:
    """Why a row has its score: `base` and all contributions add up to it.

    Attributes:
        base: The mean score of the rows that the row is compared with.
        contributions: What each raw column that the model takes adds; in a multiclass task, to the
            probability of the predicted class.
    """

    base: float
    contributions: Mapping[str, Contribution]


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """The chosen trainer, as a tuner makes it; it can be sent to another process.

    Attributes:
        name: Its name in `conf/`.
        options: Its options as `conf/` has them, those left out there with their defaults.
        space: Which of them it suggests to search, as its `Options.search_space` says.
        make: Returns it with these options over those of `conf/`; `{"a": {"b": 1}}` changes
            one key of the option `a`. Raises a ConfigurationError if one is unknown or wrong.
        identity: What its results depend on beside its options, as `mlops compose` stamps it.
    """

    name: str
    options: Mapping[str, Any]
    space: Mapping[str, Mapping[str, Any]]
    make: Callable[[Mapping[str, Any]], Train]
    identity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set of options that a tuner tried.

    Attributes:
        number: From 0, in the order of the search.
        state: `complete`, `pruned` (stopped before its last fold) or `failed`.
        options: What was tried, by the option's name; a key of an option as `option.key`.
        value: The mean of `folds`, or None if it failed.
        folds: The metric on each fold that was judged.
        reason: Why it failed.
    """

    number: int
    state: Literal["complete", "pruned", "failed"]
    options: Mapping[str, Any]
    value: float | None = None
    folds: tuple[float, ...] = ()
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that serves.

    Attributes:
        version: Its version in the registry.
        digest: The SHA-256 of its folder, as `mlops_plugins.files.digest` computes it.
        fetch: Fills an empty folder with `model/` and `reference.parquet`, and returns it.
    """

    version: str
    digest: str
    fetch: Callable[[Path], Path]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the champion.

    Attributes:
        number: Its place in the history, from 1.
        action: What was done; `bootstrap` found a champion that no history explained.
        before: The champion's version until then, or None.
        after: The champion's version from then.
        who: Who did it.
        when: The time in UTC, ISO 8601.
        because: The reason in words.
        evidence: The SHA-256 of the verdict on the version; empty if it has none.
        void: Another change was faster, and this one has no effect.
    """

    number: int
    action: Literal["promote", "rollback", "bootstrap"]
    before: str | None
    after: str
    who: str
    when: str
    because: str
    evidence: str
    void: bool = False


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one run of the pipeline made, for a tracker.

    `trials` are the tuner's, if it searched, and `tuned_by` is the metric that they were judged by.
    `history` is what was measured while the model learnt: the steps and values of each metric.
    """

    digest: str
    name: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: tuple[Path, ...]
    tuned_by: str = ""
    trials: tuple[Trial, ...] = ()
    history: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)


Status = Literal["ok", "insufficient_data", "drift", "alarm"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a monitor found: `alarm` is broken data or lost performance, `drift` a change."""

    status: Status
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether to retrain, and why."""

    retrain: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Something that people should know."""

    severity: Literal["info", "warning", "critical"]
    title: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A stage's Protocol, and where in a project its files are.

    `inputs` and `outputs` map the method's parameters to paths below the project; `kept` outputs
    are the team's too, and are changed in place. `added` are parameters that this minor version
    added: an implementation for the previous one is called without them. `optional` are methods that
    an implementation may do without. `newer` are inputs that may be missing, as a project's `dvc.yaml`
    may be older than the stage that writes them. `default` is what runs in a project whose
    `conf/config.yaml` is older than the stage and does not name it.
    """

    protocol: type[Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)
    added: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    newer: frozenset[str] = frozenset()
    default: str | None = None


SCHEMA: Final = "schema.yaml"
TUNING: Final = "reports/tuning"
BEST: Final = f"{TUNING}/best.json"
TRIALS: Final = f"{TUNING}/trials.json"
MODEL: Final = "models/model"
METRICS: Final = "reports/metrics.json"
EVALUATION: Final = "reports/evaluation"
REFERENCE: Final = f"{EVALUATION}/predictions.parquet"
PREDICTION_LOG: Final = "monitoring/predictions"
REPORT: Final = "reports/report"
MONITORING_REPORTS: Final = "monitoring/reports"

CONTRACTS: Final[Mapping[Stage, Contract]] = {
    Stage.INGEST: Contract(
        protocol=Ingest, outputs={"output": "data/raw.parquet", "manifest": "reports/ingest.json"}
    ),
    Stage.VALIDATE: Contract(
        protocol=Validate,
        inputs={"raw": "data/raw.parquet"},
        outputs={"output": "data/validated.parquet", "report": "reports/validation.json"},
        kept={"schema": SCHEMA},
    ),
    Stage.PROFILE: Contract(
        protocol=Profile,
        inputs={"table": "data/validated.parquet", "schema": SCHEMA},
        outputs={"output": "reports/profile"},
        default="table",
    ),
    Stage.SPLIT: Contract(
        protocol=Split,
        inputs={"table": "data/validated.parquet"},
        outputs={"output": "data/splits"},
    ),
    Stage.FEATURES: Contract(
        protocol=Features,
        inputs={"splits": "data/splits", "schema": SCHEMA},
        outputs={"output": "data/features"},
    ),
    Stage.TUNE: Contract(
        protocol=Tune,
        inputs={"features": "data/features", "splits": "data/splits"},
        outputs={"output": TUNING},
        default="none",
    ),
    Stage.TRAIN: Contract(
        protocol=Train,
        inputs={"features": "data/features", "schema_file": SCHEMA, "tuning": BEST},
        outputs={"output": MODEL},
        newer=frozenset({"tuning"}),
    ),
    Stage.EVALUATE: Contract(
        protocol=Evaluate,
        inputs={"model": MODEL, "splits": "data/splits"},
        outputs={"metrics": METRICS, "output": EVALUATION},
    ),
    Stage.EXPLAIN: Contract(
        protocol=Explain,
        inputs={"model": MODEL, "splits": "data/splits"},
        outputs={"output": "reports/explanation"},
        optional=frozenset({"explain_row"}),
    ),
    Stage.GATE: Contract(
        protocol=Gate,
        inputs={
            "model": MODEL,
            "splits": "data/splits",
            "metrics": METRICS,
            "evaluation": EVALUATION,
        },
        outputs={"output": "reports/verdict.json"},
    ),
    Stage.REPORT: Contract(
        protocol=Report,
        inputs={
            "manifest": "reports/ingest.json",
            "validation": "reports/validation.json",
            "profile": "reports/profile",
            "model": MODEL,
            "metrics": METRICS,
            "evaluation": EVALUATION,
            "explanation": "reports/explanation",
            "tuning": TUNING,
            "verdict": "reports/verdict.json",
        },
        outputs={"output": REPORT},
        kept={"card": "card.yaml"},
        default="page",
    ),
    Stage.TRACK: Contract(protocol=Track, outputs={"output": "reports/run.json"}),
    Stage.REGISTER: Contract(
        protocol=Register,
        inputs={
            "model": MODEL,
            "reference": REFERENCE,
            "verdict": "reports/verdict.json",
            "run": "reports/run.json",
            "report": REPORT,
        },
        outputs={"output": "reports/registration.json"},
        added=frozenset({"reference", "report", "lineage"}),
        optional=frozenset({"promote", "rollback", "history", "why"}),
    ),
    Stage.SERVE: Contract(protocol=Serve),
    Stage.MONITOR: Contract(protocol=Monitor),
    Stage.RETRAIN: Contract(protocol=Retrain),
    Stage.NOTIFY: Contract(protocol=Notify),
}

PIPELINE: Final = tuple(stage for stage in Stage if CONTRACTS[stage].outputs)
"""The stages of the training DAG; the others are jobs."""
