"""The way into a proxy for one session: the one that runs, or one that lives as long as the session."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.console import say_error

if TYPE_CHECKING:
    from app.cli.cli_context import CliContext
    from proxy_core.config.local_token import Launch
    from proxy_core.config.secret import Secret
    from proxy_core.config.settings import Role
    from proxy_core.server.proxy_server import Service


@dataclass(frozen=True, slots=True)
class ProxySession:
    """A proxy that lets this launch in: ``roles`` are what it plays them with.

    ``record`` is where the launch says that it runs.
    """

    address: str
    token: Secret
    roles: Mapping[Role, str]
    record: Path


@contextmanager
def proxy_session(context: CliContext, profile: str, folder: Path | None = None) -> Generator[ProxySession, None, None]:
    """The proxy that runs, if it proves that it holds the token known here; else one of this command's own.

    Only its own reads a ``.env``, and only from ``folder``.
    """
    from app.cli.cli_context import load
    from proxy_core.config.local_token import launch_token
    from proxy_core.server.instance_file import find_running, proves
    from proxy_core.server.ledger_factory import keep, kept_in

    running = find_running(context.paths.runtime_file)
    found = context.keys.local_token() if running else None
    local = found.secret if found else None
    if running and found and local is None:
        say_error(f"{found.trouble} Until then nobody is let into the Understudy that runs; one is started here.")
    if running and local:
        if proves(running.address, local):
            launch = _launch(profile)
            token = launch_token(local, launch)
            roles = roles_of(running.address, token)
            if roles is not None:
                yield ProxySession(running.address, token, roles, context.paths.launches_dir / launch.id)
                return
        say_error(
            f"The Understudy on {running.address} has another token, or another program poses as it. "
            "It gets nothing: one is started for this session."
        )
    own = load(context.environ, folder)
    ledger = keep(own.proxy, own.paths.ledger_file)
    try:
        with private_proxy_session(own, profile, kept_in(ledger, own.proxy)) as opened:
            yield opened
    finally:
        ledger.close()


@contextmanager
def private_proxy_session(
    context: CliContext, profile: str, make_service: Callable[[], Service] | None = None
) -> Generator[ProxySession, None, None]:
    """A proxy for as long as this lasts, of the ground's own service if none is given.

    Says at the end what went wrong meanwhile.
    """
    from proxy_core.config.local_token import launch_token
    from proxy_core.errors import ConfigError
    from proxy_core.server.listening import Listening
    from proxy_core.server.proxy_server import ProxyServer

    local = context.keys.use_token_of_this_run()  # nobody else enters, so that no keyring has to be asked

    faults: list[str] = []  # not told at once: the terminal belongs to Claude Code
    make = make_service or context.proxy.make_service
    server = ProxyServer(Listening("127.0.0.1", 0), make, fault=faults.append)
    server.start()
    try:
        if not server.ready(20):
            raise ConfigError(server.sentence)
        launch = _launch(profile)
        token = launch_token(local, launch)
        roles = context.snapshot.roles(profile)
        yield ProxySession(server.address.url, token, roles, context.paths.launches_dir / launch.id)
    finally:
        server.stop()
        for place in faults:
            say_error(f"a fault of Understudy's own: {place}")


def _launch(profile: str) -> Launch:
    from app.services.launch_plan import launch_for

    return launch_for(str(Path.cwd()), profile)


def roles_of(address: str, token: Secret) -> dict[Role, str] | None:
    """What a running proxy plays each role with; None where it does not take the token."""
    from app.services.launch_plan import asked
    from proxy_core.config.settings import Role
    from proxy_core.routing.model_ids import role_of

    # Not one by one: asking for a role that is not set would stand in the log as a request that failed.
    status, answer = asked(address, token, "/v1/models?wait=0&limit=1000")
    if status != HTTPStatus.OK:
        return None
    roles = {role: entry["target"] for entry in answer["data"] if (role := role_of(entry["id"])) is not None}
    return roles if Role.BIG in roles else None
