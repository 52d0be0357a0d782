"""Each check of the conformance suite fails on an implementation that breaks what it checks."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from textwrap import dedent, indent
from typing import TYPE_CHECKING, Any

import pytest

from mlops_plugins import Stage
from mlops_plugins.manager.plugin_manager import plugin_manager
from mlops_plugins.testing import Check, ConformanceError, checks, contracts
from mlops_plugins.testing.contracts import plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

OFFER = """\
from mlops_plugins import ComponentSpec, Stage, hookimpl
{above}

@hookimpl
def mlops_implementations():
    yield ComponentSpec(
        stage=Stage("{stage}"), name="acme", target="acme_ml_code:Acme", **{{"summary": "x", **{offer}}}
    )
"""


@dataclass(frozen=True)
class Broken:
    """An implementation that is broken in one way, the check that must find it, and what it says.

    `code` is a class body; its class is made from a built-in one, `base`.
    """

    stage: str
    check: str
    said: str
    code: str = "pass"
    base: str = ""
    above: str = ""
    offer: str = "{}"
    doc: bool = True


BASES = {
    "ingest": "mlops_plugins.stages.ingest.sample:Sample",
    "validate": "mlops_plugins.stages.validate.pandera:Pandera",
    "profile": "shelf:Page",
    "split": "mlops_plugins.stages.split.random:Random",
    "features": "mlops_plugins.stages.features.project:ProjectFeatures",
    "tune": "mlops_plugins.stages.tune.none:NoTuner",
    "train": "mlops_plugins.stages.train.sklearn:GradientBoosting",
    "evaluate": "mlops_plugins.stages.evaluate.metrics:Metrics",
    "explain": "mlops_plugins.stages.explain.permutation:Permutation",
    "gate": "mlops_plugins.stages.gate.champion:Gatekeeper",
    "report": "mlops_plugins.stages.report.page:Page",
    "track": "mlops_plugins.stages.track.none:NoTracker",
    "register": "shelf:Shelf",
    "serve": "mlops_plugins.api.component:Component",
    "monitor": "mlops_plugins.stages.monitor.drift:DriftMonitor",
    "retrain": "mlops_plugins.stages.retrain.policy:Policy",
    "notify": "mlops_plugins.stages.notify.log:Log",
}

SHELF = '''
import shutil
from mlops_plugins import ModelError, Component
from mlops_plugins.artifacts import files
from mlops_plugins.api.contracts.register import Champion

class Shelf(Component):
    """Keeps models in folders; right in all that is checked."""

    def register(self, context, *, model, reference, verdict, run, report, lineage, output):
        judged, digest = files.read_json(verdict), files.digest(model)
        if judged["model"] != digest:
            raise ModelError("another model")
        shelf, alias = context.home / "shelf", None
        current = self.champion(context)
        if judged["decision"] != "block":
            if current and judged["champion"] != current.version and current.digest != digest:
                raise ModelError("another champion")
            alias = "champion" if judged["decision"] == "promote" else "challenger"
            self.keep(shelf / alias, model, reference)
        files.write_json(output, {"digest": digest, "alias": alias})

    def keep(self, folder, model, reference):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(model, folder / "model")
        shutil.copyfile(reference, folder / "reference.parquet")

    def champion(self, context):
        folder = context.home / "shelf" / "champion"
        if not folder.exists():
            return None
        digest = files.digest(folder / "model")
        return Champion(
            version=digest[:8],
            digest=digest,
            fetch=lambda empty: shutil.copytree(folder, empty, dirs_exist_ok=True),
        )
'''

PAGE = '''
from mlops_plugins.artifacts import tables

class Page(Component):
    """Counts rows; right in all that is checked."""

    def profile(self, context, *, table, schema, output):
        files.write_json(output / "profile.json", {"rows": tables.read(table).num_rows})
        files.write_text(output / "profile.html", "<!doctype html><html lang=en><title>Rows</title></html>")
'''

TRAIN = """
def train(self, context, *, features, output):
    super().train(context, features=features, output=output)
"""
LOAD = """
def load(self, path):
    inner = super().load(path)
    return Scores(lambda features: {expression})
"""
SPLIT = """
def split(self, context, *, table, output):
    super().split(context, table=table, output=output)
"""
BEFORE_SPLIT = """
def split(self, context, *, table, output):
    {statement}
    super().split(context, table=table, output=output)
"""
REWRITE = """
    path = output / "{file}"
    tables.write(({expression})(tables.read(path)), path)
"""
VALIDATE = """
def validate(self, context, *, raw, schema, output, report):
    super().validate(context, raw=raw, schema=schema, output=output, report=report)
"""
FEATURES = """
def features(self, context, *, splits, schema, output):
    super().features(context, splits=splits, schema=schema, output=output)
"""
RECIPE = """
def recipe(self, path):
    inner = super().recipe(path)
    return lambda rows: {expression}
"""
EVALUATE = """
def evaluate(self, context, *, model, splits, metrics, output):
    super().evaluate(context, model=model, splits=splits, metrics=metrics, output=output)
"""
EXPLAIN = """
def explain(self, context, *, model, splits, output):
    super().explain(context, model=model, splits=splits, output=output)
"""
EXPLAIN_ROW = """
def explain_row(self, context, *, model, reference, row):
    found = super().explain_row(context, model=model, reference=reference, row=row)
"""
GATE = """
def gate(self, context, *, champion, output, **inputs):
    super().gate(context, champion=champion, output=output, **inputs)
    verdict = files.read_json(output)
    {statement}
    files.write_json(output, verdict)
"""
REGISTER = """
def register(self, context, *, model, output, **others):
    super().register(context, model=model, output=output, **others)
"""
MONITOR = """
def monitor(self, context, *, reference, current, model, output):
    {before}
    finding = super().monitor(
        context, reference=reference, current=current, model=model, output=output
    )
    {statement}
    return finding
