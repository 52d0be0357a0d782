"""`mlops plugins list`: what is installed, chosen, missing, or broken and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlops_plugins.config import params
from mlops_plugins.manager import modules, signatures
from mlops_plugins.manager.plugin_manager import RegisteredComponent, contested, plugin_manager
from mlops_plugins.manager.requirements import missing

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One implementation, and in which state it is.

    `state` is `ready`, `outdated` (works, and will not in the next version), `not installed` (a library
    is missing) or `broken`; `why` and `next_step` say more of all but the first.
    """

    stage: str
    name: str
    summary: str
    plugin: str
    distribution: str
    version: str
    chosen: bool
    state: str
    why: str = ""
    next_step: str = ""


def entries(root: Path) -> list[Entry]:
    """Return every implementation that is offered, importing none."""
    chosen = _chosen(root)
    offers = plugin_manager().components()
    made = []
    for offer in offers:
        offered = offer.implementation
        rivals = [
            other
            for other in offers
            if (other.implementation.stage, other.implementation.name)
            == (offered.stage, offered.name)
        ]
        state, why, next_step = _state(offer, rivals)
        made.append(
            Entry(
                stage=str(offered.stage),
                name=offered.name,
                summary=offered.summary,
                plugin=offer.plugin.name,
                distribution=offer.distribution,
                version=offer.version,
                chosen=chosen.get(offered.stage) == offered.name,
                state=state,
                why=why,
                next_step=next_step,
            )
        )
    return made


def _chosen(root: Path) -> dict[str, str]:
    if not (root / params.FILE).exists():
        return {}
    tree = params.read_tree(root)
    sections = {stage: tree.get(stage) for stage in plugin_manager().stages}
    return {
        stage: section["name"]
        for stage, section in sections.items()
        if isinstance(section, dict) and "name" in section
    }


def _state(offer: RegisteredComponent, rivals: list[RegisteredComponent]) -> tuple[str, str, str]:
    author = f"tell the author of {offer.distribution}"
    if len(rivals) > 1:
        return "broken", contested(rivals), "uninstall one of them, or ask its author to rename it"
    unmet = missing(offer.implementation)
    if unmet:
        wanted = offer.implementation.extra or " ".join(unmet)
        return "not installed", f"{offer}: it needs {', '.join(unmet)}", f"uv add '{wanted}'"
    try:
        found = _written_methods(offer)
    except (LookupError, SyntaxError) as error:
        kind = "SyntaxError: " if isinstance(error, SyntaxError) else ""
        return "broken", f"{offer}: {kind}{error}", author
    if found is None:
        return "ready", "", ""
    contract = plugin_manager().contract(offer.implementation.stage)
    problem = signatures.problem(contract, found)
    if problem:
        return "broken", f"{offer}: {problem}", author
    outdated = signatures.deprecations(contract, found)
    if outdated:
        return "outdated", f"{offer}: {outdated[0]}", _upgrade(offer.distribution)
    return "ready", "", ""


def _written_methods(offer: RegisteredComponent) -> signatures.Methods | None:
    module, _, name = offer.implementation.target.partition(":")
    file = modules.find(module)
    if file is None:
        raise LookupError(f"there is no module '{module}'")
    return signatures.written_methods(file, name) if file.suffix == ".py" else None


def as_data(root: Path) -> dict[str, Any]:
    """Return everything as plain data, for `--json`."""
    return {
        "implementations": [asdict(entry) for entry in entries(root)],
        "observers": [
            {**_plugin(plugin), "hooks": hooks} for plugin, hooks in plugin_manager().observers()
        ],
        "broken": [
            {**_plugin(broken.plugin), "why": broken.error, "next_step": broken.next_step}
            for broken in plugin_manager().broken
        ],
        "outdated": [
            {**_plugin(warned.plugin), "why": warned.warning} for warned in plugin_manager().warned
        ],
    }


def _plugin(plugin: Any) -> dict[str, str]:
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
    }


def show(root: Path) -> None:
    """Print the implementations, the observers in the order they are called, and what is wrong."""
    from rich.console import Console
    from rich.table import Table

    listed = entries(root)
    table = Table("stage", "name", "", "state", "from", "summary", box=None, header_style="bold")
    for entry in listed:
        mark = "chosen" if entry.chosen else ""
        owner = f"{entry.distribution} {entry.version}"
        state = entry.next_step if entry.state == "not installed" else entry.state
        table.add_row(entry.stage, entry.name, mark, state, owner, entry.summary)
    observers = Table("observer", "from", "hooks", box=None, header_style="bold")
    for plugin, hooks in plugin_manager().observers():
        owner = f"{plugin.distribution} {plugin.version}"
        observers.add_row(plugin.name, owner, ", ".join(hooks))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = 200  # a line each, for whoever reads it through a pipe
    console.print(table)
    console.print()
    console.print(observers)
    for problem in problems(listed):
        console.print(f"\n{problem}", soft_wrap=True)


def problems(listed: list[Entry]) -> list[str]:
    """Return what is wrong, whose it is, and what to do: a paragraph each."""
    made: dict[str, None] = {}
    for entry in listed:
        if entry.state in ("broken", "outdated"):
            made[f"{entry.why}\n  next: {entry.next_step}"] = None
    for warned in plugin_manager().warned:
        made[f"{warned}\n  next: {_upgrade(warned.plugin.distribution)}"] = None
    for broken in plugin_manager().broken:
        made[f"{broken}\n  next: {broken.next_step}"] = None
    return list(made)


def _upgrade(distribution: str) -> str:
    return f"upgrade {distribution}, or tell its author"
