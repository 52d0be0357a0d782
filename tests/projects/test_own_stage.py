"""A stage of the project's own between two of ours, and stages that it does without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import copier
import pytest
from ruamel.yaml import YAML

from tests.helpers.projects import commit, git, ran

if TYPE_CHECKING:
    from pathlib import Path

    from tests.helpers.projects import Project

pytestmark = pytest.mark.slow

PLUGIN = '''"""The project's own stage."""

from mlops_plugins import ComponentSpec, Contract, hookimpl


@hookimpl
def mlops_stages():
    """Add augment between features and what learns from them."""
    yield Contract(
        stage="augment",
        after="features",
        inputs={"features": "data/features"},
        outputs={"output": "data/augmented"},
        replaces={"output": "data/features"},
        parameters=("data", "seed"),
    )


@hookimpl
def mlops_implementations():
    """Offer one implementation of it."""
    yield ComponentSpec(
        stage="augment", name="jitter", target="late.augment:Jitter", summary="Copies with noise"
    )
'''

AUGMENT = '''"""Each training row once more, with noise."""

import shutil

import numpy as np
import pandas as pd
from mlops_plugins import Component, Field


class Jitter(Component):
    """Adds each training row again, its numbers moved by noise."""

    noise: float = Field(0.01, gt=0, description="The noise, in each column's deviations.")

    def augment(self, context, *, features, output):
        """Write the features with more training rows."""
        shutil.copytree(features, output)
        rows = pd.read_parquet(features / "train.parquet")
        numbers = [name for name in rows.select_dtypes("float") if name != context.data.target]
        noise = np.random.default_rng(context.seed).normal(size=(len(rows), len(numbers)))
        moved = rows.copy()
        moved[numbers] = rows[numbers] + noise * self.noise * rows[numbers].std().to_numpy()
        pd.concat([rows, moved], ignore_index=True).to_parquet(output / "train.parquet")
        context.log_metric("rows", 2 * len(rows))
