"""Run mutmut 3.7 on what has a decorator too: `python -m tests.mutation run`. Left to itself it skips every dataclass."""

from __future__ import annotations

from typing import Any

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation

#: What stays outside when a mutant takes the place of a function; of a dataclass its methods are meant.
_KEPT = {"dataclass", "property", "cache", "lru_cache", "remembered"}


def _name(decorator: cst.Decorator) -> str:
    called = decorator.decorator
    named = called.func if isinstance(called, cst.Call) else called
    return named.value if isinstance(named, cst.Name) else ""


def _is_kept(node: Any) -> bool:
    return isinstance(node, cst.FunctionDef | cst.ClassDef) and {_name(d) for d in node.decorators} <= _KEPT


def _skip(self: Any, node: cst.CSTNode, skip: Any = file_mutation.MutationVisitor._skip_node_and_children) -> bool:
    if isinstance(node, cst.Decorator):
        return True
    return bool(skip(self, node.with_changes(decorators=()) if _is_kept(node) else node))


def _arrange(
    function: cst.FunctionDef,
    mutants: Any,
    class_name: str | None,
    arrange: Any = file_mutation.function_trampoline_arrangement,
) -> Any:
    if not _is_kept(function):
        return arrange(function, mutants, class_name)
    empty, (trampoline, *copies), assigned, names = arrange(function.with_changes(decorators=()), mutants, class_name)
    trampoline = trampoline.with_changes(decorators=[*function.decorators, *trampoline.decorators])
    return empty, [trampoline, *copies], assigned, names


if __name__ == "__main__":
    file_mutation.MutationVisitor._skip_node_and_children = _skip  # type: ignore[method-assign]
    file_mutation.function_trampoline_arrangement = _arrange
    cli()
