"""A program called ``claude`` that writes down how it was started, asks the proxy for its models, and ends as told."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """#!{python}
import json, os, signal, sys, urllib.request

def ask():
    name, _, token = os.environ["ANTHROPIC_CUSTOM_HEADERS"].partition(": ")
    request = urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + "/v1/models", headers={{name: token}})
    return json.load(urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(request, timeout=60))

def post(body):
    name, _, token = os.environ["ANTHROPIC_CUSTOM_HEADERS"].partition(": ")
    headers = {{name: token, "content-type": "application/json"}}
    request = urllib.request.Request(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", body, headers)
    urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(request, timeout=10).read()

def caught(number, frame):
    print("caught", signal.Signals(number).name, flush=True)
    sys.exit(7)

signal.signal(signal.SIGTERM, caught)
def settings():
    text = sys.argv[sys.argv.index("--settings") + 1]
    return json.loads(text if text.startswith("{{") else open(text).read())

seen = {{"arguments": sys.argv[1:], "environ": dict(os.environ), "folder": os.getcwd(), "models": ask()}}
seen["settings"] = settings()
with open({seen!r}, "w") as file:
    json.dump(seen, file)
if "ask" in sys.argv:
    post(b'{{"model":"understudy/big","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}]}}')
print("from claude", flush=True)
if "wait" in sys.argv:
    signal.pause()
if "die" in sys.argv:
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(os.environ.get("END_WITH", "0")))
"""


@dataclass(frozen=True)
class FakeClaude:
    """``folder`` goes on the PATH."""

    folder: Path
    seen_file: Path

    @property
    def seen(self) -> Mapping[str, Any]:
        """How it was started the last time."""
        seen: Mapping[str, Any] = json.loads(self.seen_file.read_text())
        return seen

    @property
    def settings(self) -> Mapping[str, Any]:
        """What ``--settings`` said, in a file or as it is."""
        settings: Mapping[str, Any] = self.seen["settings"]
        return settings

    @property
    def theirs(self) -> list[str]:
        """Its arguments behind those of the launch."""
        arguments: list[str] = self.seen["arguments"]
        option, _, *theirs = arguments
        assert option == "--settings"
        return theirs


def install(folder: Path) -> FakeClaude:
    """Put one into ``folder``."""
    folder.mkdir()
    program, seen = folder / "claude", folder / "seen.json"
    program.write_text(_PROGRAM.format(python=sys.executable, seen=str(seen)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return FakeClaude(folder, seen)
