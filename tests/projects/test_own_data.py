"""A team's own file, of each task, from `copier copy` to a champion that answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from sklearn import datasets

from tests.helpers.projects import Project, give_environment
from tests.helpers.serving import serving

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow


def wine() -> pd.DataFrame:
    """Three classes with names, columns with slashes, one category and one date beside the numbers."""
    bunch = datasets.load_wine(as_frame=True)
    names = {i: str(name) for i, name in enumerate(bunch.target_names)}
    frame: pd.DataFrame = bunch.data.assign(
        cultivar=bunch.target.map(names),
        bottled=pd.date_range("2020-01-01", periods=len(bunch.data), freq="D").astype(str),
        größe=["klein" if ash < 2.3 else "groß" for ash in bunch.data["ash"]],
    )
    return frame


def diabetes() -> pd.DataFrame:
    frame: pd.DataFrame = datasets.load_diabetes(as_frame=True, scaled=False).frame
    rows = range(len(frame))
    frame = frame.assign(
        bmi=frame["bmi"].where(frame["bmi"] < 38),  # with missing values
        fee=[f"${1000 + 7 * i:,}.50" if i % 7 else "-" for i in rows],
        seen=pd.date_range("2020-01-01", periods=len(frame)).strftime("%d/%m/%Y"),
        # An integer that no float holds, texts that look like numbers, and names of the service's own.
        patient=[2**53 + 1 + row for row in rows],
        clinic=[("007", "012", "1E5", "A10")[row % 4] for row in rows],
        updated_at=[1_700_000_000 + row % 7 for row in rows],
        **{name: [row % 5 for row in rows] for name in ("score", "version", "rows")},
    )
    frame.insert(0, "Unnamed: 0", rows)
    return frame


def cancer() -> pd.DataFrame:
    bunch = datasets.load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = bunch.data.assign(malignant=bunch.target == 0)
    return frame


CASES = [
    ("multiclass", "cultivar", wine, "balanced_accuracy", 0.8, "data.csv"),
    ("regression", "target", diabetes, "r2", 0.2, "data.tsv"),
    ("binary", "malignant", cancer, "roc_auc", 0.95, "data.parquet"),
]


@pytest.mark.parametrize(
    ("task", "target", "load", "metric", "floor", "name"), CASES, ids=[c[0] for c in CASES]
)
def test_a_file_becomes_a_champion(
    fresh: Callable[..., Project],
    task: str,
    target: str,
    load: Callable[[], pd.DataFrame],
    metric: str,
    floor: float,
    name: str,
) -> None:
    frame = load()
    project = fresh(
        data_source="file",
        data_path=f"data/source/{name}",
        target_column=target,
        task=task,
    )
    if "patient" in frame:
        project.edit("conf/config.yaml", "id: null", "id: patient")
    if task == "multiclass":
        project.edit("conf/ingest/file.yaml", "null_values: []", "null_values: ['-999.0']")
        frame.loc[::10, "ash"] = -999.0
    path = project.root / "data/source" / name
    path.parent.mkdir(parents=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    project.edit("conf/evaluate/metrics.yaml", "resamples: 100", "resamples: 20")
    assert project.repro()[-1] == "register"
    assert json.loads(project.read("reports/metrics.json"))[metric] > floor
    assert json.loads(project.read("reports/verdict.json"))["decision"] == "promote"
    assert project.repro() == []
    if task == "multiclass":
        assert_its_tests_know_its_columns(project)
        assert_a_missing_value_has_the_projects_words(project, frame)

    scored = predictions(project, f"data/source/{name}")
    assert len(scored) == len(frame)
    if task == "regression":
        assert scored["score"].equals(scored["prediction"])
    else:
        assert set(scored["prediction"]) <= set(frame[target])
        probabilities = [column for column in scored if column.startswith("probability_")]
        assert scored[probabilities].sum(axis=1).to_numpy() == pytest.approx(1)
    project.dvc("plots", "show")  # every file that dvc.yaml names can be drawn
    if task == "regression":
        assert_read_as_people_write(project, frame)
    found = project.mlops("monitor", "--data", f"data/source/{name}", check=False)
    assert found.returncode in (0, 10), found.stdout + found.stderr
    if task == "regression":
        serve_and_monitor(project, frame, scored)
    if task == "binary":
        assert_it_may_be_moved(project, f"data/source/{name}", scored)


def assert_a_missing_value_has_the_projects_words(project: Project, frame: pd.DataFrame) -> None:
    rows = frame.head(2).assign(ash=-999.0)
    rows.to_csv(project.root / "words.csv", index=False)
    rows.assign(ash=None).to_csv(project.root / "empty.csv", index=False)
    scored = predictions(project, "words.csv")
    assert scored.equals(predictions(project, "empty.csv"))
    # As a key that a request leaves out.
    rows.drop(columns="ash").to_csv(project.root / "lacking.csv", index=False)
    said = project.mlops("predict", "lacking.csv", "--output", "lacking.parquet").stderr
    assert "lacking.csv has no column 'ash': taken as missing." in said
    assert scored.equals(pd.read_parquet(project.root / "lacking.parquet"))
    schema = project.yaml("schema.yaml")["columns"]["ash"]
    assert (schema["nullable"], schema["min"] > 0) == (True, True)


def serve_and_monitor(project: Project, frame: pd.DataFrame, scored: pd.DataFrame) -> None:
    """Send the rows over HTTP, and monitor what was logged, with the labels that arrived."""
    fees = pd.read_parquet(project.root / "data/validated.parquet")["fee"]
    raw = frame.drop(columns=["target", "Unnamed: 0"]).assign(fee=fees).astype(object)
    rows = raw.where(raw.notna(), None).to_dict("records")
    del rows[0]["patient"]
    with serving(project, project.root) as http:
        alone = http.post("/predict", json=rows[0]).json()["predictions"]
        others = http.post("/predict", json={"rows": rows[1:]}).json()["predictions"]
    answers = [*alone, *others]
    assert [answer["score"] for answer in answers] == scored["score"].tolist()
    assert [answer.get("patient") for answer in answers[:2]] == [None, 2**53 + 2]

    digits = frame[frame["clinic"].isin(["007", "012"])]
    digits.to_csv(project.root / "digits.csv", index=False)
    part = predictions(project, "digits.csv --no-log")
    assert part["score"].tolist() == scored["score"][digits.index].tolist()
    assert part["patient"].tolist() == digits["patient"].tolist()

    (log,) = (project.root / "monitoring/predictions").glob("*.jsonl")
    with log.open("a") as stream:
        stream.write('{"row": {"age')
    labels = frame[["patient", "target"]].astype({"patient": str})
    labels.to_csv(project.root / "labels.csv", index=False)
    # The batches of the file, which are of the same rows, are out of the way.
    for batch in log.parent.glob("*.parquet"):
        batch.unlink()
    done = project.mlops("monitor", "--labels", "labels.csv", "--name", "served", check=False)
    assert "left out of the prediction log, as it cannot be read: 1 record(s)" in done.stderr
    report = json.loads(project.read("monitoring/reports/served/report.json"))
    assert report["window"]["rows"] == len(frame)
    assert report["skipped"] == {"records": 1, "files": []}
    assert report["performance"]["n_current"] == len(frame) - 1
    quality = report["data_quality"]["columns"]
    assert {"score", "predicted:score", "version", "rows", "clinic", "updated_at"} <= set(quality)
    assert {column["bad_share"] for column in quality.values()} == {0.0}


def assert_it_may_be_moved(project: Project, rows: str, scored: pd.DataFrame) -> None:
    """In another folder, whose name is odd, the champion is there and nothing is stale."""
    moved = Project(project.root.rename(project.root.with_name("100%20?now")))
    give_environment(moved)
    assert moved.repro() == []
    pd.testing.assert_frame_equal(predictions(moved, rows), scored)
    assert "champion" in moved.mlops("history").stdout


def assert_its_tests_know_its_columns(project: Project) -> None:
    """The project's own tests pass on features of its own columns, and find one that leaks."""
    before = project.read("src/late/features.py")
    tests = ("python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    good, leaking = 'rows["alcohol"] > 13', 'rows["alcohol"] > rows["alcohol"].mean()'
    project.edit("src/late/features.py", "date_parts(rows)", f"date_parts(rows).assign(x={good})")
    passed = project.run(*tests).stdout
    assert " passed" in passed
    assert "skipped" not in passed
    project.edit("src/late/features.py", good, leaking)
    failed = project.run(*tests, check=False)
    assert "1 failed" in failed.stdout
    assert "test_a_row_has_the_same_features_alone_as_among_others" in failed.stdout
    project.write("src/late/features.py", before)


def assert_read_as_people_write(project: Project, frame: pd.DataFrame) -> None:
    """Numbers and days in text are features by their values, and the number of the row is none."""
    columns = pd.read_parquet(project.root / "data/validated.parquet")
    assert "Unnamed: 0" not in columns
    assert (columns["fee"].dtype.kind, columns["seen"].dtype.kind) == ("f", "M")
    # One row alone, and a table whose numbers are numbers already, get the scores of the file.
    scored = predictions(project, "data/source/data.tsv")["score"].to_numpy()
    frame.iloc[[5]].drop(columns="Unnamed: 0").to_csv(project.root / "one.csv", index=False)
    assert predictions(project, "one.csv")["score"].to_numpy() == pytest.approx(scored[5])
    columns.to_parquet(project.root / "typed.parquet")
    assert predictions(project, "typed.parquet")["score"].to_numpy() == pytest.approx(scored)


def predictions(project: Project, rows: str, **options: Any) -> pd.DataFrame:
    project.mlops("predict", *rows.split(), "--output", "scored.parquet", **options)
    return pd.read_parquet(project.root / "scored.parquet")


@pytest.mark.parametrize("trainer", ["xgboost", "lightgbm", "estimator"])
def test_every_trainer_takes_classes_with_names(
    fresh: Callable[..., Project], trainer: str
) -> None:
    project = fresh(
        data_source="file", data_path="data.csv", target_column="cultivar", task="multiclass"
    )
    wine().to_csv(project.root / "data.csv", index=False)
    project.edit("conf/config.yaml", "- train: sklearn", f"- train: {trainer}")
    project.mlops("compose")
    for stage in ("ingest", "validate", "split", "features", "train", "evaluate"):
        project.mlops("run", stage)
    assert json.loads(project.read("reports/metrics.json"))["balanced_accuracy"] > 0.8
