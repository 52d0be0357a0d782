"""The settings of `conf/config.yaml` that belong to no stage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from mlops_plugins.api.component import MISSING
from mlops_plugins.api.context import Data, Task
from mlops_plugins.api.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo


def _given(value: str) -> str:
    if value == MISSING:
        raise ValueError("has no value")
    return value


def _name_of_models(value: str) -> str:
    """Registries make addresses and queries of it."""
    if not re.fullmatch(r"\w[\w .-]*", value):
        raise ValueError("is no name")
    return value


Column = Annotated[str, AfterValidator(_given)]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class DataSettings(_Closed):
    """What the columns mean; each description is what an error says was expected."""

    task: Task = Field(description="one of " + ", ".join(get_args(Task)))
    target: Column = Field(description="a column's name")
    time: Column | None = Field(None, description="a column's name, or null")
    id: Column | None = Field(None, description="a column's name, or null")
    weight: Column | None = Field(None, description="a column's name, or null")
    sensitive: list[str] | None = Field(None, description="[COLUMN, ...], the names of columns")


class ObserverSettings(_Closed):
    """Which observers must not fail."""

    required: list[str] = Field([], description="[NAME, ...], the names of plugins")


class PredictionLogSettings(_Closed):
    """Which days of the prediction log the monitor looks at, and how long they are kept."""

    window_days: int | None = Field(
        None, ge=1, description="a number of days, or null for all that the champion predicted"
    )
    keep_days: int | None = Field(
        None, ge=1, description="a number of days, at least window_days, or null for ever"
    )

    @field_validator("keep_days")
    @classmethod
    def _covers_the_window(cls, value: int | None, info: ValidationInfo) -> int | None:
        window = info.data.get("window_days")
        if value is not None and (window is None or value < window):
            raise ValueError("is less than the window")
        return value


class Settings(_Closed):
    """All that `conf/config.yaml` says beside its stages."""

    project: Annotated[str, AfterValidator(_name_of_models)] = Field(
        description="a name of letters, digits, spaces, '-', '_' and '.': models are registered by it"
    )
    seed: int = Field(description="int")
    threads: int = Field(description="int")
    data: DataSettings = Field(description="dict")
    observers: ObserverSettings = Field(
        ObserverSettings(), description="required: [NAME, ...], the names of plugins"
    )
    prediction_log: PredictionLogSettings = Field(
        PredictionLogSettings(), description="window_days: DAYS and keep_days: DAYS"
    )

    @property
    def columns(self) -> Data:
        """Return what the columns mean, as stages are given it."""
        return Data(**{**self.data.model_dump(), "sensitive": tuple(self.data.sensitive or ())})


def parse(tree: Mapping[str, Any], *, where: str) -> Settings:
    """Check the settings.

    Args:
        tree: The settings alone, without the sections of stages.
        where: The file, for the error.

    Raises:
        ConfigurationError: A key is unknown, missing or of the wrong type.
    """
    try:
        return Settings.model_validate(dict(tree))
    except ValidationError as error:
        raise _explained(error.errors(include_url=False)[0], tree, where) from None


def _explained(error: Any, tree: Mapping[str, Any], where: str) -> ConfigurationError:
    fields, names = Settings.model_fields, [str(part) for part in error["loc"]]
    known: FieldInfo | None = None
    path: list[str] = []
    for name in names:
        if name not in fields:
            break
        path.append(name)
        known = fields[name]
        annotation = known.annotation
        nested = isinstance(annotation, type) and issubclass(annotation, BaseModel)
        fields = annotation.model_fields if nested and isinstance(annotation, type) else {}
    if error["type"] == "extra_forbidden":
        return _unknown(".".join(names), names[-1], list(fields), where)
    if path[0] == "observers":
        path, known = path[:1], Settings.model_fields["observers"]
    key = ".".join(path)
    single = len(path) == 1 and key != "observers"
    return ConfigurationError(
        f"The setting '{key}' is {_value(tree, path)!r}.",
        where=f"{where}: {key}",
        expected=(known and known.description) or "",
        next_step=f"write a value for '{key}' there" if single else "correct it there",
    )


def _unknown(key: str, name: str, choices: list[str], where: str) -> ConfigurationError:
    return ConfigurationError(
        f"There is no setting '{key}'.{did_you_mean(name, choices)}",
        where=f"{where}: {key}",
        expected="one of " + ", ".join(choices),
        next_step=f"remove or rename '{name}' there",
    )


def _value(tree: Any, path: list[str]) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree
