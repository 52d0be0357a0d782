"""Measures, prints a table, and writes build/bench.json.

    python -m bench            # some minutes
    python -m bench --quick    # fewer repetitions
    python -m bench --memory   # of up to ten million rows, instead; some minutes, and 3 GB of disk

Every number is a ratio of medians of two commands that ran in turn on this machine in this run:
absolute times say more about the machine. Exits with 1 if an aim is not met.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bench import memory, plugins, projects
from bench.breakdown import StageCost, stage_costs
from bench.measure import Command, Comparison, compare, run

if TYPE_CHECKING:
    from collections.abc import Sequence

REPORT = projects.ROOT / "build" / "bench.json"
MEMORY_REPORT = projects.ROOT / "build" / "memory.json"
SCRIPT = Path(__file__).with_name("script.py")

# Any path that mlops takes leads through here first, so the log proves what was started.
WITNESS = """\
#!/bin/sh
echo "$@" >> '{log}'
exec '{python}' -m mlops_plugins "$@"
"""


class Bench:
    """The measurements, in a folder of their own."""

    def __init__(self, folder: Path, *, long: int, short: int) -> None:
        self.folder, self.long, self.short = folder, long, short
        self.template = projects.this_template(folder / "template")
        self.demo = projects.demo(self.template, folder)
        self.project = folder / "project"
        self.log = folder / "started"
        commands = folder / "commands"
        commands.mkdir()
        witness = commands / "mlops"
        witness.write_text(WITNESS.format(log=self.log, python=sys.executable))
        witness.chmod(0o755)
        self.environment = projects.environment(*self.demo.search_path, first=commands)

    def started(self) -> list[str]:
        """Return the commands of stages that were started since the last call."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return lines

    def repro(self) -> list[str]:
        """Return the command that runs the pipeline."""
        return [sys.executable, "-m", "dvc", "repro"]

    def cold(self) -> Comparison:
        """Compare a first `dvc repro` with one script that does the same work.

        The difference is what the script does not do: a process and its imports for each stage,
        tables and models written for the next one and hashed, copied to DVC's cache, and checked.
        """
        made = self.folder / "script"
        pipeline = Command(
            self.repro(), self.project, self.environment, lambda: self.demo.fresh(self.project)
        )
        script = Command(
            [sys.executable, str(SCRIPT), str(projects.SAMPLE), str(made)],
            self.folder,
            projects.environment(),
            lambda: _remove(made),
        )
        run(pipeline)
        self._expect(len(self.demo.stages()), "a first run")
        run(script)
        self._same_result(made)
        return compare("first dvc repro", "one script, same work", 2.0, pipeline, script, self.long)

    def _expect(self, count: int, where: str) -> None:
        started = self.started()
        if len(started) != count:
            raise SystemExit(f"{where} started {len(started)} stages, not {count}: {started}")

    def _same_result(self, made: Path) -> None:
        """Make sure that both did the same: a comparison with less work would prove nothing."""
        ours = json.loads((self.project / "reports" / "metrics.json").read_text())["roc_auc"]
        theirs = json.loads((made / "metrics.json").read_text())["roc_auc"]
        if abs(ours - theirs) > 1e-9:
            raise SystemExit(f"the script's roc_auc is {theirs}, the project's {ours}")

    def unchanged(self) -> Comparison:
        """Compare a `dvc repro` that has nothing to do but compose with one of as many empty stages."""
        self.started()
        stages = len(self.demo.stages())
        empty = projects.empty_pipeline(self.folder / "empty", stages)
        compared = compare(
            "dvc repro, nothing to do", f"the same of {stages} empty stages", 1.1,
            Command(self.repro(), self.project, self.environment),
            Command(self.repro(), empty, projects.environment()),
            self.short,
        )  # fmt: skip
        if (started := set(self.started())) != {"compose"}:
            raise SystemExit(f"a run with nothing to do started {started}")
        return compared

    def render(self) -> Comparison:
        """Compare rendering this template with rendering one of three files."""
        small = projects.small_template(self.folder / "small")

        def rendering(template: Path, name: str) -> Command:
            target = self.folder / name
            return Command(
                projects.copier(template, target), self.folder, projects.environment(),
                lambda: _remove(target),
            )  # fmt: skip

        return compare(
            "copier copy", "a template of three files", 2.5,
            rendering(self.template, "rendered"), rendering(small, "rendered-small"), self.short,
        )  # fmt: skip

    def help(self) -> Comparison:
        """Compare `mlops --help` with the imports that it cannot do without."""
        python = [sys.executable]
        return compare(
            "mlops --help", "import pluggy, click", None,
            Command([*python, "-m", "mlops_plugins", "--help"], self.folder, self.environment),
            Command([*python, "-c", "import pluggy, click"], self.folder, self.environment),
            2 * self.short,
        )  # fmt: skip

    def discovery(self, count: int, aim: float) -> Comparison:
        """Compare a list of plugins, where many are installed, with one of the built-ins alone."""
        site = plugins.install(self.folder / f"site-{count}", count)
        command = [sys.executable, "-m", "mlops_plugins", "plugins", "list"]
        return compare(
            f"mlops plugins list, {count} more plugins", "of the built-ins alone", aim,
            Command(command, self.folder, projects.environment(site)),
            Command(command, self.folder, projects.environment()),
            self.short,
        )  # fmt: skip

    def stages(self) -> list[StageCost]:
        """Say what each stage costs by itself."""
        return stage_costs(self.demo, self.folder / "by-stage", self.long)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def show(console: Console, comparisons: Sequence[Comparison]) -> None:
    """Print the comparisons."""
    table = Table(
        "", "against", "wall s", "", "ratio", "CPU s", "", "ratio", "aim", "met", box=None
    )
    for each in comparisons:
        table.add_row(
            each.name, each.against,
            f"{each.one.wall:.2f}", f"{each.other.wall:.2f}", f"{each.ratio.wall:.2f}",
            f"{each.one.cpu:.2f}", f"{each.other.cpu:.2f}", f"{each.ratio.cpu:.2f}",
            "" if each.aim is None else f"{each.aim:.1f}",
            {True: "yes", False: "NO", None: ""}[each.met],
        )  # fmt: skip
    console.print(table)


