"""The default monitor: what it must find, what it must let pass, and what it writes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets, linear_model, metrics

from mlops_plugins.api.context import Context, Data
from mlops_plugins.artifacts import schema
from mlops_plugins.artifacts.files import digest
from mlops_plugins.stages.monitor import comparison
from mlops_plugins.stages.monitor.columns import Table
from mlops_plugins.stages.monitor.drift import DriftMonitor
from mlops_plugins.stages.monitor.options import Drift
from mlops_plugins.stages.monitor.performance import weighted_metric
from mlops_plugins.stages.monitor.statistics import numeric_drift

FLIGHTS = Data(task="binary", target="late", time="scheduled", id="flight_id")


@dataclass
class Bench:
    """A project with a model and a reference, to hold windows against."""

    root: Path
    reference: pd.DataFrame
    data: Data = FLIGHTS
    classes: list[Any] | None = field(default_factory=lambda: [False, True])

    def __post_init__(self) -> None:
        raw = self.reference.drop(columns=["score", "prediction"])
        whole = schema.infer(raw, self.data).to_dict()
        model = {"schema": whole, "task": self.data.task, "classes": self.classes}
        (self.root / "model").mkdir(parents=True, exist_ok=True)
        (self.root / "model/manifest.json").write_text(json.dumps(model, default=str))
        self.reference.to_parquet(self.root / "reference.parquet")

    def monitor(self, window: pd.DataFrame, **options: Any) -> dict[str, Any]:
        window.to_parquet(self.root / "current.parquet")
        context = Context(
            root=self.root, project="p", data=self.data, seed=42, threads=1, log=lambda _: None
        )
        finding = DriftMonitor(**options).monitor(
            context,
            reference=self.root / "reference.parquet",
            current=self.root / "current.parquet",
            model=self.root / "model",
            output=self.root / "report",
        )
        report = json.loads((self.root / "report/report.json").read_text())
        assert (report["status"], tuple(report["reasons"])) == (finding.status, finding.reasons)
        return report


def flights(rows: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    wind = draw.normal(20, 8, rows)
    score = 1 / (1 + np.exp(1.5 - (wind - 20) / 5))
    return pd.DataFrame(
        {
            "scheduled": pd.date_range("2026-03-01", periods=rows, freq="min"),
            "flight_id": np.arange(rows),
            "wind": wind,
            "distance": draw.integers(100, 3000, rows),
            "carrier": draw.choice(["UA", "AA", "DL", "B6"], rows),
            "night": draw.random(rows) < 0.3,
            "gust": np.where(draw.random(rows) < 0.2, np.nan, draw.exponential(8, rows)),
            "tail": [f"N{number}" for number in draw.integers(0, 10**6, rows)],
            "late": draw.random(rows) < score,
            "score": score,
            "prediction": score > 0.5,
        }
    )


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, flights(4000, seed=0))


def columns(report):
    return {column["name"]: column for column in report["drift"]["columns"]}


def drifted(report):
    return {name for name, column in columns(report).items() if column["decision"] == "drift"}


def test_a_window_like_the_reference_is_ok(bench):
    report = bench.monitor(flights(1500, seed=1))
    assert report["status"] == "ok"
    assert report["performance"]["status"] == "ok"
    assert report["data_quality"]["status"] == "ok"
    assert report["window"] == {
        "rows": 1500, "from": "2026-03-01T00:00:00", "to": "2026-03-02T00:59:00",
    }  # fmt: skip
    assert report["reference"] == {
        "rows": 4000, "sha256": digest(bench.root / "reference.parquet"),
    }  # fmt: skip


def test_time_id_and_target_are_not_compared(bench):
    assert set(columns(bench.monitor(flights(500, seed=1)))) == {
        "wind", "distance", "carrier", "night", "gust", "tail", "score",
    }  # fmt: skip


def test_every_number_says_what_it_rests_on(bench):
    report = bench.monitor(flights(500, seed=1))
    keys = {"n_reference", "n_current", "method", "threshold", "decision"}
    for column in columns(report).values():
        for test in column["tests"]:
            assert keys <= set(test)
    assert keys <= set(report["performance"])
    for found in report["data_quality"]["columns"].values():
        assert keys - {"n_reference"} <= set(found)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("wind", lambda w: w.assign(wind=w.wind + 4)),
        ("carrier", lambda w: w.assign(carrier=w.carrier.where(w.carrier != "UA", "AA"))),
        ("night", lambda w: w.assign(night=~w.night)),
        ("gust", lambda w: w.assign(gust=w.gust.where(w.index % 2 == 0))),
        ("tail", lambda w: w.assign(tail="unknown")),
    ],
)
def test_a_change_of_any_kind_of_column_is_drift(bench, name, change):
    report = bench.monitor(change(flights(1500, seed=1)))
    assert report["status"] == "drift"
    assert drifted(report) == {name}
    assert any(name in reason for reason in report["reasons"])


def test_the_columns_that_moved_most_come_first(bench):
    window = flights(1500, seed=1)
    window["wind"] += 16
    window["distance"] = window["distance"] * 0.8
    assert [c["name"] for c in bench.monitor(window)["drift"]["columns"]][:2] == [
        "wind", "distance",
    ]  # fmt: skip


def test_a_drift_of_the_prediction_alone_suffices(bench):
    window = flights(1500, seed=1)
    window["score"] = window["score"] ** 0.5
    report = bench.monitor(window.drop(columns="late"), drift={"min_drifted_share": 1.0})
    assert report["status"] == "drift"
    assert report["drift"]["prediction"] == "drift"


def test_of_several_classes_the_predicted_one_is_compared_too(tmp_path):
    draw = np.random.default_rng(0)
    data = Data(task="multiclass", target="kind")

    def made(odds):
        kind = draw.choice(["a", "b", "c"], 1000, p=odds)
        return pd.DataFrame({"x": draw.normal(size=1000), "kind": kind, "prediction": kind,
                             "score": draw.random(1000)})  # fmt: skip

    bench = Bench(tmp_path, made([0.4, 0.3, 0.3]), data, ["a", "b", "c"])
    assert drifted(bench.monitor(made([0.1, 0.2, 0.7]))) == {"prediction"}


def test_few_drifted_columns_of_many_are_told_but_not_acted_on(bench):
    window = flights(1500, seed=1)
    window["distance"] = window["distance"] * 0.5
    report = bench.monitor(window, drift={"min_drifted_share": 0.5})
    assert (report["status"], drifted(report)) == ("ok", {"distance"})
    assert "distance" in report["reasons"][0]


def test_an_ignored_column_may_move(bench):
    window = flights(1500, seed=1)
    window["distance"] = window["distance"] * 0.5
    report = bench.monitor(window, drift={"ignore": ["distance"]})
    assert report["status"] == "ok"
    assert "distance" not in columns(report)


@pytest.mark.parametrize("rows", [0, 1, 199])
def test_too_few_rows_decide_nothing_however_much_they_moved(bench, rows):
    window = flights(rows, seed=1)
    window["wind"], window["score"], window["distance"] = window["wind"] + 80, 1.0, -5
    report = bench.monitor(window)
    decisions = re.findall(r'"(?:decision|status)": "(\w+)"', json.dumps(report))
    assert report["status"] == "insufficient_data"
    assert set(decisions) == {"insufficient_data"}


def test_a_tiny_reference_decides_nothing(tmp_path):
    report = Bench(tmp_path, flights(19, seed=0)).monitor(flights(3000, seed=1))
    assert report["status"] == "insufficient_data"
    assert report["reasons"] == ["a reference of 19 rows is too small: 20 are needed"]


def test_a_short_reference_is_enough_for_a_large_change(tmp_path):
    bench = Bench(tmp_path, flights(60, seed=0))
    same = bench.monitor(flights(1000, seed=1))
    assert [same[section]["status"] for section in ("drift", "performance")] == ["ok", "ok"]
    window = flights(1000, seed=1)
    window["wind"] += 16
    assert "wind" in drifted(bench.monitor(window))
    window = flights(1000, seed=1)
    window["late"] = ~window["late"]
    lost = bench.monitor(window)["performance"]
    assert lost["status"] == "alarm"
    assert lost["change"]["high"] < -0.02


def test_what_a_short_reference_makes_uncertain_is_no_loss_of_performance(tmp_path):
    """Of sixty rows, ranked by chance better than others, a window like them falls behind."""
    reference = flights(60, seed=0)
    order = reference["score"].sort_values().index
    reference.loc[order, "late"] = reference["late"].sort_values().to_numpy()
    reference.loc[order[25:35], "late"] = flights(60, seed=0)["late"][25:35].to_numpy()
    section = Bench(tmp_path, reference).monitor(flights(1000, seed=1))["performance"]
    assert section["high"] < section["reference"] - 0.02
    assert section["change"]["low"] < section["change"]["value"] < section["change"]["high"]


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("wind", np.nan, "missing"),
        ("wind", 1e9, "out of range"),
        ("wind", np.inf, "out of range"),
        ("carrier", "ZZ", "of unknown categories"),
        ("carrier", None, "missing"),
        ("score", np.nan, "missing"),
    ],
)
def test_data_that_break_the_schema_are_an_alarm(bench, name, values, reason):
    window = flights(1000, seed=1)
    window.loc[:29, name] = values
    report = bench.monitor(window)
    assert report["status"] == "alarm"
    assert report["data_quality"]["columns"][name]["decision"] == "alarm"
    assert report["data_quality"]["reasons"] == [f"3.0% of '{name}' break the schema: 30 {reason}"]


def test_a_few_bad_values_are_counted_and_let_pass(bench):
    window = flights(1000, seed=1)
    window.loc[:4, "carrier"] = "ZZ"
    report = bench.monitor(window)
    found = report["data_quality"]["columns"]["carrier"]
    assert (report["status"], found["unseen"], found["unseen_examples"]) == ("ok", 5, ["ZZ"])
    assert bench.monitor(window, max_bad_share=0.004)["status"] == "alarm"


def test_text_where_a_number_belongs_is_an_alarm(bench):
    window = flights(1000, seed=1)
    window["distance"] = window["distance"].astype(str).where(window.index > 50, "far")
    assert bench.monitor(window)["data_quality"]["columns"]["distance"]["unreadable"] == 51


def test_nulls_are_no_breach_where_the_schema_allows_them(bench):
    found = bench.monitor(flights(1000, seed=1))["data_quality"]["columns"]["gust"]
    assert found["nulls_share"] > 0.1
    assert found["decision"] == "ok"


@pytest.mark.parametrize("name", ["wind", "carrier", "score"])
def test_a_missing_column_is_an_alarm(bench, name):
    report = bench.monitor(flights(1000, seed=1).drop(columns=name))
    assert report["status"] == "alarm"
    assert columns(report)[name]["decision"] == "not_compared"
    assert f"the column '{name}' is missing" in report["reasons"]


def test_dtypes_may_change_on_the_way_through_a_log(bench):
    window = flights(1500, seed=1)
    window["night"] = window["night"].astype(float)
    window["distance"] = window["distance"].astype(float)
    window["late"] = window["late"].astype(object).where(window.index > 100, None)
    report = bench.monitor(window)
    assert report["status"] == "ok"
    assert report["performance"]["n_current"] == 1399


def test_lost_performance_is_an_alarm(bench):
    window = flights(1500, seed=1)
    window["late"] = np.random.default_rng(3).permutation(window["late"])
    report = bench.monitor(window)
    assert report["status"] == "alarm"
    assert report["performance"]["change"]["high"] < -0.02
    assert "roc_auc fell from" in report["reasons"][0]


def test_a_loss_within_the_tolerance_is_none(bench):
    window = flights(1500, seed=1)
    window["late"] = np.random.default_rng(3).permutation(window["late"])
    assert bench.monitor(window, performance={"max_drop": 0.9})["performance"]["status"] == "ok"


def test_performance_waits_for_labels(bench):
    window = flights(1500, seed=1)
    window["late"] = window["late"].astype(object).where(window.index < 150, None)
    found = bench.monitor(window)["performance"]
    assert (found["status"], found["n_current"], found["coverage"]) == (
        "insufficient_labels", 150, 0.1,
    )  # fmt: skip
    assert bench.monitor(window, performance={"min_labels": 150})["performance"]["status"] == "ok"
    assert bench.monitor(window.drop(columns="late"))["performance"]["coverage"] == 0


def test_labels_of_one_class_say_nothing(bench):
    window = flights(1500, seed=1).assign(late=True)
    assert bench.monitor(window)["performance"]["status"] == "insufficient_labels"


def test_the_metrics_are_those_of_scikit_learn():
    draw = np.random.default_rng(0)
    truth, score = draw.random(500) < 0.3, draw.random(500).round(1)
    classes, guess = draw.integers(0, 4, 500), draw.integers(0, 5, 500)
    value, once = draw.normal(size=500), np.ones(500)
    assert weighted_metric("binary", truth, score)(once) == pytest.approx(
        metrics.roc_auc_score(truth, score)
    )
    assert weighted_metric("multiclass", classes, guess)(once) == pytest.approx(
        metrics.recall_score(classes, guess, average="macro", labels=range(4))
    )
    assert weighted_metric("regression", value, score)(once) == pytest.approx(
        metrics.r2_score(value, score)
    )


def test_a_regression_on_real_data_loses_its_performance_when_the_target_doubles(tmp_path):
    whole = datasets.load_diabetes(as_frame=True).frame
    model = linear_model.LinearRegression().fit(whole.drop(columns="target"), whole["target"])
    whole["score"] = model.predict(whole.drop(columns="target"))
    whole["prediction"] = whole["score"]
    halves = whole.iloc[::2].reset_index(drop=True), whole.iloc[1::2].reset_index(drop=True)
    bench = Bench(tmp_path, halves[0], Data(task="regression", target="target"), None)
    assert bench.monitor(halves[1])["status"] == "ok"
    report = bench.monitor(halves[1].assign(target=halves[1]["target"] * 2))
    assert report["status"] == "alarm"
    assert report["performance"]["metric"] == "r2"


def test_several_classes_on_real_data(tmp_path):
    whole = datasets.load_wine(as_frame=True).frame.sample(900, replace=True, random_state=0)
    whole = whole.reset_index(drop=True).assign(score=0.9, prediction=lambda w: w["target"])
    data = Data(task="multiclass", target="target")
    bench = Bench(tmp_path, whole.iloc[::2].reset_index(drop=True), data, [0, 1, 2])
    window = whole.iloc[1::2].reset_index(drop=True)
    assert bench.monitor(window)["performance"]["current"] == 1
    window["target"] = (window["target"] + (window.index % 5 == 0)) % 3
    report = bench.monitor(window)
    assert report["performance"]["status"] == "alarm"
    expected = metrics.balanced_accuracy_score(window["target"], window["prediction"])
    assert report["performance"]["current"] == pytest.approx(expected, abs=1e-5)


def odd(kind: str, rows: int, draw: np.random.Generator) -> Any:
    made = {
        "constant": lambda: np.full(rows, 0.1),
        "all null": lambda: np.full(rows, np.nan),
        "null text": lambda: pd.Series([None] * rows, dtype=object),
        "one category": lambda: np.full(rows, "a"),
        "every text different": lambda: [f"{number:.17f}" for number in draw.random(rows)],
        "boolean": lambda: draw.random(rows) < 0.5,
        "boolean or null": lambda: pd.array(
            draw.choice([True, False, None], rows), dtype="boolean"
        ),
        "infinite": lambda: draw.choice([np.inf, -np.inf, 0.0, 1.0], rows),
        "only infinite": lambda: np.full(rows, -np.inf),
        "enormous": lambda: draw.choice([-8e307, 8e307, 0.0], rows),
        "tiny": lambda: draw.choice([0.0, 5e-324], rows),
        "integers": lambda: draw.integers(-5, 5, rows),
        "nullable integers": lambda: pd.array(draw.choice([1, 2, None], rows), dtype="Int64"),
        "dates": lambda: pd.date_range("2026-01-01", periods=rows, freq="h"),
        "markup": lambda: draw.choice(["<script>alert(1)</script>", "&amp;"], rows),
    }
    return made[kind]()


ODD = (
    "constant", "all null", "null text", "one category", "every text different", "boolean",
    "boolean or null", "infinite", "only infinite", "enormous", "tiny", "integers",
    "nullable integers", "dates", "markup",
)  # fmt: skip


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("before", ODD)
def test_every_column_followed_by_any_other_gets_a_decision(tmp_path, before):
    draw = np.random.default_rng(0)

    def table(kinds):
        made = {f"to {after}": odd(kind, 400, draw) for after, kind in kinds.items()}
        late, score = draw.random(400) < 0.5, draw.random(400)
        return pd.DataFrame({**made, "late": late, "score": score, "prediction": score > 0.5})

    bench = Bench(tmp_path, table(dict.fromkeys(ODD, before)), Data(task="binary", target="late"))
    report = bench.monitor(table({kind: kind for kind in ODD}))
    assert report["status"] in {"ok", "drift", "alarm"}
    for column in report["drift"]["columns"]:
        assert column["decision"] in {"ok", "drift"}
        for test in column["tests"]:
            assert 0 <= test["p_adjusted"] <= 1
            assert test["effect"] >= 0
    if before != "dates":
        assert columns(report)[f"to {before}"]["decision"] == "ok"
    assert "<script>alert" not in (tmp_path / "report/report.html").read_text()


def test_rare_categories_are_counted_together(bench):
    tail = columns(bench.monitor(flights(1500, seed=1)))["tail"]
    assert tail["distribution"]["names"][0].endswith(" rare")
    assert tail["tests"][0]["p"] == 1


def test_leaving_a_constant_is_drift(tmp_path):
    bench = Bench(tmp_path, flights(500, seed=0).assign(distance=7))
    window = flights(500, seed=1).assign(distance=7)
    assert "distance" not in drifted(bench.monitor(window))
    window.loc[:99, "distance"] = 8
    assert "distance" in drifted(bench.monitor(window))


def test_the_same_inputs_give_the_same_bytes(bench):
    written = []
    for _ in range(2):
        bench.monitor(flights(1500, seed=1))
        folder = bench.root / "report"
        written.append([(folder / name).read_bytes() for name in ("report.json", "report.html")])
    assert written[0] == written[1]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.resources: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "br"}:
            self.open.append(tag)
        self.resources += [value for name, value in attributes if name in {"src", "href"}]

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("rows", [0, 1500])
def test_the_page_is_whole_and_needs_nothing_else(bench, rows):
    report = bench.monitor(flights(rows, seed=1))
    text = (bench.root / "report/report.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.resources == []
    assert not re.search(r"https?:|url\(|@import|<script|nan", text)
    for reason in report["reasons"]:
        assert reason.replace("'", "&#39;") in text


def test_the_monitor_needs_numpy_scipy_and_pandas_only(bench):
    bench.monitor(flights(300, seed=1))
    program = """
