"""What every test stands on: a home of its own, no keys from outside, and one way to renew golden files."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings, strategies

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", parent=settings.get_profile("default"), max_examples=20_000)
settings.load_profile("default")

CLOSED_TO_TESTS = ("UNDERSTUDY_", "ANTHROPIC_", "CLAUDE_", "OPENAI_", "XDG_", "DBUS_")
"""Prefixes of variables that would carry the developer's own settings, keys or keyring into a test."""

CLOSED_NAMES = ("BIG_MODEL", "SMALL_MODEL", "THINKER_MODEL", "PREFERRED_PROVIDER", "HOST", "PORT")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files, to be reviewed like code")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Have Hypothesis keep its tables of Unicode before there are workers, who would all write them at once."""
    strategies.text().validate()


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten instead of compared."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session", autouse=True)
def _apart_from_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the real home, a real key, a real keyring or a proxy for its requests, whatever it starts."""
    kept = dict(os.environ)
    home = tmp_path_factory.mktemp("home")
    for name in kept:
        own = name.upper()
        if own.startswith(CLOSED_TO_TESTS) or own in CLOSED_NAMES or own.endswith(("_API_KEY", "_API_BASE", "_PROXY")):
            del os.environ[name]
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(home)
    os.environ["UNDERSTUDY_HOME"] = str(home / "understudy")
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture(scope="session", autouse=True)
def _signals_reach_what_is_started() -> Iterator[None]:
    """What a shell had us ignore (SIGINT behind ``&``, SIGHUP under ``nohup``) is ignored here alone.

    A program that is started inherits it, and none would end by Ctrl+C; a handler it does not inherit.
    """
    ending = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
    ignored = [number for number in ending if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder to be somebody's home, with nothing in it."""
    home = tmp_path / "home"
    home.mkdir()
    return home
