"""`./ketenbus policy prove`: it counts, names each prohibition with its source, and says what breaks it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from consent.activities import Register
from consent.precedence import Consent
from services.cli.policy import WRITTEN, print_proven
from services.policy.law import RawLaw, raw_law
from services.policy.proving import TOLD, Proven, prove
from tests.consent_facts import the_register
from tests.registers import lawless


def proven(law: Register, raw: RawLaw) -> Proven:
    return prove(law, raw, WRITTEN.read_text("utf-8"), lambda _: None, most_words=1, histories=20, pairs=2)


def test_what_is_proven_of_the_real_register_is_counted_and_each_source_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = proven(the_register(), raw_law())
    print_proven(found)
    told = capsys.readouterr().out
    assert found.findings == ()
    for name in ("rows", "classes", "sets of consent words", "Cedar comparisons", "non-interference pairs"):
        assert re.search(rf"^{name} +[1-9]", told, re.MULTILINE)
    assert "proven  nothing from care or shelter goes to OPSPORING" in told
    assert re.search(r"^prohibitions \d+ proven \d+ of no row \d broken 0; findings 0", told, re.MULTILINE)


def test_a_register_that_breaks_a_prohibition_is_told_by_its_rows_and_all_else_it_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    raw, real = raw_law(), the_register()
    [row] = [r for r in raw.activities if r["id"] == "registratie-toestemming"]
    row["consent"] = "none"
    changed = [a.model_copy(update={"consent": "none"}) if a.id == row["id"] else a for a in real.activities]
    found = proven(lawless(changed, real.rules), raw)
    print_proven(found)
    told = capsys.readouterr().out
    assert "BROKEN  for REGISTRATIE consent is always asked of every other reporter" in told
    assert re.search(r"FOUND registration-others is broken: \S+'s victim-reported from 2014-01-01", told)
    assert "FOUND the table differs" in told
    assert "FOUND 3.5 row 2: " in told
    assert f"3.5 row 2: and {2 * 2 * (len(Consent) - 1) * 6 - TOLD} more" in told


def test_cedar_with_another_law_is_told() -> None:
    raw = raw_law()
    found = proven(the_register(), replace(raw, activities=raw.activities[1:]))
    assert any(
        f.startswith("Cedar: politie's victim-reported") or "registratie-opsporing/1" in f for f in found.findings
    )
