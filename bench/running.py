"""A program while it is measured: started in its own folder, polled until it answers, stopped with its children."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.load.wanted import Kind, Wanted
from bench.peers import ROOT
from bench.programs import Place, Program, headers_of
from bench.prompts import HEADERS, small

START_SECONDS: Final = 60.0
"""Seconds until a program's first answer: LiteLLM's proxy takes several, and more while others use the machine."""

STOP_SECONDS: Final = 10.0
"""Seconds for a program to end before it is killed."""


class DidNotAnswer(Exception):
    """A program ended or did not answer in time; the message has the end of its output."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program that answers. ``seconds`` is the time from its start to its first answer; ``pid`` 0 is no process."""

    program: Program
    port: int
    pid: int
    seconds: float


def start_upstream(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the provider; return it and its port."""
    with (folder / "upstream.err").open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.load.upstream"], cwd=ROOT, stdout=subprocess.PIPE, stderr=err
        )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@contextlib.contextmanager
def running(program: Program, folder: Path, upstream: int) -> Iterator[Running]:
    """Provide the program from its first answer until the end of the block. Raises :class:`DidNotAnswer`."""
    if program.start is None:
        yield Running(program, upstream, 0, 0.0)
        return
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(folder, _free_port(), upstream)
    start = program.start(place)
    with (folder / "printed").open("ab") as printed:
        began = time.monotonic()
        process = subprocess.Popen(
            start.words,
            cwd=folder,
            env=_environment(folder, start.variables),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not _answers(program, place.port):
            if process.poll() is not None or time.monotonic() > began + START_SECONDS:
                raise DidNotAnswer(f"{program.name}: {(folder / 'printed').read_text('utf-8', 'replace')[-1500:]}")
            time.sleep(0.01)
        yield Running(program, place.port, process.pid, time.monotonic() - began)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate it, then kill it, and the rest of its session."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _answers(program: Program, port: int) -> bool:
    """Return whether a small request is answered now. Raises :class:`DidNotAnswer` for a permanent refusal."""
    body = small(Wanted(Kind.WHOLE, 1), program.model)
    headers = {**HEADERS, **headers_of(program), "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    try:
        connection.request("POST", "/v1/messages", body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except OSError:
        return False
    finally:
        connection.close()
    if 400 <= answer.status < 500:
        raise DidNotAnswer(f"{program.name} refuses: {answer.status} {text[:500]!r}")
    return answer.status == 200


def _environment(folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return a minimal environment, without any setting, key or cache of this machine's user."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    home = {"HOME": str(folder), "UNDERSTUDY_HOME": str(folder / "understudy")}
    return {**kept, **home, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **variables}


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
