"""``understudy claude``: Claude Code in this terminal, through the Understudy that runs or one started for it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.console import say_error

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from app.cli.proxy_session import ProxySession
    from proxy_core.launch.claude_code import LaunchPlan

NOT_FOUND = 127
"""The exit code of a shell that does not find a program."""


def claude(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[--profile NAME] [ARGS]...", help="Go to claude as they are.")
    ] = None,
) -> None:
    """Run Claude Code here, on your models. All arguments go to claude, its --help too."""
    from app.cli.cli_context import load
    from app.cli.proxy_session import proxy_session
    from proxy_core.launch.users_settings import taken

    profile, theirs = own_options(arguments or [])
    program = program_or_exit()
    inherited = dict(os.environ)  # before a proxy here loads LiteLLM, which writes into ours
    context = load(inherited)  # without .env: a project's file must not choose where its sessions go
    context.snapshot.profile(profile)
    refuse_if_overruled()
    settings, theirs = taken(theirs, Path.cwd())
    for trouble in context.troubles:
        say_error(trouble)
    with proxy_session(context, profile) as opened:
        plan = plan_for(context, opened)
        with settings_argument(plan, settings, opened.record) as (plan, argument):
            recorded = None if stays_behind(theirs) else opened.record
            code = run([str(program), "--settings", argument, *theirs], plan.environment(inherited), recorded)
    raise typer.Exit(code)


def own_options(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The profile, and what is claude's: ours stand before the first argument that is not ours."""
    match list(arguments):
        case ["--profile", name, *theirs]:
            return name, theirs
        case [first, *theirs] if first.startswith("--profile="):
            return first.partition("=")[2], theirs
        case theirs:
            return "", theirs


def program_or_exit() -> Path:
    """Where claude is; ends the command with how to install it where it is not."""
    from proxy_core.launch.installed import INSTALL, find_claude

    program = find_claude(os.environ, Path.home())
    if program is None:
        say_error(f"Claude Code is not installed. Install it with: {INSTALL}  (it wants Node.js)")
        raise typer.Exit(NOT_FOUND)
    return program


def refuse_if_overruled() -> None:
    """End the command where Claude Code's own settings would lead the session elsewhere."""
    from proxy_core.errors import ConfigError
    from proxy_core.launch.obstacles import Severity, obstacles

    stopping = [found for found in obstacles(Path.home(), Path.cwd(), os.environ) if found.weight is Severity.STOPS]
    if stopping:
        raise ConfigError(" ".join(found.sentence for found in stopping))


def plan_for(context: CliContext, opened: ProxySession) -> LaunchPlan:
    """The environment of the session."""
    from app.services import launch_plan
    from proxy_core.config.settings import PASSTHROUGH
    from proxy_core.launch import settings_files

    anthropic = context.snapshot.provider_of(PASSTHROUGH) if PASSTHROUGH in opened.roles.values() else None
    cast = launch_plan.LaunchRoles(
        opened.roles,
        context.known,
        context.configuration.settings.routing.long_threshold,
        has_anthropic_key=anthropic is not None and context.key_of(anthropic).secret is not None,
    )
    offers = launch_plan.offers_of(opened.address, opened.token)
    kept = settings_files.kept(Path.home(), Path.cwd(), os.environ)
    return launch_plan.plan_for(cast, opened.address, opened.token, os.environ, offers, kept=kept)


@contextmanager
def settings_argument(
    plan: LaunchPlan, theirs: Mapping[str, Any] | None, record: Path
) -> Generator[tuple[LaunchPlan, str], None, None]:
    """The plan over a user's own settings, and what ``--settings`` says for as long as this lasts.

    A user's own may hold secrets, which a command line would show to everybody here: they go through a file beside the
    ``record``. Raises LaunchError where it cannot be written.
    """
    from proxy_core.config import atomic_file
    from proxy_core.errors import LaunchError
    from proxy_core.launch import launch_records

    if theirs is None:
        yield plan, plan.settings_text
        return
    whole, path = plan.over(theirs), record.with_suffix(".json")
    try:
        launch_records.prepare(path)
        atomic_file.write(path, json.dumps(whole.settings).encode())
    except OSError as error:
        raise LaunchError(f"The settings of this session cannot be kept in {path}: {error.strerror}.") from error
    try:
        yield whole, str(path)
    finally:
        path.unlink(missing_ok=True)


def stays_behind(arguments: Sequence[str]) -> bool:
    """Whether the session goes on when the program has ended: in the background, or in a tmux."""
    return any(argument in {"--bg", "--background"} or argument.startswith("--tmux") for argument in arguments)


def run(command: Sequence[str], environment: Mapping[str, str], record: Path | None = None) -> int:
    """The program in this terminal; its exit code, as a shell tells it. It stands in ``record`` while it runs.

    Ctrl+C reaches it from the terminal itself, so here it is only survived; other signals are passed on.
    """
    from proxy_core.launch import launch_records

    child = subprocess.Popen(command, env=environment)  # noqa: S603 - what the user asked for
    with _signals_to(child):
        if record is not None:
            launch_records.begin(record, child.pid)
        code = _end_of(child)
    if record is not None:
        launch_records.end(record)
    return 128 - code if code < 0 else code


def _end_of(child: subprocess.Popen[bytes]) -> int:
    """Wait for the child while signals are heard.

    The kernel may give a signal to any thread, and one that waits for a child is not woken when another gets it. So a
    thread of its own waits, and this one for its word or a signal's.
    """
    ears, mouth = socket.socketpair()
    mouth.setblocking(False)

    def wait() -> None:
        child.wait()
        mouth.send(b"\0")

    with ears, mouth:
        before = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        try:
            while child.returncode is None:
                ears.recv(64)
        finally:
            signal.set_wakeup_fd(before)
            waiting.join()
    return int(child.returncode)


@contextmanager
def _signals_to(child: subprocess.Popen[bytes]) -> Generator[None, None, None]:
    def survive(_number: int, _frame: FrameType | None) -> None:
        """The terminal sends it to the child as well."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    handlers: dict[int, Any] = {signal.SIGINT: survive}
    if sys.platform != "win32":
        handlers |= {signal.SIGQUIT: survive, signal.SIGTERM: pass_on, signal.SIGHUP: pass_on}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