"""
NO_KEY = "except MlopsError as error: raise KeyError('late') from error"
CARELESS = """
def {stage}(self, context, **arguments):
    try:
        super().{stage}(context, **arguments)
    {no_key}
"""

PLAIN_SPLIT = "splits flights (binary)"
DETERMINISTIC = "is deterministic under the seed"
KILLED = "leaves what was there when it is killed"
PROMISES = "writes what it promises"
ALONE = "changes nothing but its outputs"


def careless(stage: str) -> str:
    """Return a stage that refuses, but with an error that no user understands."""
    return CARELESS.format(stage=stage, no_key=NO_KEY)


GENERAL = [
    Broken("split", "is described", "one line", offer="{'summary': 'one\\ntwo'}"),
    Broken("split", "is described", "1 or more", offer="{'cache_version': 0}"),
    Broken("split", "is described", "not installed: sklern", offer="{'libraries': ('sklern',)}"),
    Broken(
        "split",
        "is described",
        "found:    /nowhere/query.sql",
        above="from pathlib import Path",
        offer="{'sources': (Path('/nowhere/query.sql'),)}",
    ),
    Broken(
        "split",
        "keeps the signature of its stage",
        "missing a required argument: 'colour'",
        "def split(self, context, *, table, output, colour): ...",
    ),
    Broken("split", "documents itself and its options", "expected: a docstring", doc=False),
    Broken(
        "split", "documents itself and its options", "none of colour", 'colour: str = Field("red")'
    ),
    Broken(
        "split",
        "documents itself and its options",
        "none of limits.depth",
        "class Limits(OptionGroup):\n"
        "    depth: int = Field(3)\n"
        "limits: Limits = Field(Limits(), description='Limits of a tree.')",
    ),
    Broken(
        "split",
        "has valid defaults",
        "The option 'size' is 0",
        'size: int = Field(0, ge=1, description="Its size.")',
    ),
    Broken(
        "split",
        "writes its options as YAML",
        "The option 'sizes' is [1, 2]",
        'sizes: tuple[int, ...] = Field((1, 2), description="Its sizes.")',
    ),
    Broken(
        "split",
        "refuses an unknown option",
        "no error",
        'model_config = ConfigDict(extra="ignore")',
    ),
]

PIPELINE = [
    Broken(
        "split",
        PROMISES,
        "split/acme of acme-ml 1.2 wrote no data/splits/test.parquet",
        SPLIT + '    (output / "test.parquet").unlink()',
    ),
    Broken(
        "split",
        PROMISES,
        "ended without an error, and wrote no 'output'",
        BEFORE_SPLIT.format(statement='output = context.root / "data/splits"'),
    ),
    Broken(
        "split",
        ALONE,
        "notes.txt is new",
        SPLIT + '    (context.root / "notes.txt").write_text("seen")',
    ),
    Broken(
        "split",
        ALONE,
        "data/validated.parquet has changed",
        BEFORE_SPLIT.format(statement="tables.write(tables.read(table).slice(9), table)"),
    ),
    Broken(
        "split",
        DETERMINISTIC,
        "data/splits/train.parquet has changed",
        SPLIT
        + REWRITE.format(
            file="train.parquet",
            expression="lambda whole: whole.sort_by([(min(whole.column_names, key=hash), 'ascending')])"
            ".take(sorted(range(whole.num_rows), key=lambda row: hash(str(row))))",
        ),
    ),
    Broken(
        "train",
        DETERMINISTIC,
        "models/model/estimator/estimator.skops has changed",
        "def train(self, context, *, features, output):\n"
        "    import os\n"
        "    seed = int.from_bytes(os.urandom(3))\n"
        "    object.__setattr__(self, 'learning_rate', seed / 1e8 + 0.01)\n"
        "    super().train(context, features=features, output=output)",
    ),
    Broken(
        "split",
        KILLED,
        "data/splits has changed",
        BEFORE_SPLIT.format(statement='(context.root / "data/splits").write_text("half")'),
    ),
    Broken(
        "split",
        KILLED,
        "DataError: another run is at work",
        BEFORE_SPLIT.format(
            statement='lock = context.root / "lock"\n'
            "    if lock.exists(): raise DataError('another run is at work')\n"
            "    lock.touch()"
        )
        + "    lock.unlink()",
    ),
    Broken(
        "ingest",
        PROMISES,
        "no rows",
        "def ingest(self, context, *, output):\n"
        "    super().ingest(context, output=output)\n"
        "    tables.write(tables.read(output).slice(0, 0), output)",
    ),
    Broken(
        "ingest",
        PROMISES,
        "an index",
        "def ingest(self, context, *, output):\n"
        "    super().ingest(context, output=output)\n"
        "    tables.read_frame(output).head(9).set_index('carrier').to_parquet(output)",
    ),
    Broken(
        "ingest",
        "says where the table is from",
        "found:    ''",
        "def ingest(self, context, *, output):\n"
        "    super().ingest(context, output=output)\n"
        "    return Source(description='')",
    ),
    Broken(
        "ingest",
        "refuses a source without the target",
        "no error",
        "def ingest(self, context, *, output):\n"
        "    known = dataclasses.replace(context.data, target='late')\n"
        "    super().ingest(dataclasses.replace(context, data=known), output=output)",
    ),
]

PROFILE = """
def profile(self, context, *, table, schema, output):
    super().profile(context, table=table, schema=schema, output=output)
