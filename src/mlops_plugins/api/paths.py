"""Where in a project the files are that several stages read."""

from __future__ import annotations

from typing import Final

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
