"""A plugin of its own distribution: installed, chosen by a word, swapped back, upgraded, removed."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest
from ruamel.yaml import YAML

from mlops_plugins.api.contracts import PIPELINE
from mlops_plugins.api.stage import Stage
from tests.helpers.load import FULL
from tests.helpers.projects import ROOT, UNMEASURED, Project, begin, ran, render, shorten
from tests.helpers.serving import DEADLINE, listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

ACME = ROOT / "tests" / "acme"
JOBS = [stage for stage in Stage if stage not in PIPELINE]
SWAPPED = (
    PIPELINE
    if FULL
    else (Stage.VALIDATE, Stage.SPLIT, Stage.TRAIN, Stage.GATE, Stage.TRACK, Stage.REGISTER)
)
"""The stages that are swapped one by one, there and back."""

CHECKED = ["acme-ml"] if FULL else ["census/acme", "train/acme", "serve/acme", "monitor/acme"]
"""What of Acme's is held against its contracts."""

NEVER_RESTORED = {"compose", "gate", "track", "register"}
AS_THE_VERDICT = {"report"}
"""Restored only where the gate, which asks anew, says what it said before."""
"""What DVC never takes from its run cache.

The gate asks who is champion today, and has no output that DVC keeps; the last two look their result
up (decision 6).
"""

SAME_BYTES = {
    # Whoever validates, the features stage reads the rows by the types of schema.yaml.
    Stage.VALIDATE: {"train"},
    # A tracker writes the digest of the result, which is the same in each store.
    Stage.TRACK: {"register"},
    # No registry has had a champion when it is asked, so that the verdict is the same.
    Stage.REGISTER: {"report", "track"},
}
"""Of a swapped stage, what follows from it and finds its own inputs as they were."""

Edit = tuple[str, str, str]
"""A file below tests/acme, what stands in it once, and what takes its place."""


def build(source: Path, folder: Path, *edits: Edit) -> Path:
    """Build the wheel of an edited copy, so that nothing is left beside the source."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / source.name
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, old, new in edits:
        Project(copy).edit(name, old, new)
    options = ["--wheel", "--quiet", "--offline", "--no-build-isolation"]
    command = ["uv", "build", *options, "--python", sys.executable, "--out-dir", "dist"]
    subprocess.run(command, cwd=copy, check=True)
    (built,) = (copy / "dist").glob("*.whl")
    return built


def uv_pip(project: Project, *arguments: str) -> None:
    """Change the project's environment, and `uv.lock` as `uv lock` would."""
    python = str(project.root / ".venv" / "bin" / "python")
    command, *rest = arguments
    subprocess.run(["uv", "pip", command, "--quiet", "--python", python, *rest], check=True)
    installed = (project.root / ".venv" / "lib").glob("python3*/site-packages/*.dist-info")
    listed = "".join(f"# {path.stem}\n" for path in sorted(installed))
    project.write("uv.lock", f"version = 1\n{listed}")


def install(project: Project, *wheels: Path) -> None:
    uv_pip(project, "install", "--offline", "--no-deps", *map(str, wheels))


def choose(project: Project, stage: str, name: str) -> None:
    """Change one word of `conf/config.yaml`."""
    text = project.read("conf/config.yaml")
    changed, count = re.subn(rf"(?m)^(  - {stage}:) \S+$", rf"\1 {name}", text)
    assert count == 1
    project.write("conf/config.yaml", changed)


def chosen(project: Project, stage: str) -> str:
    name: str = parameters(project)[stage]["name"]
    return name


def parameters(project: Project) -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(project.read("params.yaml"))
    return read


def concerned(project: Project, section: str) -> list[str]:
    """Return the stages that read a section of `params.yaml`, and what follows from them."""
    stages = YAML(typ="safe").load(project.read("dvc.yaml"))["stages"]
    found, touched = [], set()
    for name, stage in stages.items():
        read = {above for dep in stage.get("deps", ()) for above in (dep, str(Path(dep).parent))}
        if section in stage.get("params", ()) or touched & read:
            found.append(name)
            written = [*stage.get("outs", ()), *stage.get("metrics", ())]
            touched |= {
                path for out in written for path in ([out] if isinstance(out, str) else out)
            }
    return found


def restored(output: str) -> list[str]:
    """Return the stages that `dvc` says it took from its run cache, in order."""
    return re.findall(r"Stage '(\w+)' is cached - skipping run, checking out outputs", output)


