"""Programs of ours as they really run: started as processes, found by what they print, stopped by a signal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

UNDERSTUDY: Final = Path(sys.executable).with_name("understudy.exe" if os.name == "nt" else "understudy")
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0


class DidNotStartError(AssertionError):
    """A program ended, or said nothing, instead of listening. The message holds what it printed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ran to its end."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Serving:
    """``understudy serve``, listening. ``home`` is its UNDERSTUDY_HOME; ``said`` is the line it printed as JSON."""

    address: str
    token: str
    home: Path
    said: Mapping[str, Any]
    process: asyncio.subprocess.Process
    out_file: Path
    err_file: Path

    @property
    def printed(self) -> str:
        """Everything it has printed, on both streams."""
        return self.out_file.read_text("utf-8") + self.err_file.read_text("utf-8")

    def files(self) -> dict[str, bytes]:
        """Every file of its home by its relative path: where no secret may stand."""
        return {str(f.relative_to(self.home)): f.read_bytes() for f in self.home.rglob("*") if f.is_file()}


def environment(home: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """A bare environment with its files under ``home`` and no keyring, and ``variables``."""
    kept = ("PATH", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "COVERAGE_PROCESS_START")
    bare = {name: os.environ[name] for name in kept if name in os.environ}
    own = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "UNDERSTUDY_HOME": str(home),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PYTHONUNBUFFERED": "1",
    }
    return {**bare, **own, **(variables or {})}


async def understudy(
    *arguments: str, home: Path, variables: Mapping[str, str] | None = None, stdin: bytes = b"", seconds: float = 120.0
) -> Finished:
    """Run the command line to its end. Raises TimeoutError, after killing it, when it takes longer than ``seconds``."""
    home.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        UNDERSTUDY,
        *arguments,
        cwd=home,
        env=environment(home, variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with _ended(process):
        out, err = await asyncio.wait_for(process.communicate(stdin), seconds)
    return Finished(process.returncode or 0, out.decode(), err.decode())


@contextlib.asynccontextmanager
async def serving(
    home: Path, *arguments: str, variables: Mapping[str, str] | None = None, token: str = "us-test-token-0123456789"
) -> AsyncIterator[Serving]:
    """``understudy serve`` on a free port with ``arguments``, from its first line until the end of the block.

    Raises DidNotStartError. At the end it is asked to stop, and killed where it does not within STOP_SECONDS.
    """
    home.mkdir(parents=True, exist_ok=True)
    out_file, err_file = home.with_name(f"{home.name}.out"), home.with_name(f"{home.name}.err")
    with out_file.open("wb") as out, err_file.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            UNDERSTUDY,
            *("serve", "--json", "--port", "0"),
            *arguments,
            cwd=home,
            env=environment(home, {"UNDERSTUDY_TOKEN": token, **(variables or {})}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    async with _ended(process):
        line = await _first_line(process, out_file, err_file)
        said = json.loads(line)
        yield Serving(said["address"], token, home, said, process, out_file, err_file)


@contextlib.asynccontextmanager
async def listening(
    arguments: Sequence[str | Path], folder: Path, sign: str, env: Mapping[str, str]
) -> AsyncIterator[str]:
    """Another server, from the line of its output that holds ``sign`` until the end of the block; gives that line."""
    out_file, err_file = folder / "server.out", folder / "server.err"
    with out_file.open("wb") as out, err_file.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *arguments, cwd=folder, env=dict(env), stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err
        )
    async with _ended(process):
        yield await _first_line(process, out_file, err_file, sign)


async def _first_line(process: asyncio.subprocess.Process, out_file: Path, err_file: Path, sign: str = "{") -> str:
    """The first whole line of output with ``sign`` in it. A file and not a pipe: no reader has to keep up with it."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        for line in out_file.read_text("utf-8").split("\n")[:-1]:
            if sign in line:
                return line.strip()
        if process.returncode is not None:
            break
        await asyncio.sleep(0.02)
    printed = out_file.read_text("utf-8") + err_file.read_text("utf-8")
    raise DidNotStartError(f"status {process.returncode}, after {START_SECONDS} s at most:\n{printed}")


@contextlib.asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate() if os.name == "nt" else process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()


def open_descriptors(process: psutil.Process) -> int:
    """How many files, sockets and pipes it has open."""
    if sys.platform == "win32":
        return process.num_handles()
    else:
        return process.num_fds()


def kill_all_of(pid: int) -> None:
    """End a process and all that it started, at once."""
    parent = psutil.Process(pid)
    for process in (*parent.children(recursive=True), parent):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def open_pty() -> tuple[int, int]:
    """A new terminal: the end of a person, and that of a program."""
    if sys.platform == "win32":
        raise NotImplementedError
    else:
        return os.openpty()
