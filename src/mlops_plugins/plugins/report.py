"""Report on a run: one page, a model card and a data sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_plugins.files import write_json, write_text
from mlops_plugins.hookspecs import hookimpl
from mlops_plugins.options import Options
from mlops_plugins.stages import Implementation, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mlops_plugins.stages import Context


@hookimpl
def mlops_implementations() -> Iterable[Implementation]:
    """Offer the report."""
    yield Implementation(
        stage=Stage.REPORT,
        name="page",
        target="mlops_plugins.plugins.report:Page",
        summary="One self-contained page, a model card and a data sheet",
    )


class Page(Options):
    """Gathers what the stages found; the team's `card.yaml` says what no run can tell."""

    def report(
        self,
        context: Context,
        *,
        parameters: Mapping[str, Any],
        card: Path,
        output: Path,
        **found: Path,
    ) -> None:
        """Write `report.html`, `model-card.md`, `data-sheet.md` and `card.json`."""
        from mlops_plugins import pages
        from mlops_plugins.reporting import card as cards
        from mlops_plugins.reporting import facts

        said = cards.read(card)
        run = facts.gather(context, parameters, facts.Places(**found))
        output.mkdir()
        write_json(output / "card.json", {"model": run["model"]["digest"], "missing": said.missing})
        for name in ("report.html", "model-card.md", "data-sheet.md"):
            text = pages.render(f"reporting/{name}.j2", run=run, card=said.words, parts=cards.PARTS)
            write_text(output / name, text)
        if said.missing:
            context.say(
                f"card.yaml says nothing of {', '.join(said.missing)}: "
                "until it does, no model is promoted"
            )