def show_stages(console: Console, costs: Sequence[StageCost]) -> None:
    """Print where a first run's time goes."""
    table = Table("stage", "wall s", "CPU s", "imports", "modules", "heavy modules", box=None)
    for cost in costs:
        table.add_row(
            cost.stage, f"{cost.times.wall:.2f}", f"{cost.times.cpu:.2f}",
            f"{cost.import_share:.0%}", str(cost.modules), " ".join(cost.heavy),
        )  # fmt: skip
    wall, cpu = (sum(getattr(cost.times, kind) for cost in costs) for kind in ("wall", "cpu"))
    table.add_row("all stages", f"{wall:.2f}", f"{cpu:.2f}")
    console.print(table)


def report(comparisons: Sequence[Comparison], costs: Sequence[StageCost]) -> dict[str, Any]:
    """Return everything as plain data."""
    return {
        "machine": {
            "python": platform.python_version(),
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "load": os.getloadavg()[0],
        },
        "comparisons": [
            {**asdict(each), "ratio": asdict(each.ratio), "met": each.met} for each in comparisons
        ],
        "stages": [asdict(cost) for cost in costs],
    }


def measure_memory(console: Console) -> None:
    """Measure what the stages of data hold, and print it."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        found = memory.peaks(Path(folder), console)
    memory.show(console, found)
    MEMORY_REPORT.parent.mkdir(exist_ok=True)
    MEMORY_REPORT.write_text(json.dumps([asdict(peak) for peak in found], indent=2) + "\n")
    missed = [f"{peak.stage} of {peak.rows:,} rows" for peak in found if not peak.met]
    if missed:
        sys.exit(f"aim not met: {', '.join(missed)}")


def main() -> None:
    """Measure, print, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--memory", action="store_true", help="memory of the stages of data")
    asked = parser.parse_args()
    # A report in a log is as wide as it needs to be.
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    if asked.memory:
        measure_memory(console)
        return
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians, taken in turn")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), long=1 if asked.quick else 3, short=3 if asked.quick else 9)
        comparisons = []
        for measure in (
            bench.cold,
            bench.unchanged,
            bench.render,
            bench.help,
            lambda: bench.discovery(50, 2.0),
            lambda: bench.discovery(200, 4.0),
        ):
            comparisons.append(measure())
            done = comparisons[-1]
            console.print(f"measured: {done.name}, ratio {done.ratio.wall:.2f}")
        costs = bench.stages()
    console.print("\n[bold]Ratios[/bold]")
    show(console, comparisons)
    console.print("\n[bold]A first run by stage[/bold] (each by itself, without DVC)")
    show_stages(console, costs)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report(comparisons, costs), indent=2) + "\n")
    missed = [each.name for each in comparisons if each.met is False]
    if missed:
        sys.exit(f"aim not met: {', '.join(missed)}")


if __name__ == "__main__":
    main()
