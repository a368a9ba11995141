"""What a run measured, written into `measurements.md` between the marks of each measurement, and its charts beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import lane, peering
from bench.charts import of_peers
from bench.figures import Figure, machine, table
from bench.peering import Row

PAGE = "measurements.md"
CHARTS = "charts"
#: The measurements that set contestants beside each other, and their tables.
TABLES: Mapping[str, Callable[[Mapping[str, Row]], str]] = {"peers": peering.table, "lane": lane.table}


def write(folder: Path, measured: Mapping[str, Sequence[Figure]], details: Mapping[str, Any], load: float) -> None:
    """Write every measurement's figures into the page in that folder, and the peers' charts into its `charts`.

    What was not measured keeps what it says. Raises ValueError naming a measurement the page has no marks for; then
    nothing is written.
    """
    page = folder / PAGE
    text = page.read_text("utf-8")
    charts = {}
    for name, figures in measured.items():
        parts = [table(figures)] if figures else []
        if name in TABLES:
            parts.insert(0, TABLES[name](details[name]["contestants"]))
        if name == "peers":
            drawn = of_peers(details[name]["contestants"])
            charts = {f"{chart}.svg": one.svg() for chart, one in drawn.items()}
            parts += [f"![{one.title}]({CHARTS}/{chart}.svg)" for chart, one in drawn.items()]
        text = between(text, name, "\n\n".join([*parts, taken_on(load)]))
    if charts:
        (folder / CHARTS).mkdir(exist_ok=True)
    for file, content in charts.items():
        (folder / CHARTS / file).write_text(content, "utf-8")
    page.write_text(text, "utf-8")


def between(text: str, name: str, content: str) -> str:
    r"""Return the text with what stands between the marks of `name` replaced; raises ValueError when it has none.

    >>> between("a <!-- speed --> old <!-- /speed --> z", "speed", "new")
    'a <!-- speed -->\\nnew\\n<!-- /speed --> z'
    """
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, found, rest = text.partition(first)
    _, ended, tail = rest.partition(last)
    if not found or not ended:
        raise ValueError(
            f"{PAGE} has no {first} ... {last} to write between: put the two marks where the figures belong"
        )
    return f"{head}{first}\n{content}\n{last}{tail}"


def taken_on(load: float) -> str:
    """Return the line that says what the figures were measured on, and how busy it was before."""
    on = machine()
    return (
        f"{on['cores']} cores, {on['memory_mib']:,} MiB, {on['system']}, Python {on['python']}; servers on the same machine; "
        f"load before the start {load:.1f}."
    )
