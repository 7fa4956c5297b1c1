"""The real Claude Code CLI, run once without a screen, with a home of its own and no way out but to loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socketserver
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support import node

VERSIONS: Final = node.versions("claude-code")
"""The old and the new one that the facts about the wire were learned from."""

NEW_FIRST: Final = (*(pytest.param(version, marks=pytest.mark.full) for version in VERSIONS[:-1]), VERSIONS[-1])
"""Parameters: the new one, and the others where all is tested."""

QUIET: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "IS_SANDBOX": "1",
}
"""No traffic beside the base URL; ``IS_SANDBOX`` lets root pass over permissions, as in a container."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run said and did.

    ``events`` are the lines of its stream-json output; ``asked_outside`` the places beyond loopback that it tried to
    reach, which were refused. ``result`` is its last answer, ``usage`` the tokens it counted, of all requests together.
    """

    status: int
    events: tuple[Mapping[str, Any], ...]
    stderr: str
    asked_outside: tuple[str, ...]

    @property
    def ending(self) -> Mapping[str, Any]:
        """The event that closes a run; AssertionError where there is none."""
        assert self.events, f"Claude Code printed nothing; status {self.status}: {self.stderr}"
        assert self.events[-1]["type"] == "result", self.events[-1]
        return self.events[-1]

    @property
    def result(self) -> str:
        return str(self.ending["result"])

    @property
    def is_error(self) -> bool:
        return bool(self.ending["is_error"])

    @property
    def turns(self) -> int:
        return int(self.ending["num_turns"])

    @property
    def usage(self) -> Mapping[str, Any]:
        usage: Mapping[str, Any] = self.ending["usage"]
        return usage

    @property
    def model_usage(self) -> Mapping[str, Mapping[str, Any]]:
        """Tokens by the name that was asked for."""
        usage: Mapping[str, Mapping[str, Any]] = self.ending["modelUsage"]
        return usage

    def blocks(self, role: str, kind: str) -> list[Mapping[str, Any]]:
        """The content blocks of one kind in the messages of ``assistant`` or ``user``, in order."""
        messages = [event["message"]["content"] for event in self.events if event["type"] == role]
        return [
            block for content in messages if isinstance(content, list) for block in content if block["type"] == kind
        ]


async def run(
    version: str,
    prompt: str,
    *,
    base_url: str,
    folder: Path,
    variables: Mapping[str, str],
    arguments: tuple[str, ...] = (),
    seconds: float = 240.0,
) -> Run:
    """Ask ``prompt`` in the project folder ``folder``/project and wait for the end.

    ``variables`` hold what lets it in (a token) and whatever else the environment of a launch sets. Raises
    NotInstalledError, and TimeoutError after killing it.
    """
    home, project = folder / "claude-home", folder / "project"
    for made in (home, project):
        made.mkdir(parents=True, exist_ok=True)
    program = node.program("claude-code", version, "claude")
    with refusing_proxy() as outside:
        process = await asyncio.create_subprocess_exec(
            program,
            *("-p", prompt, "--output-format", "stream-json", "--verbose"),
            *arguments,
            cwd=project,
            env={**_environment(home, outside.address), "ANTHROPIC_BASE_URL": base_url, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), seconds)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    events = tuple(json.loads(line) for line in out.split(b"\n") if line.strip())
    return Run(process.returncode or 0, events, err.decode(), tuple(outside.asked))


def _environment(home: Path, proxy: str) -> dict[str, str]:
    kept = ("PATH", "SHELL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
    bare = {name: os.environ[name] for name in kept if name in os.environ}
    ways_out = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
    loopback = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost,::1")
    return {**bare, **QUIET, **ways_out, **loopback, "HOME": str(home), "USERPROFILE": str(home), "LANG": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A proxy that lets nothing through, and what it was asked for, as ``host:port`` or an address."""

    address: str
    asked: list[str]


@contextlib.contextmanager
def refusing_proxy() -> Iterator[Refusal]:
    """An HTTP proxy on loopback that writes down where its clients want to go and answers 403."""
    asked: list[str] = []

    class Refuse(socketserver.StreamRequestHandler):
        timeout = 60.0

        def handle(self) -> None:
            words = self.rfile.readline(4096).split()
            asked.append(words[1].decode("latin-1") if len(words) > 1 else "nothing")
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuse) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Refusal(f"http://127.0.0.1:{server.server_address[1]}", asked)
        finally:
            server.shutdown()
            thread.join()
