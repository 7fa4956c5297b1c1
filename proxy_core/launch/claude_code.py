"""The environment of a Claude Code session on this proxy. The effect of each variable was verified by running it.

Claude Code takes a value from its managed settings first, then from ``--settings``, then from the project's and the
user's settings files, and from the environment last. So every value that is not secret is given twice, in the
environment and in ``--settings``: a project cannot direct the session, and its token, to another address. The token is
in the environment only, so that it is in no file and on no command line. It is sent in two headers, so that a
credential from a settings file can displace only one of them.

A project may still set what Claude Code trusts a project with: hooks, MCP servers, an HTTP proxy for its tools.
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
"""Each directs a session past its base URL. An empty value switches it off, wherever it was switched on."""

SOCKET: Final = "ANTHROPIC_UNIX_SOCKET"
"""Directs a session past its base URL, too. Once a settings file has set it, Claude Code 2.1.197 accepts neither a
base URL nor another socket from ``--settings`` (newer versions do): see :mod:`proxy_core.launch.obstacles`.
"""

HOST_MANAGED: Final = "CLAUDE_CODE_PROVIDER_MANAGED_BY_HOST"
"""Keeps Claude Code from taking an address, provider, credential or HTTP proxy from any settings file."""

TELEMETRY: Final = (
    "CLAUDE_CODE_ENABLE_TELEMETRY",
    "BETA_TRACING_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)
"""Whether and where a session reports; reports may contain prompts. The user's own value applies, never a project's."""

CREDENTIALS: Final = ("ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN")
"""The user's own credentials, which models of other providers do not need."""

