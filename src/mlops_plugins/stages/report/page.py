"""Report on a run: one page, a model card and a data sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.artifacts.files import write_text
from mlops_plugins.stages.report.options import CardOptions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.context import Context


class Page(CardOptions):
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
        self.write_card(words, run["model"]["digest"], output)
        missing = words.missing(self.required)
        for name in ("report.html", "model-card.md", "data-sheet.md"):
            text = pages.render(
                f"stages/report/{name}.j2",
                run=run,
                card=words.words,
                parts=cards.PARTS,
                missing=missing,
                required=self.required,
            )
            write_text(output / name, text)
        if missing:
            held_up = set(missing) & set(self.required)
            then = "no model is promoted until it does" if held_up else "the model card asks for it"
            context.log(f"card.yaml says nothing of {', '.join(missing)}: {then}")
