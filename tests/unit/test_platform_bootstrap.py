"""Set-up says how much it downloads before it does."""

from __future__ import annotations

import tomllib

from infra import bootstrap

LOCK = (bootstrap.ROOT / "uv.lock").read_text()
SIZES = bootstrap.SIZES.read_text()


def test_the_download_is_the_sum_of_what_is_locked() -> None:
    lock = (
        '[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "ours"\n[[package]]\nname = "b"\nversion = "2"\n'
    )
    assert bootstrap.download_bytes(lock, "# wheels\na-1 1000\nb-1 7\nb-2 2000\n") == 3000


def test_every_package_we_ask_for_is_weighed_as_locked() -> None:
    packages = {package["name"]: package for package in tomllib.loads(LOCK)["package"]}
    ours = packages["ketenbus-platform"]
    wanted = [dependency["name"] for dependency in (*ours["dependencies"], *ours["dev-dependencies"]["dev"])]
    weighed = {line.split()[0] for line in SIZES.splitlines()}
    missing = [name for name in wanted if name != "ketenbus" and f"{name}-{packages[name]['version']}" not in weighed]
    assert missing == [], "run python -m infra.download_sizes as its docstring says"


def test_the_stamp_follows_the_lock() -> None:
    assert len(bootstrap.wanted_stamp()) == 64
    assert bootstrap.download_bytes(LOCK, SIZES) > 100e6
