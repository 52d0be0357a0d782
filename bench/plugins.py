"""Many plugins, installed as an installer would leave them: light themselves, heavy in what they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CODE = """\
from mlops_plugins import Field, ComponentSpec, Component, Stage, hookimpl


@hookimpl
def mlops_implementations():
    yield ComponentSpec(
        stage=Stage.TRAIN,
        name="{module}",
        target="{module}:Trees",
        summary="Trees of {module}",
        libraries=("scikit-learn",),
    )


class Trees(Component):
    depth: int = Field(3, ge=1, description="Levels.")

    def train(self, context, *, features, output):
        import sklearn

    def load(self, path):
        import sklearn
"""
METADATA = """\
Metadata-Version: 2.1
Name: fake-{number}
Version: 1.0
Requires-Dist: mlops-plugins>=0.2
Requires-Dist: scikit-learn>=1.8
"""


def install(site: Path, count: int) -> Path:
    """Write `count` distributions of one plugin each into a folder, and return it."""
    site.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        module = f"fake_{number}"
        (site / f"{module}.py").write_text(CODE.format(module=module))
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(number=number))
        (info / "entry_points.txt").write_text(f"[mlops_plugins]\n{module} = {module}\n")
    return site