"""
SCRIPT = '<script src="https://cdn.example/plot.js"></script>'

PROFILES = [
    Broken(
        "profile",
        PROMISES,
        "https://cdn.example/plot.js",
        PROFILE + f"    (output / 'profile.html').write_text('<html>{SCRIPT}</html>')",
    ),
    Broken(
        "profile",
        PROMISES,
        "profile.json, which is ['late', 'carrier']",
        PROFILE + "    files.write_json(output / 'profile.json', ['late', 'carrier'])",
    ),
    Broken(
        "profile",
        "shows nulls in every feature",
        "NaN, which is no JSON",
        PROFILE + "    (output / 'profile.json').write_text('{\"mean\": NaN}')",
    ),
    Broken(
        "profile",
        "takes or refuses no rows",
        "ZeroDivisionError",
        PROFILE + "    1 / tables.read(table).num_rows",
    ),
    Broken(
        "profile",
        "takes or refuses a missing target",
        "KeyError",
        PROFILE + "    tables.read(table).column('late')",
    ),
]

REPORT = """
def report(self, context, *, card, output, **others):
    super().report(context, card=card, output=output, **others)
"""

REPORTS = [
    Broken(
        "report",
        PROMISES,
        "no such file",
        REPORT + "    (output / 'data-sheet.md').unlink()",
    ),
    Broken(
        "report",
        "reports on nulls in every feature",
        "https://cdn.example/plot.js",
        REPORT + f"    (output / 'report.html').write_text('<html>{SCRIPT}</html>')",
    ),
    Broken(
        "report",
        "tells what the card lacks",
        "parts that are missing",
        REPORT
        + "    told = files.read_json(output / 'card.json') | {'missing': []}\n"
        + "    files.write_json(output / 'card.json', told)",
    ),
    Broken(
        "report",
        "refuses a card that is none",
        "no error",
        "def report(self, context, *, card, output, **others):\n"
        "    super().report(context, card=context.root / 'none.yaml', output=output, **others)",
    ),
]

TUNE = """
def tune(self, context, *, features, splits, trainer, output):
    found = {{"train": trainer.name, "options": {{}}}}
    {statement}
    files.write_json(output / "best.json", found)
"""
TRIED = """
trials = [
        {"number": n, "state": "complete", "options": {"max_iter": n + 5}, "value": v, "folds": [v]}
        for n, v in enumerate([0.7, 0.9])
    ]
"""


def tried(statement: str) -> str:
    """Return a tuner of two trials, of which the second is better."""
    written = "files.write_json(output / 'trials.json', {'metric': 'roc_auc', 'trials': trials})"
    return TUNE.format(statement=f"{TRIED.strip()}\n    {statement}\n    {written}")


TUNES = [
    Broken(
        "tune",
        PROMISES,
        "as 'train' the trainer's name, sklearn",
        TUNE.format(statement="found['train'] = 'trees'"),
    ),
    Broken(
        "tune",
        PROMISES,
        "best.json without 'options'",
        TUNE.format(statement="found.pop('options')"),
    ),
    Broken(
        "tune",
        PROMISES,
        "There is no option 'depth'.",
        TUNE.format(statement="found['options'] = {'depth': 3}"),
    ),
    Broken(
        "tune",
        PROMISES,
        "the options of the trial whose value is highest: {'max_iter': 6}",
        tried("found['options'] = {'max_iter': 5}"),
    ),
    Broken("tune", PROMISES, "each trial once", tried("trials[1]['number'] = 0")),
    Broken("tune", PROMISES, "of each such one its value", tried("trials[1]['value'] = None")),
    Broken(
        "tune", PROMISES, "trials.json without 'trials[1].folds'", tried("trials[1].pop('folds')")
    ),
    Broken(
        "tune",
        "tunes for diabetes (regression)",
        "KeyError",
        TUNE.format(statement="{'binary': 1, 'multiclass': 2}[context.data.task]"),
    ),
    Broken(
        "tune",
        "looks at no row that judges the model",
        "test.parquet is missing",
        TUNE.format(statement="tables.read(splits / 'test.parquet')"),
    ),
    Broken(
        "tune",
        "looks at no row that judges the model",
        "reports/tuning/best.json has changed",
        TUNE.format(
            statement="found['options'] = {'max_iter': 7} if (features / 'test.parquet').exists() else {}"
        ),
    ),
    Broken(
        "tune",
        "says that every trial failed",
        "AttributeError",
        TUNE.format(statement="trainer.make({}).max_iter"),
    ),
    Broken(
        "tune",
        "takes or refuses no rows",
        "ZeroDivisionError",
        TUNE.format(statement="1 / tables.read(features / 'train.parquet').num_rows"),
    ),
]

SPLITS = [
    Broken(
        "split",
        PLAIN_SPLIT,
        "every row that has a target",
        SPLIT + REWRITE.format(file="train.parquet", expression="lambda whole: whole.slice(3)"),
    ),
    Broken(
        "split",
        PLAIN_SPLIT,
        "each row once, as it was",
        SPLIT
        + """
    train, test = (tables.read(output / f"{part}.parquet") for part in ("train", "test"))
    tables.write(pa.concat_tables([train, test.slice(0, 2)]), output / "train.parquet")
