"""A case told in the terminal, at most a hundred columns wide."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text as Styled

from services.cases import lines
from services.cases.casefile import Told
from services.cases.heard import Happened, Receipt, Telling
from services.cases.lines import Line
from services.cases.words import meaning, reason

WIDTH = 100
#: Sign and colour say the same, so that neither is needed to tell them apart.
SIGNS: dict[Told, tuple[str, str]] = {
    "delivery": ("●", "bold blue"),
    "release": ("●", "bold blue"),
    "replacement": ("●", "bold blue"),
    "ground": ("●", "blue"),
    "recall": ("◀", "bold magenta"),
    "withheld": ("✕", "bold yellow"),
    "pending": ("…", "yellow"),
}


def tell(console: Console, telling: Telling, language: str = "en") -> None:
    """Print the whole case: steps, verdict, receipts; and where it differs from what the case file expects."""
    case = telling.case
    console.print(f"\n[bold]{escape(case.title.said(language))}[/bold]  [dim]{case.name}[/dim]")
    console.print(Padding(escape(case.about.said(language)), (0, 0, 1, 0)))
    before: Happened | None = None
    for number, one in enumerate(telling.steps, start=1):
        _step(console, telling, (number, before, one), language)
        before = one
    for text in lines.verdict(telling):
        console.print(escape(text.said(language)), highlight=False, soft_wrap=True)
    for receipt in telling.receipts:
        _receipt(console, telling, receipt, language)
    for difference in telling.differences():
        console.print(f"[bold red]differs:[/bold red] {escape(difference)}", highlight=False)
    told = ", ".join(f"{kind} {n}" for kind, n in sorted(lines.counts(telling).items()))
    console.print(
        f"{case.name}: steps {len(telling.steps)}, outcomes {told}, different {len(telling.differences())}",
        highlight=False,
    )


def _step(console: Console, telling: Telling, at: tuple[int, Happened | None, Happened], language: str) -> None:
    number, before, one = at
    when = lines.moment(one.step.time).said(language)
    console.rule(f"[bold]{number}[/bold]  {when}", align="left", style="dim", characters="─")
    said = f"[bold]{escape(lines.published(one).said(language))}[/bold]: {escape(meaning(one.step.type))}"
    console.print(said, highlight=False)
    console.print(f"[italic]{escape(one.step.note.said(language).strip())}[/italic]", highlight=False)
    console.print(f"[dim]{one.admitted}, id {one.event_id}[/dim]", highlight=False)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=1)
    grid.add_column()
    for line in lines.lines(telling, one):
        sign, style = SIGNS[line.told]
        grid.add_row(Styled(sign, style), _heard(line, style, language))
    grid.add_row(Styled("·", "dim"), Styled(lines.nobody(one).said(language), "dim"))
    console.print(Padding(grid, (0, 0, 0, 2)))
    console.print(Padding(_figures(telling, before, one, language), (0, 0, 1, 2)))


def _heard(line: Line, style: str, language: str) -> Styled:
    text = Styled()
    if line.about is not None:
        text.append(f"{line.about.said(language)}: ")
    text.append(f"{line.who.said(language)} ")
    text.append(line.what.said(language), style)
    text.append(f": {line.why.said(language)}")
    if line.because is not None and line.heard.event.step is not None:
        text.append(f"\n{line.because.said(language)}")
    if line.fields is not None:
        text.append(f"\n{line.fields.said(language)}")
    text.append(f"\n{line.law}", "dim")
    return text


def _figures(telling: Telling, before: Happened | None, one: Happened, language: str) -> Styled:
    label = {"nl": "registratie", "en": "registration"}[language]
    text = Styled(f"{label}: {lines.registration(one).said(language)}", "dim")
    for figure, was, now in lines.figures(telling.case, before, one):
        moved = "" if was == now else f" (was {was})"
        text.append(f"\nfigure {' '.join(figure.cell)} = {now}{moved}", "bold" if moved else "dim")
    return text


def _receipt(console: Console, telling: Telling, receipt: Receipt, language: str) -> None:
    number = next(n for n, one in enumerate(telling.steps, start=1) if one.step.id == receipt.event.step)
    signed = "signed by disclose" if receipt.signed else "NOT signed by disclose"
    console.print(f"\nreceipt of step {number}, {receipt.event.type} {receipt.event.id}, {signed}", highlight=False)
    laws = lines.laws(telling)
    for outcome in receipt.outcomes:
        mask = f", mask {outcome['mask']}" if outcome["mask"] else ""
        because = reason(outcome["reasons"]).said(language)
        text = Styled(f"{outcome['recipient']} {outcome['purpose']} ")
        text.append(str(outcome["outcome"]), SIGNS["delivery" if outcome["outcome"] == "delivered" else "withheld"][1])
        text.append(f"{mask}: {because}")
        text.append(f"\n{laws[outcome['activity'], tuple(outcome['reasons'])]}", "dim")
        console.print(Padding(text, (0, 0, 0, 2)))
    console.print()
