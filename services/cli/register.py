"""`./ketenbus register ...`: the register checked, what holds each rule of the sources, and the page to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from consent.activities import Register
from consent.coverage import coverage
from consent.rulebook import Rulebook
from ketenbus.errors import ConfigurationError
from services.cli import releases
from services.cli.errors import plainly
from services.cli.explain import Lang, Language
from services.cli.report import OUT
from services.register import lines, page, reading, telling
from streams.runtime.settings import load_terms

register_app = typer.Typer(
    no_args_is_help=True, help="The register of processing activities: checked, covered, to read."
)


releases.mount(register_app)


@register_app.command()
@plainly
def check(
    file: Annotated[Path | None, typer.Argument(help="Another file of activities; default the project's own.")] = None,
) -> None:
    """Read the register as every processor does at its start, and what holds each rule; every fault by file and line."""
    register, rulebook = reading.read(file)
    reading.numbers()
    load_terms()
    if file is None and (wrong := _unpinned(register, rulebook)):
        raise ConfigurationError("\n".join(wrong))
    print(f"activities {len(register.activities)}, views {len(register.views())}: no fault")
    print(telling.summary(coverage(register, rulebook)))


@register_app.command("coverage")
@plainly
def show_coverage(
    lang: Lang = Language.nl,
    only_open: Annotated[bool, typer.Option("--open", help="Only what is not settled.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show every rule of the sources: its article, its line, what holds it and which test; then what is open, and for whom."""
    found = coverage(*reading.read())
    if as_json:
        rows = [
            {"statement": row.statement.key, "source": str(row.statement.source), "status": row.statement.status,
             "articles": row.articles, "activities": [a.uri for a in row.activities], "tests": row.tests,
             "safeguards": [s.id for s in row.safeguards], "questions": [q.id for q in row.questions], "held": row.held}
            for row in found.rows
        ]  # fmt: skip
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for line in telling.lines(found, lang.value, only_open=only_open):
        print(line)


@register_app.command("page")
@plainly
def write_page(
    out: Annotated[Path, typer.Option(help="Where the folder `register` goes.")] = OUT.parent,
) -> None:
    """Write the register as one page to read, in Dutch and English."""
    register, rulebook = reading.read()
    print(f"open {page.write(out.absolute(), register.activities, rulebook, coverage(register, rulebook))}")


@register_app.command("lines")
@plainly
def cited_lines(
    handbooks: Annotated[Path, typer.Option(help="The folder of the handbooks.")],
    write: Annotated[bool, typer.Option("--write", help="Pin the lines as they are now cited.")] = False,
) -> None:
    """Compare every cited line with the handbooks themselves, and with what is pinned."""
    found = lines.read(lines.cited(*reading.read()), handbooks)
    if write:
        lines.FILE.write_text(lines.text(found), "utf-8")
    if wrong := list(lines.differences(lines.pinned(), found)):
        raise ConfigurationError("\n".join(wrong))
    print(f"lines {len(found)}: each says what is cited")


def _unpinned(register: Register, rulebook: Rulebook) -> list[str]:
    """Return where the citations are not the pinned ones; what their lines say was checked when they were pinned."""
    now = {(c.file, c.line, c.says) for c in lines.cited(register, rulebook)}
    then = {(row.file, row.line, row.says) for row in lines.pinned()}
    return [f"{lines.FILE.name}: {file}:{line} {says} is {'not pinned' if (file, line, says) in now else 'pinned, but not cited'}"
            for file, line, says in sorted(now ^ then)]  # fmt: skip