""",
    ),
    Broken(
        "split",
        PLAIN_SPLIT,
        "rows in both parts",
        SPLIT + REWRITE.format(file="test.parquet", expression="lambda whole: whole.slice(0, 0)"),
    ),
    Broken(
        "split",
        "drops only what has no target",
        "every row that has a target",
        BEFORE_SPLIT.format(
            statement="whole = tables.read(table)\n"
            "    if whole.column('late').null_count: tables.write(whole.slice(9), table)"
        )
        + "    tables.write(whole, table)",
    ),
    Broken("split", "refuses no rows", "KeyError: 'late'", careless("split")),
    Broken("split", "refuses one row", "KeyError: 'late'", careless("split")),
    Broken("split", "splits or refuses a table without the target", "KeyError", careless("split")),
]

VALIDATES = [
    Broken(
        "validate",
        "validates flights (binary)",
        "every row with its values, in order",
        VALIDATE + "    tables.write(tables.read(output).take([1, 0, *range(2, 409)]), output)",
    ),
    Broken(
        "validate",
        PROMISES,
        "reports/validation.json without 'findings[0].what'",
        VALIDATE + "    files.write_json(report, {'findings': [{'rule': 'nulls', 'row': 3}]})",
    ),
    Broken(
        "validate",
        "validates columns with odd names",
        "in its output",
        VALIDATE + "    tables.write(tables.read(output).drop_columns(['0']), output)"
        " if '0' in tables.read(output).column_names else None",
    ),
    Broken(
        "validate",
        "keeps the team's schema",
        "schema.yaml",
        VALIDATE + "    schema.write_text(schema.read_text() + '# validated once more\\n')",
    ),
    Broken(
        "validate",
        "names every breach of the schema",
        "an error that names distance too",
        "def validate(self, context, *, raw, schema, output, report):\n"
        "    try:\n"
        "        super().validate(context, raw=raw, schema=schema, output=output, report=report)\n"
        "    except DataError: raise DataError('carrier is wrong') from None",
    ),
    Broken("validate", "refuses a missing column", "KeyError", careless("validate")),
    Broken("validate", "refuses a missing target", "KeyError", careless("validate")),
    Broken(
        "validate",
        "takes or refuses no rows",
        "ZeroDivisionError",
        "def validate(self, context, *, raw, **others):\n"
        "    1 / tables.read(raw).num_rows\n"
        "    super().validate(context, raw=raw, **others)",
    ),
    Broken("validate", "refuses a broken file", "KeyError", careless("validate")),
]

MAKES_FEATURES = [
    Broken(
        "features",
        "takes flights (binary)",
        "trained on others than it predicts from",
        FEATURES
        + "    path = output / 'test.parquet'\n"
        + "    frame = tables.read_frame(path)\n"
        + "    tables.write_frame(frame.assign(distance=frame['distance'] / 2), path)",
    ),
    Broken(
        "features",
        "takes flights (binary)",
        "the target 'late'",
        FEATURES
        + "    path = output / 'test.parquet'\n"
        + "    tables.write(tables.read(path).drop_columns(['late']), path)",
    ),
    Broken(
        "features",
        "takes rows with weights",
        "beside the features the weight of each row, 'counts'",
        FEATURES
        + "    path = output / 'train.parquet'\n"
        + "    if context.data.weight:\n"
        + "        tables.write(tables.read(path).drop_columns(['counts']), path)",
    ),
    Broken(
        "features",
        "takes columns with odd names",
        "one row for each of",
        FEATURES
        + "    path = output / 'test.parquet'\n"
        + "    tables.write(tables.read(path).slice(1), path)",
    ),
    Broken(
        "features",
        "treats each row alone",
        "the features that the row has among others",
        RECIPE.format(
            expression="inner(rows).assign(distance=rows['distance'] - rows['distance'].mean())"
        ),
    ),
    Broken(
        "features",
        "treats each row alone",
        "the same features in the same order",
        RECIPE.format(expression="inner(rows).sort_index()"),
    ),
    Broken(
        "features",
        "takes flights (binary)",
        "it must work on a copy",
        RECIPE.format(
            expression="(rows.__setitem__('distance', rows['distance'] + 1), inner(rows))[1]"
        ),
    ),
    Broken(
        "features",
        "has a recipe that takes no rows",
        "IndexError",
        RECIPE.format(expression="(rows.iloc[0], inner(rows))[1]"),
    ),
    Broken(
        "features",
        "has a recipe that travels",
        "FileNotFoundError",
        FEATURES
        + "    (output / 'recipe' / 'home.txt').write_text(str(context.root))\n"
        + "def recipe(self, path):\n"
        + "    home = Path((path / 'home.txt').read_text()) if (path / 'home.txt').exists() else path\n"
        + "    inner = super().recipe(path)\n"
        + "    return lambda rows: ((home / 'src').stat() if home != path else 0, inner(rows))[1]",
    ),
    Broken("features", "refuses a missing column", "KeyError", careless("features")),
    Broken("features", "refuses a missing target", "KeyError", careless("features")),
    Broken(
        "features",
        "refuses an empty recipe",
        "a MlopsError",
        "def recipe(self, path):\n"
        "    return super().recipe(path) if list(path.iterdir()) else (lambda rows: rows)",
    ),
    Broken(
        "features",
        "takes or refuses no judging rows",
        "ZeroDivisionError",
        "def features(self, context, *, splits, **others):\n"
        "    1 / tables.read(splits / 'test.parquet').num_rows\n"
        "    super().features(context, splits=splits, **others)",
    ),
]


def scores(expression: str) -> str:
    """Return a trainer whose predictor answers with this, of `inner` and `features`."""
    return LOAD.format(expression=expression)


TRAINS = [
    Broken(
        "train",
        "learns from wines (three classes, as text)",
        "in the order of sorted(set(target))",
        scores("inner.scores(features)[:, ::-1]"),
    ),
    Broken(
        "train",
        "learns from diabetes (regression)",
        "times the mean's squared error",
        scores(
            "-inner.scores(features) if inner.scores(features).ndim == 1 else inner.scores(features)"
        ),
    ),
    Broken(
        "train", "learns from flights (binary)", "the shape", scores("inner.scores(features)[:, 1]")
    ),
    Broken(
        "train",
        "learns from flights (binary)",
        "probabilities, which add up to 1",
        scores("inner.scores(features) * 2"),
    ),
    Broken(
        "train",
        "takes or refuses rows with weights",
        "counts",
        "def train(self, context, *, features, output):\n"
        "    from dataclasses import replace\n"
        "    unweighted = replace(context, data=replace(context.data, weight=None))\n"
        "    super().train(unweighted, features=features, output=output)",
    ),
    Broken(
        "train",
        "takes nulls in every feature",
        "finite scores",
        scores(
            "np.where(features['carrier'].isna().to_numpy()[:, None], np.nan, inner.scores(features))"
        ),
    ),
    Broken(
        "train",
        "scores each row as if it were alone",
        "the scores that the row has among others",
        scores(
            "inner.scores(features.assign(distance=features['distance'] - features['distance'].mean()))"
        ),
    ),
    Broken(
        "train",
        "scores each row as if it were alone",
        "the same scores in the same order",
        scores("inner.scores(features.sort_index())"),
    ),
    Broken(
        "train",
        "scores nulls and new categories",
        "KeyError: 'never seen'",
        scores(
            "([{'EWR': 1, 'JFK': 2, 'LGA': 3, None: 0}[v] for v in features['origin']], inner.scores(features))[1]"
        ),
    ),
    Broken(
        "train",
        "scores each row as if it were alone",
        "it must work on a copy",
        scores("(features.__setitem__('more', 1), inner.scores(features))[1]"),
    ),
    Broken(
        "train",
        "answers the same in a fresh process",
        "the same scores",
        scores("np.roll(inner.scores(features), sys.argv[0].endswith('fresh.py'), axis=0)"),
    ),
    Broken(
        "train",
        "refuses a file that was cut short",
        "no error",
        "def load(self, path):\n"
        "    try: return super().load(path)\n"
        "    except MlopsError: return Scores(lambda features: np.full((len(features), 2), 0.5))",
    ),
    Broken(
        "train",
        "refuses a file of something else",
        "UnicodeDecodeError",
        "def load(self, path):\n"
        "    try: return super().load(path)\n"
        "    except MlopsError: (path / 'estimator.skops').read_text()",
    ),
    Broken("train", "takes or refuses one row", "KeyError", careless("train")),
    Broken("train", "takes or refuses no rows", "KeyError", careless("train")),
    Broken("train", "refuses a missing target", "KeyError", careless("train")),
    Broken("train", "refuses a target of nulls", "KeyError", careless("train")),
    Broken(
        "train",
        "leaves the model's folder as it is",
        "another model folder",
        "def load(self, path):\n"
        "    (path / 'cache.bin').write_bytes(b'1')\n"
        "    return super().load(path)",
    ),
    Broken("train", PROMISES, "wrote no 'output'", TRAIN + "    shutil.rmtree(output)"),
]

EVALUATES = [
    Broken(
        "evaluate",
        PROMISES,
        "in which 'test' is {",
        EVALUATE + "    files.write_json(metrics, {'test': files.read_json(metrics)})",
    ),
    Broken(
        "evaluate",
        PROMISES,
        "NaN, which is no JSON",
        EVALUATE + "    metrics.write_text('{\"roc_auc\": NaN}')",
    ),
    Broken(
        "evaluate",
        PROMISES,
        "summary.json without 'roc_auc.low'",
        EVALUATE + "    files.write_json(output / 'summary.json', {'roc_auc': {'value': 0.5}})",
    ),
    Broken(
        "evaluate",
        PROMISES,
        "the metric by which gates compare models, roc_auc",
        EVALUATE
        + "    path = output / 'summary.json'\n"
        + "    measured = files.read_json(path)\n"
        + "    files.write_json(path, {'f1': measured['f1']})",
    ),
    Broken(
        "evaluate",
        "measures diabetes (regression)",
        "one value of r2",
        EVALUATE + "    files.write_json(metrics, {**files.read_json(metrics), 'r2': 0.99})",
    ),
    Broken(
        "evaluate",
        "takes a stored pandas index",
        "predictions.parquet without the column 'score'",
        EVALUATE
        + "    path = output / 'predictions.parquet'\n"
        + "    tables.write(tables.read(path).drop_columns(['score']), path)",
    ),
    Broken(
        "evaluate",
        "measures flights (binary)",
        "each test row, in order",
        EVALUATE
        + "    path = output / 'predictions.parquet'\n"
        + "    tables.write(tables.read(path).sort_by('score'), path)",
    ),
    Broken(
        "evaluate",
        "measures tumours (two classes, as text)",
        "ConfigurationError: not my task",
        "def evaluate(self, context, **others): raise ConfigurationError('not my task')",
    ),
    Broken("evaluate", "takes or refuses no rows", "KeyError", careless("evaluate")),
    Broken("evaluate", "refuses a missing target", "KeyError", careless("evaluate")),
    Broken("evaluate", "takes or refuses a new class", "KeyError", careless("evaluate")),
    Broken("evaluate", "refuses a broken model", "KeyError", careless("evaluate")),
    Broken("evaluate", "refuses a folder that is no model", "KeyError", careless("evaluate")),
]

EXPLAINS = [
    Broken(
        "explain",
        PROMISES,
        "names of raw columns",
        EXPLAIN
        + "    path = output / 'importance.csv'\n"
        + "    path.write_text(path.read_text().replace('scheduled', 'scheduled_hour'))",
    ),
    Broken(
        "explain",
        "explains columns with odd names",
        "its importance.csv was read",
        EXPLAIN
        + "    path = output / 'importance.csv'\n"
        + "    path.write_text(path.read_text().replace('\"\"', '\"'))",
    ),
    Broken(
        "explain",
        PROMISES,
        "the columns that importance.csv names",
        EXPLAIN + "    files.write_json(output / 'importance.json', {'columns': []})",
    ),
    Broken(
        "explain",
        PROMISES,
        "importance.json, which is [0.5, 0.1]",
        EXPLAIN + "    files.write_json(output / 'importance.json', [0.5, 0.1])",
    ),
    Broken(
        "explain",
        "explains a row of flights (binary)",
        "add up to the score",
        EXPLAIN_ROW + "    return dataclasses.replace(found, base=found.base + 0.01)",
    ),
    Broken(
        "explain",
        "explains a row of wines (three classes, as text)",
        "a contribution of each raw column",
        EXPLAIN_ROW + "    return dataclasses.replace(found, contributions={})",
    ),
    Broken("explain", "takes or refuses no rows", "KeyError", careless("explain")),
    Broken("explain", "takes or refuses a missing target", "KeyError", careless("explain")),
    Broken("explain", "refuses a missing column", "KeyError", careless("explain")),
    Broken("explain", "refuses a broken model", "KeyError", careless("explain")),
    Broken("explain", "refuses a folder that is no model", "KeyError", careless("explain")),
]


def gate(statement: str) -> str:
    """Return a gate that changes its verdict."""
    return GATE.format(statement=statement)


UNFETCHED = "blocks when the champion cannot be fetched"
GATES = [
    Broken("gate", PROMISES, "'promote', 'keep' or 'block'", gate("verdict['decision'] = 'yes'")),
    Broken("gate", PROMISES, "at least one item", gate("verdict['reasons'] = []")),
    Broken("gate", PROMISES, "the digest of the model folder", gate("verdict['model'] = 'x'")),
    Broken(
        "gate",
        PROMISES,
        "without 'checks[0].outcome'",
        gate("verdict['checks'] = [{'name': 'x'}]"),
    ),
    Broken(
        "gate",
        "judges a model of diabetes (regression)",
        "reports/verdict.json without 'champion'",
        gate("del verdict['champion']"),
    ),
    Broken(
        "gate",
        "compares with the champion",
        "as 'champion' its version, '3'",
        gate("verdict['champion'] = None"),
    ),
    Broken(
        "gate",
        "compares with the champion",
        "the same verdict",
        gate("verdict['reasons'].append(str(time.time_ns()))"),
    ),
    Broken(
        "gate",
        "promotes no worse model",
        "a verdict that does not promote",
        gate("verdict['decision'] = 'promote'"),
    ),
    Broken("gate", UNFETCHED, "block, or a MlopsError", gate("verdict['decision'] = 'promote'")),
    Broken(
        "gate",
        "blocks when the registry is offline",
        "ConnectionError",
        "def gate(self, context, *, champion, **others):\n"
        "    champion().fetch(context.root / 'champion')\n"
        "    super().gate(context, champion=champion, **others)",
    ),
    Broken(
        "gate",
        "promotes nothing that was not measured",
        "a verdict that does not promote",
        gate("verdict['decision'] = 'promote'"),
    ),
    Broken(
        "gate",
        "judges or refuses what was measured otherwise",
        "KeyError: 'roc_auc'",
        "def gate(self, context, *, metrics, **others):\n"
        "    files.read_json(metrics)['roc_auc']\n"
        "    super().gate(context, metrics=metrics, **others)",
    ),
    Broken(
        "gate",
        "judges or refuses no rows",
        "ZeroDivisionError",
        "def gate(self, context, *, evaluation, **others):\n"
        "    1 / tables.read(evaluation / 'predictions.parquet').num_rows\n"
        "    super().gate(context, evaluation=evaluation, **others)",
    ),
]

TRACKS = [
    Broken(
        "track",
        "records a result once",
        "the same output",
        "def track(self, context, *, result, output):\n"
        "    files.write_json(output, {'digest': result.digest, 'run': str(uuid.uuid4())})",
    ),
    Broken(
        "track",
        PROMISES,
        "as 'digest' the result's",
        "def track(self, context, *, result, output):\n"
        "    files.write_json(output, {'digest': 'abc'})",
    ),
]

REGISTERS = [
    Broken(
        "register",
        PROMISES,
        "reports/registration.json without 'alias'",
        REGISTER + "    files.write_json(output, {'digest': files.digest(model)})",
    ),
    Broken(
        "register",
        "has no champion at first",
        "the gate had kept the champion",
        "def register(self, context, *, verdict, **others):\n"
        "    judged = files.read_json(verdict)\n"
        "    if judged['decision'] == 'keep': judged['decision'] = 'promote'\n"
        "    files.write_json(verdict, judged)\n"
        "    super().register(context, verdict=verdict, **others)",
    ),
    Broken(
        "register",
        "gives the alias of the verdict",
        "two that differ for keep and promote",
        REGISTER
        + "    written = files.read_json(output)\n"
        + "    files.write_json(output, {**written, 'alias': written['alias'] and 'latest'})",
    ),
    Broken(
        "register",
        "makes the promoted model champion",
        "a version with the digest",
        "def champion(self, context): return None",
    ),
    Broken(
        "register",
        "registers a model once",
        "the same version",
        REGISTER
        + "    (context.home / 'count').open('a').write('1')\n"
        + "def champion(self, context):\n"
        + "    found = super().champion(context)\n"
        + "    count = context.home / 'count'\n"
        + "    return found and dataclasses.replace(found, version=count.read_text())",
    ),
    Broken(
        "register",
        "fetches the champion as it was given",
        "reference.parquet, as it was given",
        "def keep(self, folder, model, reference):\n"
        "    shutil.rmtree(folder, ignore_errors=True)\n"
        "    shutil.copytree(model, folder / 'model')",
    ),
    Broken(
        "register",
        "refuses a stale verdict",
        "the verdict was about another model",
        "def register(self, context, *, model, verdict, **others):\n"
        "    judged = files.read_json(verdict)\n"
        "    files.write_json(verdict, {**judged, 'model': files.digest(model)})\n"
        "    super().register(context, model=model, verdict=verdict, **others)",
    ),
    Broken(
        "register",
        "promotes and rolls back by a history, if at all",
        "all of promote, rollback, history, or none",
        "def promote(self, context, *, version, because): ...",
    ),
]

SERVE = """
def serve(self, context, *, model, version, log, host, port):
    from mlops_plugins.stages.serve.fastapi import Service
    {statement}
    Service().serve(context, model=model, version=version, log=log, host=host, port=port)
