"""Whether a class keeps its stage's contract: by its signatures, without running it."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING, Any

from mlops_plugins.api.deprecation import Deprecated
from mlops_plugins.api.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlops_plugins.api.stage import Contract

    Methods = Mapping[str, frozenset[str] | None]
    """The parameters that each method takes; None for one that takes any."""


def methods(target: type[Any]) -> Methods:
    """Return the public methods of an imported class."""
    return {
        name: _taken(inspect.signature(value).parameters.values())
        for name, value in inspect.getmembers(target, inspect.isfunction)
        if not name.startswith("_")
    }


def _taken(parameters: Any) -> frozenset[str] | None:
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)


def problem(contract: Contract, found: Methods) -> str:
    """Return how `found` breaks the stage's contract; nothing if it keeps it."""
    for name, wanted in interface_methods(contract).items():
        if name not in found:
            if name in contract.optional:
                continue
            return f"it has no method '{name}'"
        taken = found[name]
        absent = [] if taken is None else [each for each in wanted.parameters if each not in taken]
        absent = [each for each in absent if each not in contract.added]
        if absent:
            return f"its method '{name}' does not take '{absent[0]}'"
    return ""


def interface(contract: Contract) -> str:
    """Return where the interface of a stage's implementations is defined."""
    protocol = contract.protocol
    if protocol is None:
        return f"a method {contract.stage}{_default_signature(contract)}"
    return f"{protocol.__module__}.{protocol.__name__}"


def deprecations(contract: Contract, found: Methods) -> list[str]:
    """Return which parameters of this version the method of the stage does not take yet."""
    stage = contract.stage
    taken = found.get(stage)
    if taken is None:
        return []
    return [
        str(Deprecated(f"its method '{stage}' does not take '{name}'", instead="take it"))
        for name in sorted(contract.added)
        if name not in taken
    ]


def accepted(contract: Contract, method: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments without those that a method of the previous version does not take."""
    taken = _taken(inspect.signature(method).parameters.values())
    return {
        name: value
        for name, value in arguments.items()
        if taken is None or name in taken or name not in contract.added
    }


def require_written(contract: Contract, name: str, path: Path) -> None:
    """Make sure that a component wrote an output.

    Raises:
        PluginError: It did not.
    """
    if not path.exists():
        stage = contract.stage
        raise PluginError(
            f"The implementation of {stage} ended without an error, and wrote no '{name}'.",
            where=f"{stage}: {name}",
            expected=f"as {interface(contract)} says",
            next_step=f"tell its author: `mlops plugins why {stage}` says whose it is",
        )


def require_returned(contract: Contract, value: object, *kinds: type[Any]) -> None:
    """Make sure that a component's method returned what its stage's interface says.

    Raises:
        PluginError: It returned something else.
    """
    if not isinstance(value, kinds):
        stage = contract.stage
        raise PluginError(
            f"The implementation of {stage} returned {type(value).__name__}.",
            where=stage,
            expected=f"{kinds[0].__name__}, as {interface(contract)} says",
            next_step=f"tell its author: `mlops plugins why {stage}` says whose it is",
        )


def interface_methods(contract: Contract) -> dict[str, inspect.Signature]:
    """Return the signature that each method of the interface has."""
    if contract.protocol is None:
        return {contract.stage: _default_signature(contract)}
    return {
        name: inspect.signature(value)
        for name, value in vars(contract.protocol).items()
        if inspect.isfunction(value) and not name.startswith("_")
    }


def _default_signature(contract: Contract) -> inspect.Signature:
    kind = inspect.Parameter
    files = {**contract.inputs, **contract.kept, **contract.outputs}
    positional = [kind(name, kind.POSITIONAL_OR_KEYWORD) for name in ("self", "context")]
    keywords = [kind(name, kind.KEYWORD_ONLY) for name in (*files, *contract.needs)]
    return inspect.Signature([*positional, *keywords])


def written_methods(file: Path, name: str) -> Methods | None:
    """Return the methods of a class as its source says, importing nothing.

    None if the source does not show it: the class is made, or inherits methods, elsewhere.

    Raises:
        LookupError: The file has no such name.
        SyntaxError: The file is no Python.
    """
    tree = ast.parse(file.read_bytes(), str(file))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        if _bound(tree) & {name, "*"}:
            return None
        raise LookupError(f"{file} defines no '{name}'")
    return _inherited(classes, name)


def _inherited(classes: Mapping[str, ast.ClassDef], name: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes:
            above = _inherited(classes, base.id)
            if above is None:
                return None
            found |= above
        elif not (isinstance(base, ast.Name) and base.id in ("Component", "Options")):
            return None
    for node in classes[name].body:
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            taken = None if arguments.kwarg else frozenset(each.arg for each in every)
            found[node.name] = taken
    return found


def _bound(tree: ast.Module) -> set[str]:
    """Return the names that a module binds at its top, other than classes."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names
