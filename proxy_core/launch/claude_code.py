"""The environment of a Claude Code session that speaks to this proxy; what each variable does was seen by running it.

Claude Code takes a value from its managed settings first, then from ``--settings``, then from the project's and the
user's settings files, and from the environment last. So whatever is no secret is given twice, in the environment and in
``--settings``: a project cannot lead the session, and our token with it, to another address. The token is in the
environment alone, where it stands in no file and on no command line; it is sent in two headers, so that a credential
from a settings file can displace only one of them.

A project may still set what Claude Code itself trusts a project with: hooks, MCP servers, an HTTP proxy for its tools.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH, Role
from proxy_core.launch import own_certificates, settings_files
from proxy_core.launch.settings_files import KeptValues
from proxy_core.routing.model_ids import role_id

TOKEN_HEADER: Final = "x-understudy-token"  # noqa: S105 - a header's name
HEADERS: Final = "ANTHROPIC_CUSTOM_HEADERS"
BEARER: Final = "ANTHROPIC_AUTH_TOKEN"

OTHER_WAYS: Final = (
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS",
    "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
    "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_GATEWAY",
)
"""Each sends a session past its base URL. An empty value switches it off, wherever it was switched on."""

SOCKET: Final = "ANTHROPIC_UNIX_SOCKET"
"""Sends a session past its base URL, too. Once a settings file has set it, Claude Code 2.1.197 takes neither a base URL
nor another socket from ``--settings`` (newer versions do): see :mod:`proxy_core.launch.obstacles`.
"""

HOST_MANAGED: Final = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"
"""Keeps Claude Code from taking an address, a provider, a credential or an HTTP proxy from any settings file."""

TELEMETRY: Final = (
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "BETA_TRACING_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
"""Whether and where a session reports; prompts may be in the reports. The user's own value holds, never a project's."""

CREDENTIALS: Final = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")
"""The user's own, which no model of another provider needs."""

