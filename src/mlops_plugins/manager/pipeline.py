"""The stages of this environment: the built-in ones, and those that plugins add between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_plugins.api.contracts import CONTRACTS
from mlops_plugins.api.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from mlops_plugins.api.stage import Contract

NEEDS = ("trainer", "champion", "parameters", "result", "lineage")
"""What the runtime can give a method beside files."""


@dataclass(frozen=True)
class Pipeline:
    """Every stage by its name, in the order they run; the jobs come last.

    Attributes:
        contracts: Each stage as it was declared.
    """

    contracts: Mapping[str, Contract]

    def with_stage(self, contract: Contract) -> Pipeline:
        """Return this pipeline with one more stage.

        Raises:
            ValueError: Its name is taken, its outputs are another stage's, or it has no place.
        """
        problem = self._problem(contract)
        if problem:
            raise ValueError(f"its stage '{contract.stage}' {problem}")
        made: dict[str, Contract] = {}
        for name, each in self.contracts.items():
            made[name] = each
            if name == contract.after:
                made[contract.stage] = contract
        return Pipeline(made)

    def _problem(self, contract: Contract) -> str:
        if contract.stage in self.contracts:
            return "has the name of another stage"
        if contract.after not in self.stages:
            return (
                f"follows '{contract.after}', which is no stage of the pipeline."
                f"{did_you_mean(contract.after, self.stages)}"
            )
        if not contract.outputs:
            return "writes nothing: it needs outputs"
        taken = {path: name for name, path in self._outputs()}
        for path in contract.outputs.values():
            if path in taken:
                return f"writes {path}, as the stage '{taken[path]}' does"
        unknown = [each for each in contract.needs if each not in NEEDS]
        if unknown:
            return f"needs '{unknown[0]}', none of {', '.join(NEEDS)}"
        unknown = [each for each in contract.replaces if each not in contract.outputs]
        return f"replaces by '{unknown[0]}', none of its outputs" if unknown else ""

    def _outputs(self) -> Iterator[tuple[str, str]]:
        for name, contract in self.contracts.items():
            for path in contract.outputs.values():
                yield name, path

    def of(self, named: Container[str]) -> Pipeline:
        """Return the pipeline of a project: an added stage takes part where the project names it."""
        taking_part = {
            name: contract
            for name, contract in self.contracts.items()
            if name in CONTRACTS or name in named
        }
        return Pipeline(taking_part)

    @property
    def stages(self) -> tuple[str, ...]:
        """Return the stages of the training DAG in their order; the others are jobs."""
        return tuple(name for name, contract in self.contracts.items() if contract.outputs)

    def placed(self, stage: str) -> Contract:
        """Return a stage as it stands here: what earlier added stages replace, it reads from them."""
        found = self.contracts[stage]
        replaced = self._replaced_before(stage)
        inputs = {name: replaced.get(path, path) for name, path in found.inputs.items()}
        return replace(found, inputs=inputs, reads=tuple(replaced.get(p, p) for p in found.reads))

    def _replaced_before(self, stage: str) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, contract in self.contracts.items():
            if name == stage:
                break
            for output, path in contract.replaces.items():
                made[path] = contract.outputs[output]
        return made

    def dependencies(self, stage: str) -> list[str]:
        """Return the paths that a stage depends on, sorted, without those inside another of them."""
        contract = self.placed(stage)
        paths = {*contract.inputs.values(), *contract.kept.values(), *contract.reads}
        return sorted(
            path for path in paths if not any(path.startswith(f"{other}/") for other in paths)
        )
