"""The gate: limits, baselines, slices, calibration, cost, and the champion on the same rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import ConfigurationError
from mlops_plugins.artifacts import files
from mlops_plugins.metrics import scoring
from mlops_plugins.stages.gate import baselines, calibration, comparison, cost, limits, slices
from mlops_plugins.stages.gate.checks import Check, guarded, told, verdict
from mlops_plugins.stages.gate.evidence import Evidence, Part
from mlops_plugins.stages.gate.paired_rows import FILE, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.register import Champion
    from mlops_plugins.stages.gate.paired_rows import Pair


class Gatekeeper(Component):
    """Blocks what fails a check, or a check that cannot be made; promotes what is better."""

    floors: dict[str, float] = Field(
        {}, description="Least value of a metric, as roc_auc: 0.7; what is below is blocked."
    )
    ceilings: dict[str, float] = Field(
        {}, description="Greatest value of a metric, as log_loss: 0.5; what is above is blocked."
    )
    min_gain: float = Field(
        0.01, ge=0, description="Least gain of the primary metric over the trivial baseline."
    )
    linear_tolerance: float | None = Field(
        0.02,
        ge=0,
        description="By how much the primary metric may be below a linear model's; null for any.",
    )
    max_calibration_error: float | None = Field(
        0.15, gt=0, lt=1, description="Greatest calibration error, of classes; null for any."
    )
    calibration_tolerance: float | None = Field(
        0.02,
        ge=0,
        description="By how much the calibration error may exceed the champion's; null for any.",
    )
    slice_floor: float | None = Field(
        None, description="Least value of the primary metric in each slice; null for any."
    )
    slice_tolerance: float | None = Field(
        0.02,
        ge=0,
        description="By how much the primary metric of a slice may be below the champion's; null for any.",
    )
    max_latency_ratio: float | None = Field(
        2.0, ge=1, description="Greatest time of a prediction, in the champion's; null for any."
    )
    latency_floor_ms: float = Field(
        20.0, ge=0, description="A prediction that takes at most so many ms more is never too slow."
    )
    max_size_ratio: float | None = Field(
        2.0, ge=1, description="Greatest size of the model, in the champion's; null for any."
    )
    size_floor_mb: float = Field(
        10.0, ge=0, description="A model that takes at most so many MB more is never too large."
    )
    demanded: list[Part] = Field(
        [],
        description="Parts that the evaluation must have written, whoever evaluates: baselines, "
        "calibration, slices. What `evaluate: metrics` writes is always demanded of it.",
    )
    resamples: int = Field(
        1000, ge=50, description="Paired bootstrap resamples of each comparison with the champion."
    )

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
        """Write the verdict. What cannot be computed blocks."""
        evidence = Evidence(evaluation, scoring.PRIMARY[context.data.task], self.demanded)
        checks = [
            guarded("model", partial(limits.whole, context, model, evaluation / FILE)),
            *limits.of_metrics(metrics, evidence, self.floors, self.ceilings),
            *self._absolute(context, evidence),
        ]
        digest, current = files.digest(model), None
        try:
            current = champion()
        except ConfigurationError:
            raise
        except Exception as error:  # noqa: BLE001  a registry's client may raise anything
            reason = f"the registry could not say which model is champion: {told(error)}"
            checks.append(Check("champion", "block", reason))
        else:
            checks += self._against(context, current, digest, model, evidence)
        version = current.version if current else None
        judged = verdict(checks, model=digest, champion=version)
        files.write_json(output, judged)
        context.log(f"verdict: {judged['decision']}")

    def _absolute(self, context: Context, evidence: Evidence) -> Iterator[Check]:
        """Give the checks that need no champion."""
        yield guarded("trivial baseline", partial(baselines.trivial, evidence, self.min_gain))
        if self.linear_tolerance is not None:
            yield guarded(
                "linear baseline", partial(baselines.linear, evidence, self.linear_tolerance)
            )
        if self.max_calibration_error is not None and context.data.task != "regression":
            work = partial(calibration.ceiling, evidence, self.max_calibration_error)
            yield guarded("calibration", work)
        if self.slice_floor is not None or self.slice_tolerance is not None:
            yield guarded("slices", partial(slices.floor, evidence, self.slice_floor))

    def _against(
        self,
        context: Context,
        champion: Champion | None,
        digest: str,
        model: Path,
        evidence: Evidence,
    ) -> list[Check]:
        """Return the checks against the champion, of which there is always at least one."""
        if champion is None:
            return [Check("champion", "pass", "there is no champion yet")]
        if champion.digest == digest:
            reason = f"it is the champion already, version {champion.version}"
            return [Check("champion", "keep", reason)]
        try:
            with opened(context, champion, model, evidence.folder) as pair:
                return list(self._compared(pair, evidence))
        except Exception as error:  # noqa: BLE001  a registry's client, or a model, may raise anything
            reason = f"the champion could not be compared: {told(error)}"
            return [Check("champion", "block", reason)]

    def _compared(self, pair: Pair, evidence: Evidence) -> Iterator[Check]:
        """Give the checks of both models on the same rows."""
        resamples = self.resamples
        yield guarded("champion", partial(comparison.champion, pair, resamples=resamples))
        if self.calibration_tolerance is not None and pair.ours.model.classes is not None:
            tolerance = self.calibration_tolerance
            yield guarded(
                "champion: calibration",
                partial(calibration.against, pair, tolerance=tolerance, resamples=resamples),
            )
        if self.slice_tolerance is not None:
            tolerance = self.slice_tolerance
            yield guarded(
                "champion: slices",
                partial(slices.against, pair, evidence, tolerance=tolerance, resamples=resamples),
            )
        if self.max_latency_ratio is not None:
            slowest = {"ratio": self.max_latency_ratio, "floor_ms": self.latency_floor_ms}
            for rows in sorted({1, min(cost.BATCH, len(pair.rows))}):
                yield guarded("latency", partial(cost.latency, pair, rows, **slowest))
        if self.max_size_ratio is not None:
            largest = {"ratio": self.max_size_ratio, "floor_mb": self.size_floor_mb}
            yield guarded("size", partial(cost.size, pair, **largest))
