"""What a world must never do."""

from __future__ import annotations


class Violation(Exception):
    """An invariant is broken: which, and where."""

    def __init__(self, law: str, where: str) -> None:
        super().__init__(f"{law}: {where}")
        self.law = law
        self.where = where
