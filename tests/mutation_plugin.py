"""Lets mutmut 3.7 read a test's name from pytest 9, which calls it otherwise: loaded by `[tool.mutmut]` alone."""

from __future__ import annotations

import pytest

pytest.Item._nodeid = property(lambda item: item.nodeid)  # type: ignore[attr-defined]
