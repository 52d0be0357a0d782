"""Write the template's conf/<stage>/<name>.yaml from the options as the package declares them.

Usage: python scripts/make_conf.py [--check]

A test runs it with --check, so the files that a team starts from never lag behind the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

from mlops_plugins.api.component import to_yaml
from mlops_plugins.api.stage import Stage
from mlops_plugins.manager.plugin_manager import plugin_manager

CONF = Path(__file__).parent.parent / "template" / "conf"

# Which implementations a project starts with, where their file depends on an answer, and the
# values that come from answers.
NAMES = {
    "ingest/sample": "{% if data_source == 'sample' %}sample.yaml{% endif %}",
    "ingest/file": "{% if data_source == 'file' %}file.yaml{% endif %}.jinja",
    "ingest/sql": "{% if data_source == 'sql' %}sql.yaml{% endif %}",
    "split/time": "{% if data_source == 'sample' %}time.yaml{% endif %}",
    "split/random": "{% if data_source != 'sample' and task == 'regression' %}random.yaml{% endif %}",
    "split/stratified": "{% if data_source != 'sample' and task != 'regression' %}stratified.yaml{% endif %}",
    "features/project": "project.yaml.jinja",
}
STARTERS = (
    *NAMES,
    "validate/pandera",
    "profile/table",
    "train/sklearn",
    "evaluate/metrics",
    "explain/permutation",
    "gate/champion",
    "report/page",
    "track/mlflow",
    "register/mlflow",
    "serve/fastapi",
    "monitor/drift",
    "retrain/policy",
)
ANSWERS = {
    "package: ???": "package: {{ package_name }}",
    "path: ???": "path: {{ data_path }}",
    "\nfile: ''": "\nfile: conf/ingest/data.sql",
}


def expected() -> dict[Path, str]:
    """Return each file's text."""
    texts = {}
    for starter in STARTERS:
        stage, _, name = starter.partition("/")
        offer = plugin_manager().find(Stage(stage), name)
        text = to_yaml(
            stage, name, plugin_manager().load(Stage(stage), name), offer.implementation.summary
        )
        for missing, answer in ANSWERS.items():
            text = text.replace(missing, answer)
        texts[CONF / stage / NAMES.get(starter, f"{name}.yaml")] = text
    return texts


def main() -> None:
    """Write the files, or compare them."""
    stale = [
        path
        for path, text in expected().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in sys.argv:
        sys.exit(f"not current: {', '.join(map(str, stale))}" if stale else 0)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(expected()[path], encoding="utf-8")
        print(path.relative_to(CONF.parent.parent))


if __name__ == "__main__":
    main()