"""
CONSTANT = """
def serve(self, context, *, model, version, log, host, port):
    import http.server
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            body = {body}
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
    http.server.HTTPServer((host, port), Handler).serve_forever()
"""
ANSWERS = "answers a row, and logs it"
SERVES = [
    Broken("serve", ANSWERS, "found:    status 200: hello", CONSTANT.format(body='b"hello"')),
    Broken(
        "serve",
        ANSWERS,
        "what the model folder predicts: {'prediction': 0, 'score': 0.",
        CONSTANT.format(body="""b'{"predictions": [{"prediction": 0, "score": 0.5}]}'"""),
    ),
    Broken(
        "serve",
        ANSWERS,
        "There are no predictions to look at.",
        SERVE.format(statement='log = context.root / "elsewhere"'),
    ),
    Broken(
        "serve",
        ANSWERS,
        "*.jsonl without 'score'",
        SERVE.format(
            statement="from mlops_plugins.artifacts.prediction_log import PredictionLog\n"
            "    append = PredictionLog.append\n"
            "    PredictionLog.append = lambda self, entries: append(\n"
            "        self, ({k: v for k, v in one.items() if k != 'score'} for one in entries))"
        ),
    ),
    Broken(
        "serve",
        ANSWERS,
        "KeyError: 'address'",
        "def serve(self, context, *, model, version, log, host, port):\n"
        "    import socket\n"
        "    with socket.create_server((host, port)) as listener:\n"
        "        while True: listener.accept()\n"
        "def request(self, *, host, port, row): return {}['address']",
    ),
    Broken(
        "serve",
        "listens, and ends at SIGTERM",
        "the process ended with 0",
        "def serve(self, context, *, model, version, log, host, port): ...",
    ),
    Broken(
        "serve",
        "listens, and ends at SIGINT",
        "an end without a traceback",
        "def serve(self, context, *, model, version, log, host, port):\n"
        "    import contextlib, socket\n"
        "    listener = socket.create_server((host, port))\n"
        # A call that waits for ever does not see a signal that comes just before it.
        "    listener.settimeout(0.05)\n"
        "    try:\n"
        "        while True:\n"
        "            with contextlib.suppress(TimeoutError): listener.accept()\n"
        "    except KeyboardInterrupt: raise RuntimeError('interrupted') from None",
    ),
]


def monitor(statement: str = "pass", before: str = "pass") -> str:
    """Return a monitor that does more than it should."""
    return MONITOR.format(statement=statement, before=before)


ALWAYS_OK = """
def monitor(self, context, *, reference, current, model, output):
    files.write_json(output / 'report.json', {'status': 'ok'})
    files.write_text(output / 'report.html', '<html>All is well: distance, carrier.</html>')
    return Finding(status='ok', reasons=())