import sys
sys.modules |= dict.fromkeys(("sklearn", "evidently", "matplotlib"))
sys.path.insert(0, {tests!r})
from pathlib import Path
from mlops_plugins.stages.monitor.drift import DriftMonitor
from mlops_plugins.api.context import Context, Data
assert not {{"pandas", "scipy", "jinja2"}} & set(sys.modules)
root = Path({root!r})
data = Data(task="binary", target="late", time="scheduled", id="flight_id")
context = Context(root=root, project="p", data=data, seed=42, threads=1, log=print)
finding = DriftMonitor().monitor(context, reference=root / "reference.parquet",
    current=root / "current.parquet", model=root / "model", output=root / "again")
print(finding.status)
"""
    made = program.format(root=str(bench.root), tests=sys.path[0])
    done = subprocess.run([sys.executable, "-c", made], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("ok", 0), done.stderr


class Held(Table):
    """A table in memory, as two hundred windows on disk take minutes."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(Path(), frozenset(frame.columns), len(frame))
        object.__setattr__(self, "frame", frame)

    def read(self, name: str) -> pd.Series[Any] | None:
        return self.frame[name]


LETTERS = np.array(list("abcdefgh"), dtype=object)
KINDS = {
    **{f"n{i}": "number" for i in range(8)},
    **{f"e{i}": "number" for i in range(4)},
    **{f"c{i}": "category" for i in range(5)},
    **{f"b{i}": "boolean" for i in range(3)},
    "score": "number",
}