FOR_NOBODY_ELSE: Final = ("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "UNDERSTUDY_TOKEN")
"""Never handed on: a session of Claude Code that we were started in is not the new one's, and the local token opens
more than one session."""

_CREDENTIALS_ALL: Final = (BEARER, HEADERS, *CREDENTIALS)

_FAMILIES: Final[Mapping[str, Role]] = MappingProxyType(
    {"OPUS": Role.OPUS, "SONNET": Role.BIG, "FABLE": Role.BIG, "HAIKU": Role.SMALL}
)
"""What plays each family of Claude models: ``ANTHROPIC_DEFAULT_<family>_MODEL``."""

_PICKED: Final = (Role.BIG, Role.OPUS, Role.THINKER, Role.SMALL)
"""The roles offered by ``/model``, in this order."""

_OFFERS: Final = 16_000
"""Characters of ``--settings`` for models beside the roles: a command line of Windows holds twice that in all."""

_LEAST_COMPACT_WINDOW: Final = 100_000
"""Claude Code takes no smaller ``CLAUDE_CODE_AUTO_COMPACT_WINDOW``."""

_LEAST_OUTPUT: Final = 1024
_MOST_OUTPUT: Final = 64_000
"""The most that Claude Code asks of a Claude model when it does not stream."""

_LOCAL_SILENCE: Final = 900_000
_LOCAL_ANSWER: Final = 1_800_000
"""Milliseconds. A local model may read a long prompt for minutes before its first word."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")
_BETWEEN_HOSTS: Final = re.compile(r"[,\s]+")
_HOST: Final = re.compile(r"[\w.*:/\[\]-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class LaunchRole:
    """Who plays a role: ``target`` is ``provider/name`` or passthrough, windows are in tokens, None where not known.

    ``local`` is True for a model on this machine.
    """

    target: str
    window: int | None = None
    max_output: int | None = None
    local: bool = False

    @property
    def passthrough(self) -> bool:
        """Whether Anthropic itself plays it."""
        return self.target == PASSTHROUGH


@dataclass(frozen=True, slots=True)
class PickerOption:
    """A model that ``/model`` offers: ``id`` is ``provider/name``, the others are for a person."""

    id: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class LaunchSession:
    """What a session is started for.

    ``parts`` has BIG, SMALL and THINKER, and the optional roles that are set. ``own_credential`` leaves the client's
    own login or key in place: passthrough needs it when no Anthropic key is stored. ``long_threshold`` is in tokens.
    ``offers`` are the models to choose from beside the roles, as many as there is room for. ``kept`` is what settings
    files say that a launch outranks and keeps.
    """

    address: str
    token: Secret
    parts: Mapping[Role, LaunchRole]
    own_credential: bool = False
    long_threshold: int = 200_000
    offers: Sequence[PickerOption] = ()
    kept: KeptValues = field(default_factory=KeptValues)


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """How to start it: ``variables`` (with the token in them), variables to ``unset``, ``settings`` without secrets.

    ``record`` is where the process that is launched says that it runs; None where nobody asks.
    """

    variables: Mapping[str, str]
    unset: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    record: Path | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """What stands before the user's arguments; those must hold no ``--settings``: of two the last one counts."""
        return ("--settings", self.settings_text)

    @property
    def settings_text(self) -> str:
        """The settings as ``--settings`` takes them."""
        return json.dumps(self.settings, ensure_ascii=False, separators=(",", ":"))

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the session."""
        kept = {name: value for name, value in own_certificates.without(inherited).items() if name not in self.unset}
        return {**kept, **self.variables}

    def over(self, theirs: Mapping[str, Any]) -> LaunchPlan:
        """The plan with a user's own settings under ours, which keep their say where both have one.

        ``theirs`` are as :func:`proxy_core.launch.users_settings.taken` reads them.

        Claude Code drops settings of which one value is invalid, and ours would go with it: so the environment then
        says that it holds against every settings file.
        """
        env = settings_files.texts(theirs.get("env", {}))
        ours = self.settings["env"]
        excepted = _no_proxy([ours.get(_NO_PROXY[0], ""), *(env.get(name, "") for name in _NO_PROXY)], self.address)
        steering = ours | {name: env[name] for name in TELEMETRY if name in env} | excepted
        settings = {**theirs, **self.settings}
        settings["env"] = {name: value for name, value in env.items() if name not in _CREDENTIALS_ALL} | steering
        if "permissions" in theirs:
            settings["permissions"] = {**theirs["permissions"], **self.settings.get("permissions", {})}
        variables = {**self.variables, **{name: steering[name] for name in (*TELEMETRY, *excepted) if name in steering}}
        variables[HOST_MANAGED] = "1"
        if BEARER not in self.variables:  # the user's own credential is wanted, and may stand there alone
            variables |= {name: env[name] for name in (BEARER, *CREDENTIALS) if name in env}
        variables[HEADERS] = _headers(env.get(HEADERS, ""), self.variables.get(HEADERS, ""))
        return replace(self, variables=variables, settings=settings)

    @property
    def address(self) -> str:
        """Where the session finds the proxy."""
        return self.variables["ANTHROPIC_BASE_URL"]


def plan(session: LaunchSession, inherited: Mapping[str, str]) -> LaunchPlan:
    """The environment and settings of a session that would otherwise inherit ``inherited``."""
    big = session.parts[Role.BIG]
    plain = {"ANTHROPIC_BASE_URL": session.address, **dict.fromkeys((*OTHER_WAYS, SOCKET), "")}
    own = {**inherited, **session.kept.user_env}
    plain |= {name: own.get(name, "") for name in TELEMETRY}
    hosts = (*(inherited.get(name, "") for name in _NO_PROXY), *session.kept.no_proxy)
    plain |= _no_proxy(hosts, session.address)
    plain |= {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
    plain |= _models(session.parts)
    if not big.passthrough:
        plain |= _limits(session) | _quiet(session.parts) | {"CLAUDE_CODE_ATTRIBUTION_HEADER": "0"}
    plain |= _patience(session.parts)
    return LaunchPlan(
        variables=plain | _token(session, inherited),
        unset=(
            *FOR_NOBODY_ELSE,
            *(() if session.own_credential else (*CREDENTIALS, "ANTHROPIC_SMALL_FAST_MODEL")),
        ),
        settings=_settings(session, plain),
    )


def _token(session: LaunchSession, inherited: Mapping[str, str]) -> dict[str, str]:
    own = f"{TOKEN_HEADER}: {session.token.reveal()}"
    if not session.own_credential:
        return {BEARER: session.token.reveal(), HEADERS: own}
    return {HEADERS: _headers(inherited.get(HEADERS, ""), own)}


def _headers(theirs: str, ours: str) -> str:
    kept = [line for line in theirs.splitlines() if line and not line.lower().startswith(TOKEN_HEADER)]
    return "\n".join([*kept, ours])


def _models(parts: Mapping[Role, LaunchRole]) -> dict[str, str]:
    """Role ids, which the proxy resolves when a request comes, so that a switch of profile reaches running sessions.

    Where Anthropic plays the role the name stays Claude's own: it goes on to Anthropic as it is.
    """
    models = {}
    for family, wanted in _FAMILIES.items():
        role = wanted if wanted in parts else Role.BIG
        if not parts[role].passthrough:
            variable = f"ANTHROPIC_DEFAULT_{family}_MODEL"
            models[variable] = role_id(role)
            models[f"{variable}_NAME"] = _label(role, parts[role])
            models[f"{variable}_DESCRIPTION"] = parts[role].target
    if not parts[Role.BIG].passthrough:
        models["ANTHROPIC_MODEL"] = role_id(Role.BIG)
    if not parts[Role.SMALL].passthrough:
        models["CLAUDE_CODE_AUTO_MODE_MODEL"] = role_id(Role.SMALL)
    return models


def _limits(session: LaunchSession) -> dict[str, str]:
    """What fits BIG. A window that is not known is taken for 200,000 tokens, not for the newer client's million."""
    window, output = _window(session), session.parts[Role.BIG].max_output
    limits = {}
    if window is None:
        limits["CLAUDE_CODE_DISABLE_1M_CONTEXT"] = "1"
    else:
        limits["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(window)
        if window >= _LEAST_COMPACT_WINDOW:
            limits["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(window)
    if output is not None:  # some models' output limit is their whole window, which would leave nothing for the input
        room = _MOST_OUTPUT if window is None else window // 4
        limits["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(max(_LEAST_OUTPUT, min(output, room, _MOST_OUTPUT)))
    return limits


def _window(session: LaunchSession) -> int | None:
    """BIG's window, or LONG's where LONG takes over before BIG's is full."""
    big, long = session.parts[Role.BIG], session.parts.get(Role.LONG)
    if big.window is None or long is None or long.window is None or session.long_threshold > big.window:
        return big.window
    return max(big.window, long.window)


def _quiet(parts: Mapping[Role, LaunchRole]) -> dict[str, str]:
    """What is not sent to Anthropic when BIG is not Anthropic's.

    Updates and plugins stay: the switch for all that is not essential would stop them too, so it is set only where
    every model is on this machine, and nothing is meant to leave it.
    """
    if all(part.local for part in parts.values()):
        return {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    return dict.fromkeys(("DISABLE_TELEMETRY", "DISABLE_ERROR_REPORTING", "DISABLE_FEEDBACK_COMMAND"), "1")


def _patience(parts: Mapping[Role, LaunchRole]) -> dict[str, str]:
    if not any(part.local for part in parts.values()):
        return {}
    return {
        "CLAUDE_STREAM_IDLE_TIMEOUT_MS": str(_LOCAL_SILENCE),
        "API_FORCE_IDLE_TIMEOUT": "0",
        "API_TIMEOUT_MS": str(_LOCAL_ANSWER),
    }


def _no_proxy(theirs: Iterable[str], address: str) -> dict[str, str]:
    """Their hosts and loopback go through no HTTP proxy, or the token would go there too.

    Both spellings, because programs differ; the address as it is written in a URL, because Claude Code compares an IPv6
    one with its brackets and its port.
    """
    written = [host for value in theirs for host in _BETWEEN_HOSTS.split(value) if _HOST.fullmatch(host)]
    if "*" in written:  # means all of them where it stands alone, and nothing beside others
        return dict.fromkeys(_NO_PROXY, "*")
    own = urlsplit(address)
    ours = (*_LOOPBACK, *(() if own.hostname in _LOOPBACK[:2] else (own.hostname or "", own.netloc)))
    return dict.fromkeys(_NO_PROXY, ",".join(dict.fromkeys(filter(None, (*written, *ours)))))


def _settings(session: LaunchSession, plain: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {"env": dict(plain)}
    if not session.own_credential:
        settings["apiKeyHelper"] = ""
    if session.parts[Role.BIG].passthrough:
        return settings
    return settings | {
        # Its classifier, and the promise behind it, are Anthropic's: another model's word must not stand in for them.
        "permissions": {"disableAutoMode": "disable"},
        "skipWebFetchPreflight": True,
        "modelPicker": {"options": _picker(session), "replaceBuiltInOptions": True},
    }


def _picker(session: LaunchSession) -> list[dict[str, str]]:
    """The roles, then the offers. Older clients do not know the picker: they ask ``GET /v1/models``."""
    parts = session.parts
    options = [
        {"model": role_id(role), "label": _label(role, parts[role]), "description": parts[role].target}
        for role in _PICKED
        if role in parts and not parts[role].passthrough
    ]
    room = _OFFERS
    for offer in session.offers:
        option = {"model": offer.id, "label": offer.label, "description": offer.description}
        room -= len(json.dumps(option))
        if room < 0:
            break
        options.append(option)
    return options


def _label(role: Role, part: LaunchRole) -> str:
    return f"{role.name} · {part.target.partition('/')[2] or part.target}"