"""

MONITORS = [
    Broken(
        "monitor",
        "is calm about flights (binary)",
        "expected: ok",
        monitor(
            "finding = Finding(status='alarm', reasons=('so',))\n"
            "    files.write_json(output / 'report.json', {'status': 'alarm'})"
        ),
    ),
    Broken(
        "monitor",
        "is calm about diabetes (regression)",
        "no report.html",
        monitor("(output / 'report.html').unlink()"),
    ),
    Broken(
        "monitor",
        "is calm about columns with odd names",
        "report.json without 'status'",
        monitor("files.write_json(output / 'report.json', {})"),
    ),
    Broken(
        "monitor",
        "is calm about flights (binary)",
        "as 'status' what it found",
        monitor("files.write_json(output / 'report.json', {'status': 'drift'})"),
    ),
    Broken(
        "monitor",
        "works without labels",
        "reference.parquet has changed",
        monitor("tables.write(tables.read(reference).slice(1), reference)"),
    ),
    Broken(
        "monitor",
        "decides nothing on no rows",
        "ZeroDivisionError",
        monitor(before="1 / tables.read(current).num_rows"),
    ),
    Broken(
        "monitor",
        "decides nothing on one row",
        "expected: insufficient_data",
        "min_rows: int = Field(1, description='Rows.')",
    ),
    Broken(
        "monitor",
        "works without labels",
        "KeyError",
        monitor(before="tables.read(current).column('late')"),
    ),
    Broken(
        "monitor",
        "reports a change",
        "a reason for",
        monitor("finding = Finding(status=finding.status)"),
    ),
    Broken(
        "monitor",
        "reports a change",
        "names what has changed",
        monitor("(output / 'report.html').write_text('<html>Something has changed.</html>')"),
    ),
    *(
        Broken("monitor", check, said, ALWAYS_OK)
        for check, said in (
            ("reports a change", "expected: drift, or alarm"),
            ("decides nothing on no rows", "expected: insufficient_data"),
        )
    ),
    Broken(
        "monitor",
        "is calm about flights (binary)",
        "found:    insufficient_data, because too few",
        ALWAYS_OK.replace("'ok'", "'insufficient_data'").replace("()", "('too few',)"),
    ),
]


def retrain(body: str) -> str:
    """Return a policy with this body."""
    return "def retrain(self, context, *, reports):\n" + indent(body, "    ")


RETRAINS = [
    Broken("retrain", "decides on no reports", "IndexError", retrain("reports[-1]")),
    Broken("retrain", "decides on no reports", "SystemExit: 0", retrain("raise SystemExit(0)")),
    Broken(
        "retrain", "decides on no reports", "SystemExit: 0", retrain("__import__('os')._exit(0)")
    ),
    Broken(
        "retrain",
        "decides on one report of 'drift'",
        "the reports as they were",
        retrain("reports.pop()\nreturn Decision(retrain=False, reason='x')"),
    ),
    Broken(
        "retrain",
        "decides on one report of 'ok'",
        "a Decision with a reason",
        retrain("return Decision(retrain=False, reason='')"),
    ),
    Broken(
        "retrain",
        "decides on reports of each status",
        "twice",
        retrain("return Decision(retrain=False, reason=str(time.time_ns()))"),
    ),
]

NOTIFIES = [
    Broken(
        "notify",
        "delivers an alert in many scripts",
        "UnicodeEncodeError",
        "def notify(self, context, *, alert): alert.title.encode('ascii')",
    ),
]

BROKEN = [
    *GENERAL,
    *PIPELINE,
    *PROFILES,
    *REPORTS,
    *SPLITS,
    *VALIDATES,
    *MAKES_FEATURES,
    *TUNES,
    *TRAINS,
    *EVALUATES,
    *EXPLAINS,
    *GATES,
    *TRACKS,
    *REGISTERS,
    *SERVES,
    *MONITORS,
    *RETRAINS,
    *NOTIFIES,
]

CODE = """\
import dataclasses, shutil, sys, time, uuid
from pathlib import Path
import numpy as np
import pyarrow as pa
from pydantic import ConfigDict
from mlops_plugins import ConfigurationError, DataError, Decision, Field, Finding, MlopsError
from mlops_plugins import Component, OptionGroup, Source
from mlops_plugins.artifacts import files, tables
from {module} import {name} as Base

