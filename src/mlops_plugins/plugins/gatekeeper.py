"""The gate: floors, a trivial baseline, and the champion on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mlops_plugins import files, scoring, tables
from mlops_plugins.errors import ConfigurationError, DataError, MlopsError, ModelError, did_you_mean
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.model import open_model
from mlops_plugins.options import Field, Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mlops_plugins.stages import Champion, Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the gate."""
    yield Implementation(
        stage=Stage.GATE,
        name="champion",
        target="mlops_plugins.plugins.gatekeeper:Gatekeeper",
        summary="Floors, a trivial baseline, and not worse than the champion",
        extra="mlops-plugins[sklearn]",
        libraries=("scikit-learn",),
    )


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what follows from it."""

    name: str
    outcome: Literal["pass", "keep", "block"]
    reason: str


class Gatekeeper(Options):
    """Blocks what fails a floor, the baseline or the champion; promotes what is better."""

    floors: dict[str, float] = Field(
        {}, description="Least value of a metric, as roc_auc: 0.7; what is below is blocked."
    )
    ceilings: dict[str, float] = Field(
        {}, description="Greatest value of a metric, as log_loss: 0.5; what is above is blocked."
    )
    min_gain: float = Field(
        0.01, ge=0, description="Least gain of the primary metric over the trivial baseline."
    )
    resamples: int = Field(
        200, ge=50, description="Paired bootstrap resamples of the comparison with the champion."
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
        measured = files.read_json(metrics)
        checks = [*self._limits(measured), self._baseline(context, evaluation)]
        current = champion()
        checks.append(self._against(context, current, model, evaluation))
        decision = _decide(checks)
        files.write_json(
            output,
            {
                "decision": decision,
                "reasons": [check.reason for check in checks if check.outcome != "pass"]
                or [check.reason for check in checks],
                "checks": [vars(check) for check in checks],
                "model": files.digest(model),
                "champion": current.version if current else None,
            },
        )
        context.say(f"verdict: {decision}")

    def _limits(self, measured: Mapping[str, Any]) -> Iterable[Check]:
        for limits, option, sign in ((self.floors, "floors", 1), (self.ceilings, "ceilings", -1)):
            for name, limit in limits.items():
                value = measured.get(name)
                if not isinstance(value, int | float) and name not in measured:
                    raise ConfigurationError(
                        f"The gate has a limit for '{name}', which is not measured."
                        f"{did_you_mean(name, measured)}",
                        where=f"conf/gate/champion.yaml: {option}.{name}",
                        expected="one of "
                        + ", ".join(k for k, v in measured.items() if isinstance(v, float)),
                        next_step="correct it there",
                    )
                if value is None:
                    yield Check(name, "block", f"{name} could not be computed")
                    continue
                passed = sign * (value - limit) >= 0
                relation = {(1, True): ">=", (1, False): "<", (-1, True): "<=", (-1, False): ">"}[
                    sign, passed
                ]
                yield Check(
                    name, "pass" if passed else "block", f"{name} {value:.4f} {relation} {limit}"
                )

    def _baseline(self, context: Context, evaluation: Path) -> Check:
        primary = scoring.PRIMARY[context.data.task]
        summary = files.read_json(evaluation / "summary.json")
        if primary not in summary:
            return Check("baseline", "block", f"{primary} was not measured")
        measured = summary[primary]
        value, trivial = measured["value"], measured["baseline"]
        if value is None or trivial is None:
            return Check("baseline", "block", f"{primary} could not be computed")
        gain = value - trivial
        passed = gain >= self.min_gain
        text = f"{primary} {value:.4f} against {trivial:.4f} of the trivial baseline"
        return Check(
            "baseline",
            "pass" if passed else "block",
            text if passed else f"{text}: gain below {self.min_gain}",
        )

    def _against(
        self, context: Context, champion: Champion | None, model: Path, evaluation: Path
    ) -> Check:
        if champion is None:
            return Check("champion", "pass", "there is no champion yet")
        if champion.digest == files.digest(model):
            return Check(
                "champion", "keep", f"it is the champion already, version {champion.version}"
            )
        try:
            low, high = self._compare(context, champion, model, evaluation)
        except Exception as error:  # noqa: BLE001  a registry's client may raise anything
            reason = error.what if isinstance(error, MlopsError) else repr(error)
            return Check("champion", "block", f"the champion could not be compared: {reason}")
        primary = scoring.PRIMARY[context.data.task]
        text = (
            f"{primary} {low:+.4f} to {high:+.4f} (95 %) against champion version "
            f"{champion.version} on the same rows"
        )
        if low > 0:
            return Check("champion", "pass", f"better: {text}")
        if high < 0:
            return Check("champion", "block", f"worse: {text}")
        return Check("champion", "keep", f"neither better nor worse: {text}")

    def _compare(
        self, context: Context, champion: Champion, model: Path, evaluation: Path
    ) -> tuple[float, float]:
        """Return the 95 % interval of challenger minus champion, by a paired bootstrap."""
        import tempfile
        from pathlib import Path as RealPath

        import numpy as np

        rows = tables.read_frame(evaluation / "predictions.parquet")
        challenger = open_model(model)
        with tempfile.TemporaryDirectory() as folder:
            other = open_model(champion.fetch(RealPath(folder) / "champion") / "model")
            theirs = other.scores(rows)
        ours = challenger.scores(rows)
        if challenger.classes != other.classes:
            raise ModelError("its classes are others")
        target = scoring.positions(rows[context.data.target], challenger.classes)
        measure = scoring.functions(context.data.task)[scoring.PRIMARY[context.data.task]]
        gains = [
            measure(target[drawn], ours[drawn]) - measure(target[drawn], theirs[drawn])
            for drawn in scoring.resampled_rows(
                len(rows), resamples=self.resamples, seed=context.seed
            )
            if scoring.defined(target[drawn])
        ]
        if not gains:
            raise DataError("the rows have too few classes")
        low, high = np.percentile(gains, [2.5, 97.5])
        return float(low), float(high)


def _decide(checks: list[Check]) -> str:
    outcomes = {check.outcome for check in checks}
    if "block" in outcomes:
        return "block"
    return "keep" if "keep" in outcomes else "promote"