def locked(project: Project) -> dict[str, Any]:
    """Return what `dvc.lock` says of each stage that DVC may restore."""
    stages = YAML(typ="safe").load(project.read("dvc.lock"))["stages"]
    return {
        name: stage for name, stage in stages.items() if name not in NEVER_RESTORED | AS_THE_VERDICT
    }


def events(project: Project, *kinds: str) -> list[dict[str, Any]]:
    """Return what Acme's observer noted, of these kinds."""
    path = project.root / "acme-events.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [event for line in lines if (event := json.loads(line))["event"] in kinds]


def production(project: Project) -> str:
    """Write a month that the sample's June says nothing of, and return its rows' file."""
    flights = ("python", "-m", "mlops_plugins.stages.ingest.sample", "2013-12", "data/production")
    return project.run(*flights).stdout.split()[0]


@pytest.fixture(scope="session")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ACME, tmp_path_factory.mktemp("acme"))


@pytest.fixture
def all_acme(fresh: Callable[..., Project]) -> Callable[..., Project]:
    """Return a function that makes a project with these wheels and Acme's word at every stage."""

    def make(*wheels: Path) -> Project:
        project = fresh()
        install(project, *wheels)
        for stage in Stage:
            choose(project, stage, "acme")
        return project

    return make


@pytest.fixture(scope="module")
def trained(template: Path, acme: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose champion is Acme's, and whose jobs are the built-in ones."""
    project = begin(render(template, tmp_path_factory.mktemp("trained") / "late"))
    install(project, acme)
    for stage in PIPELINE:
        choose(project, stage, "acme")
    project.dvc("repro")
    production(project)
    return project


def test_what_is_installed_is_listed_shown_and_tried_without_an_edit(
    fresh: Callable[..., Project], acme: Path
) -> None:
    project = fresh()
    shorten(project)
    install(project, acme)
    lines = project.mlops("plugins", "list", COLUMNS="200").stdout.splitlines()
    for stage in Stage:
        (line,) = [each for each in lines if each.split()[:2] == [stage, "acme"]]
        assert "acme-ml 1.0.0" in line

    yaml = project.mlops("plugins", "show", "train/acme", "--yaml").stdout
    assert YAML(typ="safe").load(yaml) == {"name": "acme", "smoothing": 0.001, "rounds": 8}
    assert "# How many degrees of caution are tried." in yaml

    project.dvc("exp", "run", "-S", "train=acme", "-S", "train.rounds=3", "train")
    train = parameters(project)["train"]
    assert (train["name"], train["rounds"], train["smoothing"]) == ("acme", 3, 0.001)
    assert json.loads(project.read("models/model/manifest.json"))["train"] == "acme"


def test_a_word_swaps_any_stage_and_its_old_word_restores_what_was(
    project: Project, acme: Path
) -> None:
    install(project, acme)
    before = parameters(project)
    assert project.repro() == []
    assert parameters(project) == before

    # The last stage first: what follows from a swap is then Acme's, and quick, and what went before
    # is as the template made it. One word changes at a time, on the way there and on the way back.
    swapped = []
    for stage in reversed(SWAPPED):
        swapped.append((stage, chosen(project, stage), locked(project)))
        noted = len(events(project, "before"))
        choose(project, stage, "acme")
        assert (stage, project.repro()) == (stage, follows(project, stage))
        who = {event["stage"]: event["name"] for event in events(project, "before")[noted:]}
        assert who == {each: chosen(project, each) for each in follows(project, stage)}
        assert who[stage] == "acme"

    for stage, built_in, before in reversed(swapped):
        choose(project, stage, built_in)
        output = project.dvc("repro").stdout
        # By now the registries know different champions, and so the verdict is another one.
        stale = (concerned if stage is Stage.REGISTER else follows)(project, stage)
        again = [each for each in stale if each in NEVER_RESTORED]
        assert (stage, sure(ran(output))) == (stage, again)
        assert sure(restored(output)) == sure(set_aside(stale, NEVER_RESTORED))
        assert locked(project) == before


def set_aside(stages: list[str], others: set[str]) -> list[str]:
    return [each for each in stages if each not in others]


def sure(stages: list[str]) -> list[str]:
    """Return the stages of which is known beforehand whether they run or are restored."""
    return set_aside(stages, AS_THE_VERDICT)


def follows(project: Project, stage: Stage) -> list[str]:
    """Return the stages that must run when this one is swapped."""
    return [each for each in concerned(project, stage) if each not in SAME_BYTES.get(stage, ())]


def test_all_of_acmes_implementations_keep_their_contracts(
    fresh: Callable[..., Project], acme: Path
) -> None:
    project = fresh()
    install(project, acme)
    for which in CHECKED:
        check = ["plugins", "check", which, "--json"]
        checked = project.mlops(*check, check=False, **UNMEASURED)
        results = json.loads(checked.stdout)
        assert len(results) > 5
        assert [each for each in results if each["why"]] == []
        assert checked.returncode == 0


@pytest.mark.parametrize("stage", JOBS)
def test_a_word_swaps_a_job_and_no_stage_runs(trained: Project, stage: Stage) -> None:
    built_in, noted = chosen(trained, stage), len(events(trained, "before"))
    choose(trained, stage, "acme")
    assert trained.repro() == []
    USES[stage](trained)
    who = [event["name"] for event in events(trained, "before")[noted:] if event["stage"] == stage]
    assert set(who) == {"acme"}
    choose(trained, stage, built_in)
    assert trained.repro() == []


def use_service(project: Project) -> None:
    month = project.root / "data" / "production" / "2013-12.parquet"
    rows = pd.read_parquet(month).head(3)
    rows.to_parquet(project.root / "rows.parquet")
    asked = rows.to_json(orient="records", date_format="iso")
    with serving(project) as address:
        answer = httpx.post(f"{address}/predict", content=f'{{"rows": {asked}}}').json()
    project.mlops("predict", "rows.parquet", "--output", "scored.parquet", "--no-log")
    scores = pd.read_parquet(project.root / "scored.parquet")["score"].tolist()
    assert [each["score"] for each in answer["predictions"]] == pytest.approx(scores)


@contextmanager
def serving(project: Project) -> Iterator[str]:
    """Run `mlops serve`, give its address, and end it as Ctrl-C does."""
    mlops = project.root / ".venv" / "bin" / "mlops"
    with listening(mlops, "serve", folder=project.root) as (server, address):
        yield address
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=DEADLINE)
        assert server.returncode == 0


