"""What `bootstrap.py test --full` types on a fresh Debian, what it carries there, and that nothing of it stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resources import fresh_debian
from resources.bootstrap import ROOT, NotReadyError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="debootstrap and chroot are Linux's")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A fresh system, as far as settings go."""
    made = tmp_path / "system"
    (made / "etc").mkdir(parents=True)
    return made


class Hands:
    """Notes what is run, and fails at what was asked for."""

    def __init__(self, fails_at: str = "", by: type[BaseException] = KeyboardInterrupt) -> None:
        self.ran: list[str] = []
        self._fails_at = fails_at
        self._by = by

    def say(self, sentence: str) -> None:
        pass

    def run(self, *command: str | Path, **_: object) -> None:
        self.ran.append(" ".join(map(str, command)))
        if self._fails_at and self._fails_at in self.ran[-1]:
            raise self._by


def test_the_commands_are_the_readmes() -> None:
    demo, test = fresh_debian.commands((ROOT / "README.md").read_text("utf-8"))
    assert (demo, test) == ("python3 resources/bootstrap.py demo", "python3 resources/bootstrap.py test")


def test_the_way_to_the_package_mirrors_is_carried_and_nothing_else(system: Path, scratch: Path) -> None:
    index, constraints = scratch.parent / "mirror" / "simple", scratch.parent / "constraints.txt"
    index.mkdir(parents=True)
    constraints.write_text("a<2\n")
    (scratch / ".npmrc").write_text("//registry.example/:_authToken=abc\nfund=false\n")
    environ = {
        "PIP_EXTRA_INDEX_URL": f"https://one.example/simple file://{index}",
        "pip_constraint": str(constraints),
        "https_proxy": "http://proxy.example:3128",
        "UV_HTTP_TIMEOUT": "it's long",
        "OPENAI_API_KEY": "sk-0123456789",
        "VIRTUAL_ENV": "/somewhere",
    }
    fresh_debian.carry(system, scratch, environ)
    said = subprocess.run(
        ["env", "-i", "sh", "-c", f". {system / fresh_debian.SAID}; env"], capture_output=True, text=True, check=True
    )
    there = dict(line.split("=", 1) for line in said.stdout.splitlines())
    assert there.items() >= {name: environ[name] for name in list(environ)[:4]}.items()
    assert not there.keys() & {"OPENAI_API_KEY", "VIRTUAL_ENV"}
    assert there["HOME"] == "/root"
    assert (system / fresh_debian.SAID).stat().st_mode & 0o077 == 0
    assert (system / "root" / ".npmrc").read_text() == (scratch / ".npmrc").read_text()
    assert (system / constraints.relative_to("/")).read_text() == "a<2\n"
    (shared,) = [folder for folder in _shared(system) if index.is_relative_to(folder)]
    assert not (system / Path(shared).relative_to("/")).exists(), "nothing of the fresh system's own is hidden by it"


def test_a_folder_that_a_fresh_system_has_stays_its_own(system: Path, scratch: Path) -> None:
    (system / "usr").mkdir()
    (scratch / "cache").mkdir()
    fresh_debian.carry(system, scratch, {"NPM_CONFIG_NODEDIR": "/usr", "PIP_CACHE_DIR": str(scratch / "cache")})
    assert not {"/usr", str(scratch / "cache")} & set(_shared(system))


def _shared(system: Path) -> list[str]:
    return (system / fresh_debian.SHARED).read_text().splitlines()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where systems are made."""
    monkeypatch.setattr(fresh_debian, "ROOT", tmp_path)
    monkeypatch.setattr(fresh_debian, "mirror", lambda: ("http://mirror.example/debian",))
    monkeypatch.setattr(fresh_debian, "carry", lambda *_: None)
    return tmp_path / ".cache"


@pytest.mark.parametrize("by", [KeyboardInterrupt, SystemExit, NotReadyError])
@pytest.mark.parametrize("step", ["debootstrap", "git clone"])
def test_nothing_stays_when_it_is_interrupted(place: Path, step: str, by: type[BaseException]) -> None:
    hands: Any = Hands(step, by)
    with pytest.raises(by):
        fresh_debian.try_commands(hands, "trixie", [])
    assert list(place.iterdir()) == []


def test_both_commands_are_typed_and_what_failed_is_told(place: Path) -> None:
    hands: Any = Hands("bootstrap.py demo", NotReadyError)
    demo, test = fresh_debian.try_commands(hands, "trixie", ["-k", "two words"])
    assert (demo.well, test.well) == (False, True)
    assert hands.ran[-1].endswith("python3 resources/bootstrap.py test -k 'two words'")
    assert list(place.iterdir()) == []


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert fresh_debian.main([]) == 1
    assert "run this with sudo" in capsys.readouterr().err


def test_a_release_that_is_none_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert fresh_debian.main(["sarge"]) == 2
    assert "resources.fresh_debian" in capsys.readouterr().out
