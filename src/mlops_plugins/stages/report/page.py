"""Report on a run: one page, a model card and a data sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.api.component import Component
from mlops_plugins.artifacts.files import write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Page(Component):
    """Gathers the stages' results; the team's `card.yaml` says what no run can know."""

    def report(
        self,
        context: Context,
        *,
        parameters: Mapping[str, Any],
        card: Path,
        output: Path,
        **outputs: Path,
    ) -> None:
        """Write `report.html`, `model-card.md`, `data-sheet.md` and `card.json`."""
        from mlops_plugins.artifacts import card as cards
        from mlops_plugins.artifacts import pages
        from mlops_plugins.stages.report import facts

        words = cards.read(card)
        run = facts.gather(context, parameters, facts.StageOutputs(**outputs))
        output.mkdir()
        write_json(
            output / "card.json", {"model": run["model"]["digest"], "missing": words.missing}
        )
        for name in ("report.html", "model-card.md", "data-sheet.md"):
            text = pages.render(
                f"stages/report/{name}.j2", run=run, card=words.words, parts=cards.PARTS
            )
            write_text(output / name, text)
        if words.missing:
            context.log(
                f"card.yaml says nothing of {', '.join(words.missing)}: "
                "until it does, no model is promoted"
            )
