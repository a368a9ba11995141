"""YAML that remembers its lines: what is wrong in the register is named by file and line. Pure: it reads text, not files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

#: Where something stands in a document: keys and numbers from the top.
Path = tuple[str | int, ...]


#: libyaml's where PyYAML was built with it: six times faster, and every process reads the register at its start.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a document, and where in it."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document and the line of every key and item in it; without lines it was never text."""

    name: str
    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """Return `name:line` of what stands at the path, or of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name

    def told(self, faults: Iterable[Fault]) -> list[str]:
        """Return each fault as `name:line: reason`, in order of line."""
        rows = sorted(faults, key=lambda fault: (self.lines.get(fault.path[:1], 0), fault.path[:1] == ()))
        return [f"{self.place(fault.path)}: {fault.why}" for fault in rows]


def document(name: str, text: str) -> Document:
    """Return what the text says.

    Raises ValueError with file and line where it is no YAML, holds more than one document, or says one key twice.
    """
    lines: dict[Path, int] = {}
    try:
        loader = LOADER(text)
        node = loader.get_single_node()
        if node is None:
            raise ValueError(f"{name}:1: the file is empty")
        if wrong := list(_walk(loader, node, (), (), lines)):
            raise ValueError("\n".join(f"{name}:{line}: {why}" for line, why in wrong))
        return Document(name, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(f"{name}:{mark.line + 1 if mark else 1}: no YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        raise ValueError(f"{name}: no YAML: {error.reason} at position {error.position}") from error


def _walk(
    loader: Any, node: yaml.Node, path: Path, above: tuple[int, ...], lines: dict[Path, int]
) -> Iterator[tuple[int, str]]:
    """Note the line of every part, and yield each key that is said twice and each value that cannot be read."""
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in above:
        yield line, "holds itself"
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, inner in node.value:
            said = str(key.value)
            if said in seen:
                yield key.start_mark.line + 1, f"{said} is said twice"
            seen.add(said)
            lines[(*path, said)] = key.start_mark.line + 1
            yield from _walk(loader, inner, (*path, said), (*above, id(node)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, inner in enumerate(node.value):
            yield from _walk(loader, inner, (*path, number), (*above, id(node)), lines)
    else:
        try:
            loader.construct_object(node)
        except ValueError:  # a day such as 2014-13-45, which YAML takes for a date
            yield line, f"{node.value} is no value of its kind"


def invalid(error: ValidationError) -> Iterator[Fault]:
    """Yield what a model refuses, each with its key."""
    for one in error.errors(include_url=False, include_context=False):
        named = ".".join(str(part) for number, part in enumerate(one["loc"]) if number or isinstance(part, str))
        said = one["msg"].removeprefix("Value error, ")
        given = "" if one["type"] == "missing" or isinstance(one["input"], (dict, list)) else f", not {one['input']!r}"
        yield Fault(tuple(one["loc"]), f"{named}: {said}{given}")
