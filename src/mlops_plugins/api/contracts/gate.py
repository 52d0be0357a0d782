"""Gate: decide whether the model may be promoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mlops_plugins.api import formats
from mlops_plugins.api.paths import EVALUATION, METRICS, MODEL
from mlops_plugins.api.stage import Contract

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlops_plugins.api.context import Context
    from mlops_plugins.api.contracts.register import Champion


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
        explanation: Path,
        champion: Callable[[], Champion | None],
        output: Path,
    ) -> None:
        """Write the verdict to `output` as JSON: what cannot be judged is blocked, what is worse too.

        It holds `decision` (`promote`, `keep` or `block`), `reasons`, the `model`'s digest and the
        version of the `champion` that it was compared with, or null. `champion()` asks the registry.
        It may hold `checks`, each with `name`, `outcome`, `reason` and `numbers`, for `mlops gate`.
        `explanation` need not exist: a project may do without.
        """
        ...


CONTRACT: Final = Contract(
    stage="gate",
    protocol=Gate,
    inputs={
        "model": MODEL,
        "splits": "data/splits",
        "metrics": METRICS,
        "evaluation": EVALUATION,
        "explanation": "reports/explanation",
    },
    outputs={"output": "reports/verdict.json"},
    added=frozenset({"explanation"}),
    may_miss=frozenset({"explanation"}),
    parameters=("register", "data", "seed"),
    needs=("champion",),
    committed=frozenset({"output"}),
    formats=formats.GATE,
)