def twenty(rows: int, draw: np.random.Generator) -> pd.DataFrame:
    """Twenty columns of which none says anything about another, and a score."""
    made = {
        "n": lambda: draw.normal(size=rows),
        "e": lambda: draw.exponential(size=rows),
        "c": lambda: LETTERS[draw.integers(8, size=rows)],
        "b": lambda: draw.random(rows) < 0.2,
        "s": lambda: draw.random(rows),
    }
    return pd.DataFrame({name: made[name[0]]() for name in KINDS})


def alerts(rows: int, windows: int, shift: float = 0.0, reference_rows: int = 5000) -> float:
    """Return the share of windows that are alerted on, a short reference drawn for each."""
    draw, drifts = np.random.default_rng(rows), []
    reference = Held(twenty(reference_rows, draw))
    for _ in range(windows):
        if reference_rows < 1000:
            reference = Held(twenty(reference_rows, draw))
        window = twenty(rows, draw)
        window["n0"] += shift
        section = comparison.compare(reference, Held(window), KINDS, Drift(), seed=42)
        drifts.append(section["status"] == "drift")
    return float(np.mean(drifts))


@pytest.mark.slow
@pytest.mark.parametrize(("rows", "windows"), [(200, 200), (1000, 200), (50_000, 20)])
def test_of_clean_windows_at_most_one_in_twenty_alerts(rows, windows):
    assert alerts(rows, windows) <= 0.05


@pytest.mark.slow
def test_of_clean_windows_at_most_one_in_twenty_alerts_with_a_short_reference():
    assert alerts(1000, 60, reference_rows=20) <= 0.05


@pytest.mark.slow
def test_half_a_standard_deviation_in_one_of_twenty_columns_is_found():
    assert alerts(1000, windows=40, shift=0.5) >= 0.95


@pytest.mark.parametrize("shift", [0.02, 0.06])
def test_a_small_shift_in_a_large_window_is_let_pass(shift):
    assert alerts(100_000, windows=3, shift=shift) == 0


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_the_largest_floats_have_a_distance():
    edge = np.array([-1.7e308, 0.0, 1.7e308])
    assert numeric_drift(edge, edge).effect == 0
    assert 0 < numeric_drift(edge, edge[1:]).effect < 10
    assert 1 < numeric_drift(np.array([0.0, 1e-300]), edge).effect < np.inf
