"""Explain by permutation importance: how much worse the model is when one column is shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins import estimators, files, scoring, tables
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.model import Model, open_model
from mlops_plugins.options import Field, Options
from mlops_plugins.schema import conform
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from mlops_plugins.stages import Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the explanation."""
    yield Implementation(
        stage=Stage.EXPLAIN,
        name="permutation",
        target="mlops_plugins.plugins.permutation:Permutation",
        summary="Permutation importance of the raw columns",
        extra="mlops-plugins[sklearn]",
        libraries=("scikit-learn",),
    )


class Permutation(Options):
    """Shuffles each raw column in turn (Breiman, Random Forests, 2001, section 10)."""

    rows: int = Field(5000, ge=50, description="Most rows to look at, drawn by the seed.")
    repeats: int = Field(3, ge=1, description="How often each column is shuffled.")

    def explain(self, context: Context, *, model: Path, splits: Path, output: Path) -> None:
        """Write the loss of the primary metric for each column, the largest first."""
        import numpy as np

        output.mkdir()
        opened = open_model(model)
        generator = np.random.default_rng(context.seed)
        frame = tables.read_frame(splits / "test.parquet")
        estimators.require_target(frame, context, where="data/splits/test.parquet")
        if len(frame) > self.rows:
            drawn = np.sort(generator.permutation(len(frame))[: self.rows])
            frame = frame.iloc[drawn].reset_index(drop=True)
        losses = self._losses(context, opened, frame, generator)
        ordered = sorted(losses.items(), key=lambda item: -float(np.mean(item[1])))
        metric = scoring.PRIMARY[context.data.task]
        found = [
            {"column": name, "loss": float(np.mean(values)), "spread": float(np.std(values))}
            for name, values in ordered
        ]
        files.write_json(output / "importance.json", {"metric": metric, "columns": found})
        lines = ["column,loss"]
        lines += [f"{_quoted(name)},{np.mean(values):.6f}" for name, values in ordered]
        files.write_text(output / "importance.csv", "\n".join(lines) + "\n")
        _picture(found, metric, output / "importance.png")
        context.say(f"most important: {', '.join(name for name, _ in ordered[:3])}")

    def _losses(
        self, context: Context, opened: Model, frame: pd.DataFrame, generator: np.random.Generator
    ) -> dict[str, list[float]]:
        measure = scoring.functions(context.data.task)[scoring.PRIMARY[context.data.task]]
        target = scoring.positions(frame[context.data.target], opened.classes)
        # Read into the schema's types once, not once for each shuffle.
        rows = conform(frame, opened.inputs)

        def measured(rows: pd.DataFrame) -> float:
            return measure(target, opened.predictor.scores(opened.recipe(rows)))

        whole = measured(rows)
        losses: dict[str, list[float]] = {}
        for name in opened.schema.inputs:
            losses[name] = []
            for _ in range(self.repeats):
                shuffled = rows.copy(deep=False)
                order = generator.permutation(len(rows))
                shuffled[name] = rows[name].iloc[order].set_axis(rows.index)
                losses[name].append(whole - measured(shuffled))
        return losses


def _quoted(name: str) -> str:
    """Return a cell of CSV."""
    return '"' + name.replace('"', '""') + '"'


def _picture(found: list[dict[str, Any]], metric: str, path: Path) -> None:
    from matplotlib.figure import Figure

    shown = found[:20][::-1]
    figure = Figure(figsize=(6, 0.8 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        # A pair of $ would be read as mathematics.
        [str(item["column"]).replace("$", r"\$") for item in shown],
        [item["loss"] for item in shown],
        xerr=[item["spread"] for item in shown],
    )
    axes.set(xlabel=f"loss of {metric} when shuffled")
    figure.savefig(path, dpi=100, metadata={"Software": None})
