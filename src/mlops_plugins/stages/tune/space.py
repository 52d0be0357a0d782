"""What is searched: each option's bounds or choices, as `space` of `conf/tune/optuna.yaml` has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema, model_validator

from mlops_plugins.api.component import Field

if TYPE_CHECKING:
    from typing import Self

FILE = "conf/tune/optuna.yaml"


def _number(value: object) -> float:
    """Keep whole numbers whole: by them an option of whole numbers is known."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")  # noqa: TRY004  pydantic reports only ValueErrors
    return value


Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Choice = str | int | float | bool | None


class Dimension(BaseModel):
    """Where one option is searched: from `low` to `high`, or among `choices`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    low: Number | None = Field(None, description="The minimum.")
    high: Number | None = Field(None, description="The maximum.")
    log: bool = Field(False, description="Search orders of magnitude evenly; low must be above 0.")
    choices: list[Choice] | None = Field(None, description="The values, instead of bounds.")

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if self.choices:
            valid = self.low is None and self.high is None and not self.log
        elif self.low is None or self.high is None:
            valid = False
        else:
            valid = self.low < self.high and (self.low > 0 or not self.log)
        if not valid:
            raise ValueError(
                "expected `low` below `high` (with `log`, above 0), or `choices` alone"
            )
        return self