def use_monitor(project: Project) -> None:
    told = watch(project)
    assert told.returncode == 10
    assert "the mean of temperature moved by" in told.stdout
    shifts = json.loads(project.read("monitoring/reports/watched/report.json"))["shifts"]
    assert abs(shifts["temperature"]) > 0.5


def use_policy(project: Project) -> None:
    watch(project)
    done = project.mlops("retrain")
    assert "retraining: a report says alarm" in done.stderr
    assert "not retrained: the data and the parameters are those" in done.stdout


def use_notifier(project: Project) -> None:
    watch(project)
    assert project.read("alerts.txt").startswith("critical: late: alarm: ")


def watch(project: Project) -> subprocess.CompletedProcess[str]:
    rows = "data/production/2013-12.parquet"
    return project.mlops("monitor", "--data", rows, "--name", "watched", check=False)


USES: dict[Stage, Callable[[Project], None]] = {
    Stage.SERVE: use_service,
    Stage.MONITOR: use_monitor,
    Stage.RETRAIN: use_policy,
    Stage.NOTIFY: use_notifier,
}


def test_a_project_of_acmes_stages_alone_trains_predicts_and_is_observed(
    all_acme: Callable[..., Project], acme: Path
) -> None:
    project = all_acme(acme)
    done = project.dvc("repro")
    assert ran(done.stdout) == [*PIPELINE]

    # Acme's observer was told of each stage, and so was the built-in one.
    told = [(each["event"], each["stage"]) for each in events(project, "before", "after")]
    assert told == [(event, stage) for stage in PIPELINE for event in ("before", "after")]
    for stage in PIPELINE:
        assert f"{stage}: acme ..." in done.stderr
        assert f"{stage}: done in" in done.stderr
    losses = [each for each in events(project, "metric") if each["stage"] == "train"]
    assert [(each["metric"], each["step"]) for each in losses] == [
        ("log_loss", step) for step in range(8)
    ]
    final = [each for each in events(project, "metric") if each["stage"] == "evaluate"]
    assert {each["step"] for each in final} == {None}
    metrics = json.loads(project.read("reports/metrics.json"))
    assert {each["metric"]: each["value"] for each in final} == metrics

    plots = json.loads(project.dvc("plots", "show", "--json").stdout)
    assert set(plots["data"]) == {
        "roc",
        "precision and recall",
        "calibration",
        "confusion",
        "learning curve",
        "slices",
        "importance",
    }
    assert not plots.get("errors")

    # The champion answers as the model that was judged did, and knows what it has not seen before.
    project.mlops("predict", "data/splits/test.parquet", "--output", "scored.parquet", "--no-log")
    scored = pd.read_parquet(project.root / "scored.parquet")
    judged = pd.read_parquet(project.root / "reports" / "evaluation" / "predictions.parquet")
    assert scored["score"].tolist() == judged["score"].tolist()
    month = production(project)
    assert project.mlops("monitor", "--data", month, check=False).returncode == 10
    (alert,) = events(project, "alert")
    assert (alert["severity"], alert["title"]) == ("warning", "late: drift")

    column = "  late:\n    type: category\n"
    project.edit("schema.yaml", column, "  gate:\n    type: text\n" + column)
    assert project.dvc("repro", check=False).returncode != 0
    (error,) = events(project, "error")
    assert (error["stage"], error["name"]) == ("validate", "acme")
    assert error["error"].startswith("DataError: The data break their schema:")
    assert "the column 'gate' is missing" in error["error"]


def test_an_upgraded_library_reruns_the_stage_that_declares_it(
    all_acme: Callable[..., Project], tmp_path: Path
) -> None:
    plugin, bayes = "src/acme_ml/plugin.py", "src/acme_ml/bayes.py"
    imports = "        import acme_core\n        import numpy as np"
    with_core = build(
        ACME,
        tmp_path,
        (plugin, 'in numpy", ("numpy",)', 'in numpy", ("acme-core", "numpy")'),
        (bayes, "+ 1e-9", "+ acme_core.LEAST_VARIANCE"),
        (bayes, "        import numpy as np\n\n        if", f"{imports}\n\n        if"),
    )
    project = all_acme(with_core, core(tmp_path, "1.0", least_variance=1e-9))
    project.dvc("repro")
    install(project, core(tmp_path, "2.0", least_variance=0.5))
    assert project.repro() == concerned(project, "train")
    libraries = parameters(project)["train"]["implementation"]["libraries"]
    assert libraries["acme-core"] == "2.0"


def core(folder: Path, version: str, *, least_variance: float) -> Path:
    """Build the wheel of a library that a trainer's results depend on."""
    source = Project(folder / f"core-{version}")
    system = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    about = f'[project]\nname = "acme-core"\nversion = "{version}"\n'
    source.write("pyproject.toml", system + about)
    source.write("src/acme_core/__init__.py", f"LEAST_VARIANCE = {least_variance}\n")
    return build(source.root, folder)


def test_an_upgraded_plugin_reruns_what_its_author_says_is_another_result(
    all_acme: Callable[..., Project], acme: Path, tmp_path: Path
) -> None:
    project = all_acme(acme)
    project.dvc("repro")

    def version(number: str) -> Edit:
        return "pyproject.toml", 'version = "1.0.0"', f'version = "{number}"'

    install(project, build(ACME, tmp_path, version("1.0.1")))
    assert project.repro() == []
    assert "acme-ml 1.0.1" in project.mlops("plugins", "list", COLUMNS="200").stdout

    smoother = ("src/acme_ml/bayes.py", "+ 1e-9", "+ 0.5")
    raised = (
        "src/acme_ml/plugin.py",
        "libraries=libraries,",
        "libraries=libraries, cache_version=2 if stage is Stage.TRAIN else 1,",
    )
    install(project, build(ACME, tmp_path, version("1.0.2"), smoother, raised))
    assert project.repro() == concerned(project, "train")


def test_uninstalling_what_is_chosen_says_what_is_gone_and_what_to_do(
    fresh: Callable[..., Project], acme: Path
) -> None:
    project = fresh()
    install(project, acme)
    choose(project, "train", "acme")
    project.mlops("compose")
    uv_pip(project, "uninstall", "acme-ml")
    refused = project.mlops("compose", check=False)
    assert refused.returncode == 3
    assert refused.stderr == (
        "error: There is no implementation 'acme' of train.\n"
        "  where:    conf/config.yaml: defaults: train: acme\n"
        "  expected: one of catboost, estimator, lightgbm, sklearn, xgboost\n"
        "  next:     choose one of these in conf/config.yaml, or install the plugin that offers "
        "'acme' (`mlops plugins` lists all)\n"
    )
