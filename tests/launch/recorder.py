"""A stand-in for the program ``claude``: it writes down where it stands, what it was told and what it inherited."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy_core.launch.claude_code import BEARER, HEADERS, LaunchPlan

TOKEN: Final = f"us-launch.DEADBEEF-{os.getpid():010}"
"""Nobody else's: tests beside this one may have theirs on a command line of a shell."""
OWN_KEY: Final = "sk-ant-the-users-own"
ODD: Final = 'it\'s 100% "odd" & $HOME `x` \\ \u2018so\u2019 <a|b> ! ^ é 🎭'
"""What every shell has a meaning for."""

PLAN: Final = LaunchPlan(
    variables={
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:8082",
        BEARER: TOKEN,
        HEADERS: f"x-theirs: 1\nx-understudy-token: {TOKEN}",
        "ODD": ODD,
        "EMPTY": "",
    },
    unset=("ANTHROPIC_API_KEY", "ANTHROPIC_SMALL_FAST_MODEL"),
    settings={"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8082"}, "label": "BIG · it's"},
)

_PROGRAM: Final = """\
import json, os, sys
seen = {{"folder": os.getcwd(), "argv": sys.argv[1:], "environ": dict(os.environ)}}
with open({notes!r} + ".new", "w") as file:
    json.dump(seen, file)
os.replace({notes!r} + ".new", {notes!r})
sys.stdin.readline() if {stays} else None
sys.exit({status})
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What it wrote down."""

    folder: Path
    argv: list[str]
    environ: Mapping[str, str]

    def as_planned(self, folder: Path, *arguments: str) -> None:
        """Asserts that it was started as PLAN has it, at ``folder``, with ``arguments`` of the user's."""
        assert self.folder == folder
        assert self.argv == [*PLAN.arguments, *arguments]
        for name, value in PLAN.variables.items():
            assert self.environ[name] == value, name
        for name in PLAN.unset:
            assert name not in self.environ, name


@dataclass(frozen=True, slots=True)
class Recorder:
    """The program lies at ``program``; what it saw is read with :meth:`seen`."""

    program: Path
    notes: Path

    def seen(self, within: float = 60.0) -> Seen:
        """Waits up to ``within`` seconds for the notes. AssertionError where none come."""
        deadline = time.monotonic() + within
        while not self.notes.exists():
            assert time.monotonic() < deadline, "it was never started"
            time.sleep(0.02)
        found = json.loads(self.notes.read_text("utf-8"))
        return Seen(Path(found["folder"]), found["argv"], found["environ"])


def recorder(folder: Path, *, status: int = 0, stays: bool = False) -> Recorder:
    """A new one in ``folder``; it ends with ``status``, after a line of input where it ``stays``."""
    folder.mkdir(parents=True, exist_ok=True)
    code, program, notes = folder / "code.py", folder / "claude", folder / "seen.json"
    code.write_text(_PROGRAM.format(notes=str(notes), status=status, stays=stays), "utf-8")
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -SE {shlex.quote(str(code))} "$@"\n', "utf-8")
    program.chmod(0o700)
    return Recorder(program, notes)
