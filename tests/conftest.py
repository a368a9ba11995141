"""What every test gets: a real platform when it asks for one, and no sockets when it is a unit test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import pytest_socket
from hypothesis import settings

from infra.local.platform import Platform

HERE = Path(__file__).parent
#: The same examples in every run, and no more of them than a minute of unit tests has room for; `make test-long` draws more.
settings.register_profile("every run", max_examples=25, derandomize=True, deadline=None)
settings.register_profile("long", max_examples=1000, deadline=None)
settings.load_profile("every run")
#: Cheap before dear, in a run of everything at once: a broken function is told in seconds, not behind the servers' start.
ORDER = ("unit", "property", "fuzz", "contract", "golden", "simulation", "broker", "fault", "browser")
NEEDS_SERVERS = ("broker", "fault")
WITHOUT_SOCKETS = ("unit", "simulation")


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers of this suite."""
    if config.getoption("-m") == "long":
        settings.load_profile("long")
    config.addinivalue_line("markers", "broker: needs the local platform's Kafka and PostgreSQL")
    config.addinivalue_line("markers", "long: takes minutes; run by make test-long")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs servers, and run folder by folder; the order within a folder stays random."""
    for item in items:
        if _folder(item) in NEEDS_SERVERS:
            item.add_marker(pytest.mark.broker)
    items.sort(key=lambda item: ORDER.index(_folder(item)) if _folder(item) in ORDER else len(ORDER))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With BUS_REQUIRE=broker a test of the servers that is skipped has failed: nobody saw it pass."""
    report = yield
    if report.skipped and item.get_closest_marker("broker") and "broker" in os.environ.get("BUS_REQUIRE", ""):
        report.outcome = "failed"
        report.longrepr = f"skipped, and BUS_REQUIRE=broker does not allow that: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    if _folder(request.node) not in WITHOUT_SOCKETS:
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)  # asyncio's loop needs a pair of those
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A running platform with every topic of the bus, shared by the whole run and gone after it."""
    # Not pytest's own folder: that one is closed to the account PostgreSQL runs under when we are root.
    with Platform(Path(tempfile.mkdtemp(prefix="ketenbus-test-")), backfill=True).running(wipe=True) as running:
        yield running


def _folder(item: pytest.Item) -> str:
    try:
        return item.path.relative_to(HERE).parts[0]
    except ValueError:
        return ""