class Scores:
    def __init__(self, scores):
        self.scores = scores

class Acme(Base):
{doc}
{body}
"""

NEEDS: dict[str, dict[str, Any]] = {
    "features": {"package": "conformance"},
    "train": {"max_iter": 10},
    "evaluate": {"resamples": 20},
    "explain": {"repeats": 1},
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Broken], None]]:
    """Return a function that installs a distribution with one broken implementation."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    for module in ("acme_ml_plugin", "acme_ml_code", "shelf"):
        monkeypatch.delitem(sys.modules, module, raising=False)

    def make(broken: Broken) -> None:
        module, _, name = (broken.base or BASES[broken.stage]).partition(":")
        doc = '"""Broken."""' if broken.doc else ""
        body = indent(dedent(broken.code), "    ")
        code = CODE.format(module=module, name=name, doc=indent(doc, "    "), body=body)
        offer = OFFER.format(stage=broken.stage, above=broken.above, offer=broken.offer)
        (site / "shelf.py").write_text(SHELF + PAGE)
        (site / "acme_ml_code.py").write_text(code)
        (site / "acme_ml_plugin.py").write_text(offer)
        info = site / "acme_ml-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Name: acme-ml\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text("[mlops_plugins]\nacme-ml = acme_ml_plugin\n")
        plugin_manager.cache_clear()

    yield make
    plugin_manager.cache_clear()
    for module in ("acme_ml_plugin", "acme_ml_code", "shelf"):
        sys.modules.pop(module, None)


