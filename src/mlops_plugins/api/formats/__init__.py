"""The files that pass between stages: which ones there are, and the model of each.

This table names the models and imports none of them: commands that check no file do without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class FileFormat:
    """One file that a stage writes and others read.

    Attributes:
        output: The parameter of the stage's method that is the file, or the folder it is in.
        file: Its name in that folder, which may have a `*`; empty if the output is the file.
        model: The pydantic model of its content, as `module:Class`. Of a table (Parquet, CSV) the
            model's fields are columns.
        required: Whether every implementation writes it.
    """

    output: str
    file: str = ""
    model: str
    required: bool = True


def _file(stage: str, output: str, file: str, model: str, *, required: bool = True) -> FileFormat:
    target = f"mlops_plugins.api.formats.{stage}:{model}"
    return FileFormat(output=output, file=file, model=target, required=required)


INGEST: Final = (
    _file("tables", "output", "", "Rows"),
    _file("ingest", "manifest", "", "Manifest"),
)
VALIDATE: Final = (
    _file("tables", "output", "", "Rows"),
    _file("validate", "report", "", "Validation"),
)
PROFILE: Final = (_file("profile", "output", "profile.json", "Profile"),)
SPLIT: Final = (
    _file("tables", "output", "train.parquet", "Rows"),
    _file("tables", "output", "test.parquet", "Rows"),
    _file("split", "output", "folds.parquet", "Folds", required=False),
)
FEATURES: Final = (
    _file("tables", "output", "train.parquet", "Rows"),
    _file("tables", "output", "test.parquet", "Rows"),
)
TUNE: Final = (
    _file("tune", "output", "best.json", "Best"),
    _file("tune", "output", "trials.json", "Trials", required=False),
)
TRAIN: Final = (
    _file("train", "output", "manifest.json", "ModelManifest"),
    _file("train", "output", "history.json", "History", required=False),
)
EVALUATE: Final = (
    _file("evaluate", "metrics", "", "Metrics"),
    _file("evaluate", "output", "summary.json", "Summary"),
    _file("evaluate", "output", "predictions.parquet", "Predictions"),
    *(
        _file("evaluate", "output", file, model, required=False)
        for file, model in (
            ("baselines.json", "Baselines"),
            ("calibration.json", "Calibration"),
            ("slices.json", "Slices"),
            ("fairness.json", "Fairness"),
            ("threshold.json", "Threshold"),
            ("classes.json", "Classes"),
            ("learning_curve.json", "LearningCurve"),
            ("roc.csv", "RocCurve"),
            ("precision_recall.csv", "PrecisionRecallCurve"),
            ("calibration.csv", "CalibrationCurve"),
            ("confusion.csv", "Confusion"),
            ("residuals.csv", "Residuals"),
            ("learning_curve.csv", "LearningCurvePoints"),
            ("slices.csv", "SliceValues"),
        )
    ),
)
EXPLAIN: Final = (
    _file("explain", "output", "importance.json", "Importance"),
    _file("explain", "output", "importance.csv", "ImportanceTable"),
)
GATE: Final = (_file("gate", "output", "", "Verdict"),)
REPORT: Final = (_file("report", "output", "card.json", "Card"),)
TRACK: Final = (_file("track", "output", "", "Run"),)
REGISTER: Final = (_file("register", "output", "", "Registration"),)
SERVE: Final = (_file("serve", "log", "*.jsonl", "Prediction", required=False),)
MONITOR: Final = (_file("monitor", "output", "report.json", "MonitorReport"),)
