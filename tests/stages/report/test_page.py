"""The report, the model card and the data sheet of a run, in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from mlops_plugins.api.errors import DataError
from mlops_plugins.artifacts import card
from tests.helpers.browser import DESKTOP, PHONE, Browser, faint_texts, fits, requests
from tests.helpers.projects import Project, render

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

REPORT = "reports/report/report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_report_in_a_browser(
    finished: Project, browser: Browser, width: int, scheme: str
) -> None:
    page = browser.open(finished.root / REPORT, width, scheme=scheme)  # type: ignore[arg-type]
    assert fits(page)
    assert requests(page) == 0
    assert faint_texts(page) == []
    assert page.locator("h1").inner_text() == "This model may be champion"
    broken = page.locator("img").evaluate_all("all => all.filter(each => !each.naturalWidth)")
    assert page.locator("img").count() >= 2
    assert broken == []


def test_every_meaning_has_a_word(finished: Project, browser: Browser) -> None:
    """What a colour says, a shape and a word say too; what a drawing shows, its label reads out."""
    page = browser.open(finished.root / REPORT, DESKTOP)
    outcomes = page.locator(".outcome").all_inner_texts()
    assert outcomes[0] == "▲ promote"
    assert set(outcomes[1:]) <= {"● pass", "○ keep the champion", "■ block"}
    labels = page.locator("svg").evaluate_all("all => all.map(each => each.ariaLabel)")
    assert all(labels)
    alternatives = page.locator("img").evaluate_all("all => all.map(each => each.alt)")
    assert all(alternatives)


def test_it_says_what_the_stages_found(finished: Project, browser: Browser) -> None:
    text = browser.open(finished.root / REPORT, DESKTOP).locator("body").inner_text()
    metrics = json.loads(finished.read("reports/metrics.json"))
    summary = json.loads(finished.read("reports/evaluation/summary.json"))
    verdict = json.loads(finished.read("reports/verdict.json"))
    ingested = json.loads(finished.read("reports/ingest.json"))
    assert f"{metrics['roc_auc']:.4g}" in text
    assert f"{summary['roc_auc']['low']:.4g} to {summary['roc_auc']['high']:.4g}" in text
    assert all(reason in text for reason in verdict["reasons"])
    assert all(check["reason"] in text for check in verdict["checks"])
    assert verdict["model"] in text
    assert ingested["sha256"] in text
    assert f"{ingested['rows']:,}" in text
    assert "Nobody decides anything by it" in text


def test_a_name_is_text_and_never_markup(project: Project) -> None:
    said = project.read("card.yaml").replace(
        "Any decision", "<script>alert(1)</script> Any decision"
    )
    project.write("card.yaml", said)
    project.mlops("run", "report")
    page = project.read(REPORT)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<script>alert(1)</script>" in project.read("reports/report/model-card.md")


def test_card_and_sheet_come_from_the_run_and_the_teams_words(finished: Project) -> None:
    model, sheet = (
        finished.read(f"reports/report/{name}.md") for name in ("model-card", "data-sheet")
    )
    summary = json.loads(finished.read("reports/evaluation/summary.json"))
    for name, row in summary.items():
        assert f"| {name} | {row['value']:.4f} | {row['low']:.4f} to {row['high']:.4f} |" in model
    assert "- **Intended use.** To show how this repository works" in model
    assert "- **Origin.** The US Department of Transportation" in sheet
    assert re.search(r"^\| departure_delay \| int16 \| feature \| 0\.0 % \| \d+ \|$", sheet, re.M)
    assert json.loads(finished.read("reports/report/card.json"))["missing"] == []


def require(project: Project, *parts: str) -> None:
    project.edit("conf/report/page.yaml", "required: []", f"required: [{', '.join(parts)}]")


def test_a_required_part_that_is_a_placeholder_stops_a_promotion(project: Project) -> None:
    require(project, "model.out_of_scope")
    words = project.read("card.yaml").splitlines()
    at = words.index("  out_of_scope: >-") + 1
    words[at] = "    TODO: " + words[at].strip()
    project.write("card.yaml", "\n".join(words))
    for store in ("mlflow.db", "reports/registration.json"):
        (project.root / store).unlink()
    done = project.dvc("repro", check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "The model is not promoted: its card says nothing of model.out_of_scope." in said
    assert "expected: model.out_of_scope: what it must not be used for" in said
    assert "write it there in place of TODO, then dvc repro" in said
    assert "Not said, and required" in project.read(REPORT)
    assert project.mlops("export", "--to", "out", check=False).returncode == 5

    words[at] = "    Anything else."
    project.write("card.yaml", "\n".join(words))
    assert project.repro() == ["report", "track", "register"]
    assert project.mlops("export", "--to", "out").returncode == 0


def test_a_version_keeps_its_card(finished: Project) -> None:
    kept = (finished.root / "mlartifacts").rglob("package/report/model-card.md")
    assert finished.read("reports/report/model-card.md") in [card.read_text() for card in kept]


def test_a_promotion_by_hand_asks_for_words_too(project: Project) -> None:
    require(project, "data.personal_data")
    project.edit("card.yaml", "personal_data: none", "personal_data: TODO")
    project.dvc("repro", "report")
    refused = project.mlops("promote", "1", check=False)
    assert refused.returncode == 5
    assert "its card says nothing of data.personal_data" in refused.stderr
    assert "then mlops promote 1" in refused.stderr
    project.edit("card.yaml", "personal_data: TODO", "personal_data: none")
    assert "is champion already" in project.mlops("promote", "1", check=False).stderr


def test_a_champion_that_nobody_described_says_so(project: Project) -> None:
    project.write("card.yaml", "model:\n")
    for store in ("mlflow.db", "reports/registration.json"):
        (project.root / store).unlink()
    done = project.dvc("repro")
    assert "card.yaml says nothing of model.intended_use, model.out_of_scope" in done.stderr
    assert "the model card asks for it" in done.stderr
    assert json.loads(project.read("reports/registration.json"))["alias"] == "champion"
    assert "Nobody has written" in project.read(REPORT)
    assert "**Incomplete:** nobody has written model.intended_use" in project.read(
        "reports/report/model-card.md"
    )


def test_a_part_that_there_is_not_cannot_be_required(project: Project) -> None:
    require(project, "model.intended_uses")
    refused = project.mlops("compose", check=False)
    assert refused.returncode == 3
    assert "the card has no part 'model.intended_uses'" in refused.stderr
    assert "Did you mean 'model.intended_use'?" in refused.stderr


def test_a_model_that_is_kept_needs_no_words(project: Project) -> None:
    """Only a promotion asks for them: a first try of a team is not held up by prose."""
    require(project, "model.intended_use")
    project.mlops("compose")
    verdict = json.loads(project.read("reports/verdict.json")) | {
        "decision": "keep",
        "champion": "1",
    }
    (project.root / "card.yaml").unlink()
    project.mlops("run", "report")
    project.write("reports/verdict.json", json.dumps(verdict))
    project.mlops("run", "register")
    assert json.loads(project.read("reports/registration.json"))["alias"] == "challenger"


def test_a_project_of_ones_own_begins_with_questions(template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "own", data_source="file", author_name="Ada")
    said = card.read(project.root / "card.yaml")
    assert said.missing() == [
        "model.intended_use",
        "model.out_of_scope",
        "model.limitations",
        "data.origin",
        "data.personal_data",
    ]
    assert said.words["model"]["contact"].startswith("Ada <")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("model: [", "not valid YAML"),
        ("modell: {}", "Did you mean 'model'?"),
        ("model: {intended_usage: x}", "Did you mean 'intended_use'?"),
        ("model: {limitations: 3}", "is 3"),
        ("- model", "holds ['model']"),
    ],
)
def test_a_card_that_is_none(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "card.yaml").write_text(written)
    with pytest.raises(DataError) as refused:
        card.read(tmp_path / "card.yaml")
    assert said in str(refused.value)
    assert "card.yaml" in refused.value.where


def test_the_report_is_the_same_each_time(project: Project) -> None:
    before = {path.name: path.read_bytes() for path in (project.root / "reports/report").iterdir()}
    shutil.rmtree(project.root / "reports/report")
    project.mlops("run", "report")
    after = {path.name: path.read_bytes() for path in (project.root / "reports/report").iterdir()}
    assert after == before