def found_by(check: Check, folder: Path) -> str:
    """Return what a check says of what is broken."""
    folder.mkdir()
    with pytest.raises(ConformanceError) as caught:
        check(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    "broken", BROKEN, ids=lambda broken: f"{broken.stage} {broken.check}: {broken.said}"
)
def test_a_check_finds_what_is_broken(
    broken: Broken, install: Callable[[Broken], None], tmp_path: Path
) -> None:
    install(broken)
    options = {f"{broken.stage}/acme": NEEDS.get(broken.stage, {})}
    (check,) = [
        check
        for check in checks(f"{broken.stage}/acme", options=options)
        if check.name == broken.check
    ]
    assert broken.said in found_by(check, tmp_path / "check")


@pytest.mark.parametrize(
    ("name", "above", "said"),
    [
        ("imports nothing heavy", "import pandas", "found:    numpy, pandas"),
        (
            "loads",
            "@hookimpl\ndef mlops_before_stag(stage): ...",
            "unknown hook 'mlops_before_stag'. Did you mean 'mlops_before_stage'?",
        ),
        ("loads", "raise RuntimeError('no licence')", "RuntimeError: no licence"),
    ],
)
def test_a_check_finds_what_is_wrong_with_a_plugin(
    name: str, above: str, said: str, install: Callable[[Broken], None], tmp_path: Path
) -> None:
    install(Broken("split", name, said, above=above))
    (check,) = [
        check for check in checks("acme-ml") if (check.subject, check.name) == ("acme-ml", name)
    ]
    assert said in found_by(check, tmp_path / "check")


@pytest.mark.parametrize("stage", ["register", "profile"])
def test_what_is_right_passes_all(
    stage: str, install: Callable[[Broken], None], tmp_path: Path
) -> None:
    install(Broken(stage, "", ""))
    for place, check in enumerate(checks(f"{stage}/acme")):
        folder = tmp_path / str(place)
        folder.mkdir()
        check(folder)


def test_options_that_are_missing_are_asked_for(
    install: Callable[[Broken], None], tmp_path: Path
) -> None:
    install(Broken("features", PROMISES, "", "pass"))
    (check,) = [check for check in checks("features/acme") if check.name == PROMISES]
    said = found_by(check, tmp_path / "check")
    assert "The option 'package' has no value." in said
    assert "checks(options={'features/acme': ...})" in said


def function_of(run: Callable[..., None]) -> Callable[..., None]:
    while isinstance(run, partial):
        run = run.func
    return run


@pytest.mark.parametrize("stage", Stage)
def test_every_check_of_a_stage_has_been_seen_to_fail(stage: Stage) -> None:
    # What all stages, or all of the pipeline, must do has been seen at one of them.
    everywhere = {
        function_of(contracts.of(Stage.SPLIT, "acme")[b.check])
        for b in [*GENERAL, *PIPELINE]
        if b.stage == "split"
    }
    seen = {function_of(contracts.of(stage, "acme")[b.check]) for b in BROKEN if b.stage == stage}
    unseen = {
        name
        for name, run in contracts.of(stage, "acme").items()
        if function_of(run) not in everywhere | seen
    }
    assert not unseen


def test_every_check_of_a_plugin_has_been_seen_to_fail() -> None:
    assert set(plugin.CHECKS) == {"loads", "imports nothing heavy"}
