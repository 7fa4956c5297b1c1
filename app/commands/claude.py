"""``understudy claude``: Claude Code in this terminal, through the Understudy that runs or one started for it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands.saying import remark

if TYPE_CHECKING:
    from app.commands.ground import Ground
    from proxy_core.config.keys import Keys
    from proxy_core.config.local_token import Launch
    from proxy_core.config.secret import Secret
    from proxy_core.config.settings import Role
    from proxy_core.launch.claude_code import LaunchPlan, Part

NOT_FOUND = 127
"""The exit code of a shell that does not find a program."""


@dataclass(frozen=True, slots=True)
class Door:
    """A proxy that lets this launch in: ``roles`` are what it plays them with."""

    address: str
    token: Secret
    roles: Mapping[Role, str]


def claude(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[--profile NAME] [ARGS]...", help="Go to claude as they are.")
    ] = None,
) -> None:
    """Run Claude Code here, on your models. All arguments go to claude, its --help too."""
    from app.commands.ground import stand

    profile, theirs = own_options(arguments or [])
    program = program_or_exit()
    ground = stand(os.environ)  # without .env: a project's file must not choose where its sessions go
    ground.profile(profile)
    refuse_if_overruled()
    for trouble in ground.troubles:
        remark(trouble)
    with door(ground, profile) as opened:
        plan = plan_for(ground, opened)
        code = run([str(program), *plan.arguments, *theirs], plan.environment(os.environ))
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
        remark(f"Claude Code is not installed. Install it with: {INSTALL}  (it wants Node.js)")
        raise typer.Exit(NOT_FOUND)
    return program


def refuse_if_overruled() -> None:
    """End the command where Claude Code's own settings would lead the session elsewhere."""
    from proxy_core.errors import ConfigError
    from proxy_core.launch.obstacles import Weight, obstacles

    stopping = [found for found in obstacles(Path.home(), Path.cwd(), os.environ) if found.weight is Weight.STOPS]
    if stopping:
        raise ConfigError(" ".join(found.sentence for found in stopping))


def plan_for(ground: Ground, opened: Door) -> LaunchPlan:
    """The environment of the session."""
    from proxy_core.config.settings import PASSTHROUGH
    from proxy_core.launch.claude_code import Session, plan

    parts = {role: _part(ground, target) for role, target in opened.roles.items()}
    anthropic = ground.provider_of(PASSTHROUGH)
    stored = anthropic is not None and ground.key_of(anthropic).secret is not None
    session = Session(
        address=opened.address,
        token=opened.token,
        parts=parts,
        own_credential=any(part.passthrough for part in parts.values()) and not stored,
        long_threshold=ground.configuration.settings.routing.long_threshold,
    )
    return plan(session, os.environ)


def _part(ground: Ground, target: str) -> Part:
    from proxy_core.config.settings import PASSTHROUGH, Engine
    from proxy_core.launch.claude_code import Part
    from proxy_core.routing.roles import resolve

    if target == PASSTHROUGH:
        return Part(PASSTHROUGH)
    model = resolve(target, ground.known)
    provider, facts = ground.known.provider(model.provider), ground.known.model(model.provider, model.name)
    here = provider is not None and (provider.local or provider.engine is Engine.DEMO)
    return Part(str(model), facts.window, facts.max_output, local=here)


@contextmanager
def door(ground: Ground, profile: str) -> Generator[Door, None, None]:
    """The proxy that runs, if its token is known here; else one of this command's own, on a free port."""
    from proxy_core.config.local_token import launch_token
    from proxy_core.runtime.presence import find_running

    running = find_running(ground.paths.runtime_file)
    local = ground.keys.local_token().secret if running else None
    if running and local:
        token = launch_token(local, _launch(profile))
        roles = roles_of(running.address, token)
        if roles is not None:
            yield Door(running.address, token, roles)
            return
        remark(f"The Understudy on {running.address} has another token; one is started for this session.")
    from app.commands.ground import stand
    from proxy_core.ledger.journal_file import JournalFile

    journal = JournalFile(ground.paths.journal_file)
    try:
        with own_door(stand(ground.environ, listener=journal), profile) as opened:
            yield opened
    finally:
        journal.close()


@contextmanager
def own_door(ground: Ground, profile: str) -> Generator[Door, None, None]:
    """A proxy for as long as this lasts. Says at the end what went wrong meanwhile."""
    from proxy_core.config.local_token import launch_token
    from proxy_core.errors import ConfigError
    from proxy_core.runtime.listening import Listening
    from proxy_core.runtime.server import ProxyServer

    faults: list[str] = []  # not told at once: the terminal belongs to Claude Code
    server = ProxyServer(Listening("127.0.0.1", 0), ground.proxy.make_service, fault=faults.append)
    server.start()
    try:
        if not server.ready(20):
            raise ConfigError(server.sentence)
        token = launch_token(_local_token(ground.keys), _launch(profile))
        yield Door(server.address.url, token, ground.roles(ground.profile(profile)))
    finally:
        server.stop()
        for place in faults:
            remark(f"a fault of Understudy's own: {place}")


def _launch(profile: str) -> Launch:
    from proxy_core.config.local_token import Launch

    return Launch(secrets.token_hex(8), str(Path.cwd()), profile)


def _local_token(keys: Keys) -> Secret:
    from proxy_core.errors import ConfigError

    found = keys.local_token()
    if found.secret is None:
        raise ConfigError(f"There is no local token. {found.trouble}")
    return found.secret


def roles_of(address: str, token: Secret) -> dict[Role, str] | None:
    """What a running proxy plays each role with; None where it does not take the token."""
    import http.client
    from urllib.parse import urlsplit

    from proxy_core.config.settings import Role
    from proxy_core.routing.model_ids import role_of

    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request("GET", "/v1/models", headers={"x-understudy-token": token.reveal()})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            return None
        models = json.loads(answer.read())["data"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return None
    finally:
        connection.close()
    played = {role: model["display_name"] for model in models if (role := role_of(model["id"])) is not None}
    return {Role(role): name.partition(": ")[2] for role, name in played.items()}


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The program in this terminal; its exit code, as a shell tells it.

    Ctrl+C reaches it from the terminal itself, so here it is only survived; other signals are passed on.
    """
    child = subprocess.Popen(command, env=environment)  # noqa: S603 - what the user asked for
    with _signals_to(child):
        code = child.wait()
    return 128 - code if code < 0 else code


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
