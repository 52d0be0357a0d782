"""Features by the project's own code, which travels inside the model.

The function's module and those it needs are copied into the model, and the function is always loaded
from that copy, under a name of its own: so a champion predicts with the code it was trained with,
also beside a newer version of the same package.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from importlib.machinery import FileFinder, SourceFileLoader
from typing import TYPE_CHECKING

from mlops_plugins.api.component import Component, Field
from mlops_plugins.api.errors import ConfigurationError, DataError, ModelError
from mlops_plugins.artifacts import files, tables
from mlops_plugins.artifacts.schema import conform
from mlops_plugins.artifacts.schema import read as read_schema
from mlops_plugins.manager import modules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import CodeType, ModuleType

    import pandas as pd

    from mlops_plugins.api.context import Context


class ProjectFeatures(Component):
    """Calls a function of the project: data frame in, data frame of features out, row by row."""

    package: str = Field(description="The project's package, a folder in src/.")
    function: str = Field("features:build", description="The function, as module:function.")

    def depends_on(self, root: Path) -> list[Path]:
        """Return the function's module and those of the package that it needs."""
        package = root / "src" / self.package
        name = self.function.partition(":")[0]
        module = package.joinpath(*name.split(".")).with_suffix(".py")
        return modules.needed(module) if module.exists() else sorted(package.rglob("*.py"))

    def features(self, context: Context, *, splits: Path, schema: Path, output: Path) -> None:
        """Write the features of both parts, and the code that made them."""
        recipe = output / "recipe"
        self._copy_code(context.root, recipe)
        build = self.recipe(recipe)
        described = read_schema(schema, context.data)
        inputs = described.only(described.inputs)
        kept = [context.data.target, *([context.data.weight] if context.data.weight else [])]
        for part in ("train", "test"):
            rows = tables.read_frame(splits / f"{part}.parquet")
            features = build(conform(rows, inputs))
            self._check(features, rows, kept)
            table = features.join(conform(rows, described.only(kept)))
            tables.write_frame(table, output / f"{part}.parquet")
        context.log(f"{features.shape[1]} features from {len(inputs.columns)} columns")

    def _copy_code(self, root: Path, recipe: Path) -> None:
        package = root / "src" / self.package
        if not (package / "__init__.py").exists():
            raise ConfigurationError(
                f"There is no package '{self.package}'.",
                where=str(package),
                expected="a folder with an __init__.py",
                next_step="correct package in conf/features/project.yaml",
            )
        for source in self.depends_on(root):
            copy = recipe / package.name / source.relative_to(package)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
        files.write_json(
            recipe / "recipe.json", {"package": self.package, "function": self.function}
        )

    def _check(self, features: pd.DataFrame, rows: pd.DataFrame, kept: list[str]) -> None:
        """Require what a table of features is, without the columns that are `kept` from the rows."""
        where = f"{self.package}.{self.function}"
        problem = ""
        if not hasattr(features, "columns"):
            problem = f"returned {type(features).__name__}, no data frame"
        elif len(features) != len(rows) or not features.index.equals(rows.index):
            problem = f"returned {len(features):,} rows for {len(rows):,}, or another index"
        elif returned := [name for name in kept if name in features.columns]:
            role = "target" if returned[0] == kept[0] else "weight"
            problem = f"returned the {role} '{returned[0]}' as a feature"
        elif features.columns.duplicated().any():
            problem = (
                f"returned the column '{features.columns[features.columns.duplicated()][0]}' twice"
            )
        elif features.shape[1] == 0:
            problem = "returned no columns"
        if problem:
            raise DataError(
                f"The feature function {problem}.",
                where=where,
                expected="one row of features for each row, in the same order",
                next_step=f"correct src/{self.package}/{self.function.partition(':')[0]}.py",
            )

    def recipe(self, path: Path) -> Callable[[pd.DataFrame], pd.DataFrame]:
        """Load the function from the copy of the package in `path`."""
        if not (path / "recipe.json").is_file():
            raise ModelError(
                "The model's feature code is missing.",
                where=str(path / "recipe.json"),
                next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
            )
        described = _described(path / "recipe.json")
        module_name, _, function = described["function"].partition(":")
        package = _load_package(path / described["package"])
        try:
            module = importlib.import_module(f"{package.__name__}.{module_name}")
            build: Callable[[pd.DataFrame], pd.DataFrame] = getattr(module, function)
        except (ImportError, AttributeError) as error:
            raise ModelError(
                f"The feature function cannot be loaded: {error}.",
                where=f"{described['package']}.{described['function']}",
                expected="a function in the project's package, which imports its own modules "
                "relatively: `from . import helpers`",
                next_step="correct it, or function in conf/features/project.yaml",
            ) from error
        return build


def _described(file: Path) -> dict[str, str]:
    """Read which function of which package is the recipe.

    Raises:
        ModelError: The file does not say it, or names what is not a package below its folder.
    """
    described = files.read_json(file)
    try:
        package, function = str(described["package"]), str(described["function"])
    except (KeyError, TypeError):
        package = function = ""
    names = [package, *re.split("[.:]", function)]
    if function.count(":") != 1 or not all(name.isidentifier() for name in names):
        raise ModelError(
            f"The model's feature code is said to be {function!r} of {package!r}.",
            where=str(file),
            expected="the name of a package in this folder, and module:function of it",
            next_step="fetch the model again: `dvc checkout --force`, or `mlops export`",
        )
    return {"package": package, "function": function}


def _load_package(folder: Path) -> ModuleType:
    """Import a package under a name that is unique to its content."""
    name = f"_recipe_{files.digest(folder)[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    if not (folder / "__init__.py").exists():
        raise ModelError("The model's feature code is missing.", where=str(folder))
    for inner in (folder, *(item for item in folder.rglob("*") if item.is_dir())):
        finder = FileFinder(str(inner), (_SourceLoader, [".py"]))
        sys.path_importer_cache[str(inner)] = finder
    init = str(folder / "__init__.py")
    spec = importlib.util.spec_from_file_location(
        name, init, loader=_SourceLoader(name, init), submodule_search_locations=[str(folder)]
    )
    assert spec is not None  # noqa: S101  a loader was given
    assert spec.loader is not None  # noqa: S101
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return package


class _SourceLoader(SourceFileLoader):
    """Runs the source alone: byte code beside it has no hash in the model, and none is left behind."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code