FOR_NOBODY_ELSE: Final = ("CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "UNDERSTUDY_TOKEN")
"""Never inherited by a session: the first two describe the session that Understudy was started in, and the local
token admits to more than one session.
"""

_CREDENTIALS_ALL: Final = (BEARER, HEADERS, *CREDENTIALS)

_FAMILIES: Final[Mapping[str, Role]] = MappingProxyType(
    {"OPUS": Role.OPUS, "SONNET": Role.BIG, "FABLE": Role.BIG, "HAIKU": Role.SMALL}
)
"""The role behind each family of Claude models: ``ANTHROPIC_DEFAULT_<family>_MODEL``."""

_PICKED: Final = (Role.BIG, Role.OPUS, Role.THINKER, Role.SMALL)
"""The roles offered by ``/model``, in this order."""

_OFFERS: Final = 16_000
"""Characters of ``--settings`` for models beside the roles: half of what a command line of Windows holds."""

_LEAST_COMPACT_WINDOW: Final = 100_000
"""Claude Code rejects a smaller ``CLAUDE_CODE_AUTO_COMPACT_WINDOW``."""

_LEAST_OUTPUT: Final = 1024
"""Output tokens below which no useful tool call fits."""

_MOST_OUTPUT: Final = 64_000
"""The most output tokens that Claude Code requests of a Claude model without streaming."""

_LOCAL_SILENCE: Final = 900_000
_LOCAL_ANSWER: Final = 1_800_000
"""Milliseconds until a silent stream and a whole answer time out. A local model may read a long prompt for minutes."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_NO_PROXY: Final = ("NO_PROXY", "no_proxy")
_BETWEEN_HOSTS: Final = re.compile(r"[,\s]+")
_HOST: Final = re.compile(r"[\w.*:/\[\]-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class LaunchRole:
    """The model of a role: ``target`` is ``provider/name`` or passthrough, windows are in tokens, None if unknown.

    ``local`` is True for a model on this machine.
    """

    target: str
    window: int | None = None
    max_output: int | None = None
    local: bool = False

    @property
    def passthrough(self) -> bool:
        """Return whether the role is passthrough."""
        return self.target == PASSTHROUGH


@dataclass(frozen=True, slots=True)
class PickerOption:
    """A model that ``/model`` offers: ``id`` is ``provider/name``, the other fields are shown."""

    id: str
    label: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class LaunchSession:
    """The inputs of a launch.

    ``parts`` has BIG, SMALL and THINKER, and the optional roles that are set. ``own_credential`` keeps the client's own
    login or key, which passthrough needs if no Anthropic key is stored. ``long_threshold`` is in tokens. ``offers`` are
    the models to choose from beside the roles, as many as fit. ``kept`` are values of settings files that a launch
    overrides and keeps.
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
    """How to start a session: ``variables`` (with the token), variables to ``unset``, ``settings`` without secrets.

    ``record`` is the file in which the launched process records that it runs; None for no record.
    """

    variables: Mapping[str, str]
    unset: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    record: Path | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the arguments before the user's, which must not contain ``--settings``: only the last of two
        counts.
        """
        return ("--settings", self.settings_text)

    @property
    def settings_text(self) -> str:
        """Return the settings as ``--settings`` takes them."""
        return json.dumps(self.settings, ensure_ascii=False, separators=(",", ":"))

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """Return the complete environment of the session."""
        kept = {name: value for name, value in own_certificates.without(inherited).items() if name not in self.unset}
        return {**kept, **self.variables}

    def over(self, theirs: Mapping[str, Any]) -> LaunchPlan:
        """Return the plan with a user's own settings below ours, which win where both have a value.

        ``theirs`` are settings as :func:`proxy_core.launch.users_settings.taken` reads them.

        Claude Code drops settings in which one value is invalid, and ours would be dropped with them: so the
        environment then declares that it outranks every settings file.
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
        if BEARER not in self.variables:  # the user's own credential is needed, and may be only there
            variables |= {name: env[name] for name in (BEARER, *CREDENTIALS) if name in env}
        variables[HEADERS] = _headers(env.get(HEADERS, ""), self.variables.get(HEADERS, ""))
        return replace(self, variables=variables, settings=settings)

    @property
    def address(self) -> str:
        """Return the proxy's address."""
        return self.variables["ANTHROPIC_BASE_URL"]


def plan(session: LaunchSession, inherited: Mapping[str, str]) -> LaunchPlan:
    """Return the environment and settings of a session that would otherwise inherit ``inherited``."""
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
    """Return role ids, which the proxy resolves per request, so that a change of profile reaches running sessions.

    For a role that is passthrough the name stays Claude's: it is forwarded to Anthropic unchanged.
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
    """Return limits that fit BIG. An unknown window is assumed to be 200,000 tokens, not the newer client's million."""
    window, output = _window(session), session.parts[Role.BIG].max_output
    limits = {}
    if window is None:
        limits["CLAUDE_CODE_DISABLE_1M_CONTEXT"] = "1"
    else:
        limits["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] = str(window)
        if window >= _LEAST_COMPACT_WINDOW:
            limits["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] = str(window)
    if (
        output is not None
    ):  # the output limit of some models is their whole window, which would leave no room for the input
        room = _MOST_OUTPUT if window is None else window // 4
        limits["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(max(_LEAST_OUTPUT, min(output, room, _MOST_OUTPUT)))
    return limits


def _window(session: LaunchSession) -> int | None:
    """Return BIG's window, or LONG's if LONG takes over before BIG's is full."""
    big, long = session.parts[Role.BIG], session.parts.get(Role.LONG)
    if big.window is None or long is None or long.window is None or session.long_threshold > big.window:
        return big.window
    return max(big.window, long.window)


def _quiet(parts: Mapping[Role, LaunchRole]) -> dict[str, str]:
    """Return switches for what is not sent to Anthropic when BIG is not Anthropic's.

    Updates and plugins stay on: the switch for all nonessential traffic would stop them too, so it is set only if every
    model is on this machine, and nothing is meant to leave it.
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
    """Return NO_PROXY with their hosts and loopback, or the token would be sent to an HTTP proxy.

    In both spellings, because programs differ. The address as it is written in a URL, because Claude Code compares an
    IPv6 address with its brackets and its port.
    """
    written = [host for value in theirs for host in _BETWEEN_HOSTS.split(value) if _HOST.fullmatch(host)]
    if "*" in written:  # means all hosts if alone, and nothing beside others
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
        # Auto mode relies on Anthropic's classifier: another model must not decide in its place.
        "permissions": {"disableAutoMode": "disable"},
        "skipWebFetchPreflight": True,
        "modelPicker": {"options": _picker(session), "replaceBuiltInOptions": True},
    }


def _picker(session: LaunchSession) -> list[dict[str, str]]:
    """Return the roles, then the offers. Older clients do not know the picker and ask ``GET /v1/models``."""
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