'''

LEARNS = ["tune", "train", "evaluate", "explain", "gate", "report", "track", "register"]


def stages(project: Project) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = YAML(typ="safe").load(project.read("dvc.yaml"))
    return found["stages"]


def rows_trained(project: Project) -> int:
    return int(json.loads(project.read("models/model/manifest.json"))["rows"])


def add_augment(project: Project) -> None:
    project.write("src/late/plugin.py", PLUGIN)
    project.write("src/late/augment.py", AUGMENT)
    # Offered, and no part of the pipeline before a word says so.
    assert "jitter" in project.mlops("plugins", "list").stdout
    project.mlops("compose")
    assert "augment" not in project.read("params.yaml") + project.mlops("dag").stdout
    project.edit("conf/config.yaml", "  - tune: none", "  - augment: jitter\n  - tune: none")
    project.edit(
        "dvc.yaml",
        "    cmd: mlops run features\n",
        "    cmd: mlops run features\n    desc: Ours stays\n",
    )
    project.mlops("dag", "--write")


def test_a_stage_between_ours_runs_is_swapped_and_survives_an_update(
    project: Project, template: Path, tmp_path: Path
) -> None:
    before = rows_trained(project)
    add_augment(project)

    # It stands where it belongs; what learns reads its output; what the team wrote is there.
    assert list(stages(project))[5:8] == ["features", "augment", "tune"]
    assert stages(project)["features"]["desc"] == "Ours stays"
    for stage in ("tune", "train"):
        assert "data/augmented" in stages(project)[stage]["deps"]
        assert "data/features" not in stages(project)[stage]["deps"]
    assert "dvc.yaml has every stage already" in project.mlops("dag", "--write").stderr

    assert project.repro() == ["augment", *LEARNS]
    assert rows_trained(project) == 2 * before
    assert project.repro() == []
    project.commit("Augment")

    # Options in conf/, identity, and where they come from.
    why = project.mlops("plugins", "why", "augment").stdout
    assert "late 0.1.0, late.augment:Jitter" in why
    assert "noise = 0.01  default" in why
    project.edit("src/late/augment.py", "2 * len(rows)", "2.0 * len(rows)")
    assert project.repro() == ["augment"]

    # Observers hear of it, and the suite checks it.
    said = project.mlops("run", "augment").stderr
    assert "augment: jitter ..." in said
    checked = project.mlops("plugins", "check", "augment/jitter").stdout
    assert "10 of 10 checks passed" in checked

    # An experiment, and a wrong option in one.
    project.commit("Before the experiment")
    done = project.dvc("exp", "run", "-S", "augment.noise=0.5", "augment")
    assert ran(done.stdout) == ["augment"]
    assert "overrides:\n  augment.noise: 0.5" in project.read("params.yaml")
    git(project.root, "checkout", "--force", ".")
    project.dvc("checkout", "--force")
    wrong = project.mlops("run", "augmnt", check=False)
    assert wrong.returncode == 2
    assert "'augment'" in wrong.stderr

    # The template's next version comes, and leaves the stage where it is.
    project.commit("Ready for the update")
    later = tmp_path / "template"
    git(tmp_path, "clone", "--quiet", str(template), str(later))
    makefile = later / "template/Makefile.jinja"
    makefile.write_text(makefile.read_text().replace("## Run the project's tests", "## Test it"))
    pipeline = later / "template/dvc.yaml.jinja"
    pipeline.write_text(pipeline.read_text().replace("# The pipeline.", "# Our pipeline."))
    commit(later, "The next version", tag="v0.3.0")
    project.edit(".copier-answers.yml", str(template), str(later))
    project.commit("From there")
    copier.run_update(
        str(project.root), defaults=True, overwrite=True, quiet=True, skip_answered=True
    )
    assert "## Test it" in project.read("Makefile")
    assert project.read("dvc.yaml").startswith("# Our pipeline.")
    assert list(stages(project))[5:8] == ["features", "augment", "tune"]
    assert ran(project.dvc("repro", "augment").stdout) == []


def test_a_project_does_without_stages(project: Project) -> None:
    for stage, name in {"profile": "table", "explain": "permutation", "report": "page"}.items():
        project.edit("conf/config.yaml", f"- {stage}: {name}", f"- {stage}: none")
    project.edit("conf/config.yaml", "- track: mlflow", "- track: none")
    project.edit("conf/config.yaml", "- register: mlflow", "- register: none")

    left_out = ["profile", "explain", "report", "track", "register"]
    assert set(left_out) < set(project.repro())

    assert json.loads(project.read("reports/registration.json"))["alias"] is None
    assert not (project.root / "reports/report/report.html").exists()
    served = project.mlops("predict", "data/raw.parquet", "--output", "scored.parquet", check=False)
    assert served.returncode == 5
    assert "There is no champion of 'late'" in served.stderr
    project.mlops(
        "predict", "data/raw.parquet", "--output", "scored.parquet", "--model", "models/model"
    )

    # And back, by a word each.
    for stage, name in {"profile": "table", "explain": "permutation", "report": "page"}.items():
        project.edit("conf/config.yaml", f"- {stage}: none", f"- {stage}: {name}")
    project.edit("conf/config.yaml", "- track: none", "- track: mlflow")
    project.edit("conf/config.yaml", "- register: none", "- register: mlflow")
    project.repro()
    assert (project.root / "reports/report/report.html").exists()


def test_the_pipeline_goes_on_where_dvc_yaml_lacks_optional_stages(project: Project) -> None:
    file = project.root / "dvc.yaml"
    pipeline = YAML().load(file)
    gone = {"profile": "reports/profile", "explain": "reports/explanation"}
    for stage, output in gone.items():
        del pipeline["stages"][stage]
        for other in pipeline["stages"].values():
            if output in other.get("deps", []):
                other["deps"].remove(output)
        project.run("rm", "-r", output)
    del pipeline["plots"]
    YAML().dump(pipeline, file)

    project.dvc("repro", "--force", "report", "--single-item")

    assert "<h2" in project.read("reports/report/report.html")
