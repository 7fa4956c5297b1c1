"""What the doctor looks at, one thing after the other; nothing is changed, no secret is written or shown."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.cli.cli_context import CliContext, load
from app.cli.money import SET_PRICES
from proxy_core.catalogue.values import Provider
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys, Missing
from proxy_core.config.settings import PASSTHROUGH
from proxy_core.errors import ConfigError
from proxy_core.launch.installed import INSTALL, find_claude
from proxy_core.launch.obstacles import Severity, obstacles
from proxy_core.ledger.budget import BudgetState
from proxy_core.server.instance_file import answers, find_running
from proxy_core.server.listening import Listening, PortTaken

_SECONDS: Final = 3.0
"""How long an address may take to accept a connection."""


_KEYRING_SECONDS: Final = 10.0
"""How long the keyring may take to answer."""


class Grade(StrEnum):
    """What a finding means."""

    GOOD = "good"
    NOTABLE = "notable"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """``mend`` says what to do, empty where nothing has to be done."""

    grade: Grade
    subject: str
    sentence: str
    mend: str = ""


def run_diagnostics(environ: Mapping[str, str]) -> Iterator[Finding]:
    """All findings, in the order in which things depend on each other."""
    yield Finding(Grade.GOOD, "Python", f"{platform.python_version()} at {sys.executable}")
    try:
        context = load(environ, Path.cwd(), patience=_KEYRING_SECONDS)
    except ConfigError as error:
        yield _keyring(Keys({}, {}, KeyringStore(), patience=_KEYRING_SECONDS))
        yield Finding(Grade.BROKEN, "Settings", error.message, "Correct it there.")
        return
    keyring = _keyring(context.keys)
    yield keyring
    yield from _settings(context)
    yield _ledger(context)
    yield from _roles(context, keyring)
    yield from _budget(context)
    yield _proxy(context)
    yield _claude_code(environ)
    yield from _obstacles(environ)


def _keyring(keys: Keys) -> Finding:
    try:
        keys.check_store()
        name = KeyringStore().backend()  # it answers
    except ConfigError as error:
        return Finding(
            Grade.NOTABLE, "Keyring", error.message, "Until then, keys come from the environment (OPENAI_API_KEY …)."
        )
    return Finding(Grade.GOOD, "Keyring", f"{name} answers")


def _settings(context: CliContext) -> Iterator[Finding]:
    path = context.paths.settings_file
    for trouble in context.troubles:
        yield Finding(Grade.NOTABLE, "Settings", trouble)
    if not context.troubles:
        yield Finding(Grade.GOOD, "Settings", str(path) if path.exists() else f"the defaults; {path} is not there")
    for name, variable in sorted(context.configuration.fixed.items()):
        yield Finding(Grade.GOOD, "Settings", f"{name} is set by {variable}")


def _ledger(context: CliContext) -> Finding:
    from proxy_core.ledger.reading import Ledger

    path = context.paths.ledger_file
    ledger = Ledger(path)
    try:
        if refusal := ledger.not_written():
            return Finding(Grade.BROKEN, "Log", refusal, "Until then, requests are served and not logged.")
        count = ledger.count()
    except ConfigError as error:
        return Finding(Grade.BROKEN, "Log", error.message, "Until then, requests are served and not logged.")
    finally:
        ledger.close()
    if not path.exists():
        return Finding(Grade.GOOD, "Log", f"no request yet; {path} is not there")
    return Finding(Grade.GOOD, "Log", f"{count} requests in {path}")


def _roles(context: CliContext, keyring: Finding) -> Iterator[Finding]:
    reached: dict[str, Finding | None] = {}
    for role, target in context.snapshot.roles().items():
        provider = context.snapshot.provider_of(target)
        if provider is None:
            yield Finding(
                Grade.BROKEN,
                role.name,
                f"{target} has no provider that is known",
                f"Write it as provider/model, or define the provider in {context.paths.settings_file}.",
            )
            continue
        yield _key(context, role.name, target, provider, keyring)
        if provider.base_url and provider.id not in reached:
            reached[provider.id] = _reach(provider)
    yield from (finding for finding in reached.values() if finding)


def _budget(context: CliContext) -> Iterator[Finding]:
    """Whether the limits see what is spent; nothing where there is none."""
    if not BudgetState(limits=context.configuration.settings.budget).has_limit:
        return
    if sentence := context.blind_spot().sentence:
        yield Finding(Grade.NOTABLE, "Budget", sentence, SET_PRICES)
    else:
        yield Finding(Grade.GOOD, "Budget", "every model has a price")


def _key(context: CliContext, role: str, target: str, provider: Provider, keyring: Finding) -> Finding:
    """Whether it is there; what was said of the keyring already is not said again."""
    found = context.key_of(provider)
    if found.secret:
        return Finding(Grade.GOOD, role, f"{target}, key from {found.variable or f'the {found.origin}'}")
    if target == PASSTHROUGH:
        return Finding(Grade.GOOD, role, "passthrough, with Claude Code's own login")
    if not provider.needs_key:
        return Finding(Grade.GOOD, role, f"{target}, which needs no key")
    variable = provider.key_variables[0] if provider.key_variables else ""
    if found.missing is Missing.UNREADABLE:
        or_set = f", or set {variable}" if variable else ""
        return Finding(
            Grade.BROKEN, role, f"{target}: its key cannot be read from the keyring", f"Unlock the keyring{or_set}."
        )
    if found.missing is Missing.WITHHELD:
        return Finding(
            Grade.BROKEN,
            role,
            f"{target} has no key: its base URL comes from .env, which gets only a key of the same file",
            f"Put {variable or 'its key'} into that .env, or set the base URL in the environment or the settings.",
        )
    where = f" A key: {provider.key_page}" if provider.key_page else ""
    why = "" if found.trouble == keyring.sentence else found.trouble
    return Finding(
        Grade.BROKEN,
        role,
        f"{target} has no key. {why}".rstrip(),
        f"understudy keys set {provider.id}, or set {variable}.{where}"
        if variable
        else f"understudy keys set {provider.id}.{where}",
    )


def _reach(provider: Provider) -> Finding | None:
    """Whether its address accepts a connection; nothing is sent."""
    parts = urlsplit(provider.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=_SECONDS).close()
    except OSError as fault:
        why = "its name is not found" if isinstance(fault, socket.gaierror) else str(fault.strerror or fault)
        mend = (
            f"Start {provider.name}." if provider.local else "Check the network, or the outgoing proxy in the settings."
        )
        grade = Grade.BROKEN if provider.local else Grade.NOTABLE
        return Finding(grade, provider.name, f"{parts.hostname}:{port} cannot be reached: {why}", mend)
    return Finding(Grade.GOOD, provider.name, f"{parts.hostname}:{port} can be reached")


def _proxy(context: CliContext) -> Finding:
    running = find_running(context.paths.runtime_file)
    if running:
        return Finding(Grade.GOOD, "Proxy", f"runs on {running.address} (process {running.pid})")
    proxy = context.configuration.settings.proxy
    try:
        Listening(proxy.host, proxy.port).close()
    except PortTaken as taken:
        if answers(taken.address.url):
            return Finding(Grade.GOOD, "Proxy", f"another Understudy answers on {taken.address.url}")
        return Finding(Grade.BROKEN, "Proxy", taken.message)
    except ConfigError as error:
        return Finding(Grade.BROKEN, "Proxy", error.message)
    return Finding(Grade.GOOD, "Proxy", f"does not run; port {proxy.port} is free")


def _claude_code(environ: Mapping[str, str]) -> Finding:
    program = find_claude(environ, Path.home())
    if program is None:
        return Finding(Grade.NOTABLE, "Claude Code", "is not installed", f"{INSTALL}  (it wants Node.js)")
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as fault:
        return Finding(Grade.BROKEN, "Claude Code", f"{program} does not start: {type(fault).__name__}", INSTALL)
    if said.returncode:
        return Finding(Grade.BROKEN, "Claude Code", f"{program} ends with code {said.returncode}", INSTALL)
    return Finding(Grade.GOOD, "Claude Code", f"{said.stdout.strip()} at {program}")


def _obstacles(environ: Mapping[str, str]) -> Iterator[Finding]:
    for found in obstacles(Path.home(), Path.cwd(), environ):
        grade = Grade.BROKEN if found.weight is Severity.STOPS else Grade.NOTABLE
        yield Finding(grade, "Claude Code's settings", found.sentence)
