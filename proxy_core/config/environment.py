"""What the environment and a ``.env`` file say, laid over the settings.

The names are those of the proxies that came before (``BIG_MODEL``, ``PREFERRED_PROVIDER``, ``OPENAI_BASE_URL`` …).
The environment beats ``.env``, and ``.env`` beats the settings file. Keys are not read here but in ``keys``.
"""

from __future__ import annotations

import io
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Protocol

from proxy_core.config.paths import HOME_VARIABLE
from proxy_core.config.setting_rules import is_url
from proxy_core.config.settings import (
    PASSTHROUGH,
    Configuration,
    Profile,
    ProviderSettings,
    ProxySettings,
    Role,
    Settings,
    is_model,
)
from proxy_core.errors import ConfigError

LAN_VARIABLE: Final = "UNDERSTUDY_LAN"
PASSTHROUGH_URL_VARIABLE: Final = "UNDERSTUDY_PASSTHROUGH_URL"
TOKEN_VARIABLE: Final = "UNDERSTUDY_TOKEN"  # noqa: S105 - a name

OURS: Final = (HOME_VARIABLE, LAN_VARIABLE, PASSTHROUGH_URL_VARIABLE, TOKEN_VARIABLE)
"""Read from the process's environment only: a ``.env`` may come with a project that someone else wrote."""

ROLE_VARIABLES: Final[Mapping[str, Role]] = MappingProxyType(
    {"BIG_MODEL": Role.BIG, "SMALL_MODEL": Role.SMALL, "THINKER_MODEL": Role.THINKER}
)

_LOOPBACK: Final = ProxySettings().host

_PREFERRED: Final[Mapping[str, str]] = MappingProxyType(
    {"openai": "openai", "google": "gemini", "gemini": "gemini", "anthropic": "anthropic"}
)
"""What PREFERRED_PROVIDER may say, and whose name it puts before a model's bare name."""

_GEMINI_ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {
        Role.BIG: "gemini/gemini-2.5-pro",
        Role.SMALL: "gemini/gemini-2.5-flash",
        Role.THINKER: "gemini/gemini-2.5-pro",
    }
)
"""The defaults with PREFERRED_PROVIDER=google."""

_FAMILIES: Final[Mapping[str, str]] = MappingProxyType({"gemini-": "gemini", "claude-": "anthropic"})
"""Where a bare name's beginning says whose it is, when PREFERRED_PROVIDER says nothing."""

_OPENAI_FAMILIES: Final = ("gpt-", "chatgpt-", "o1", "o3", "o4")
"""Names that stay OpenAI's even under PREFERRED_PROVIDER=google."""

_LARGEST_DOTENV: Final = 64 * 1024
"""Bytes of a ``.env`` file that is read. Reading takes up to 100 µs a line, and every start in its folder waits."""

_TRUTH: Final[Mapping[str, bool]] = MappingProxyType(
    {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}
)


class KnownProviders(Protocol):
    """What has to be known of the providers here; the catalogue knows it."""

    def known(self, id_: str) -> bool:
        """Whether there is such a provider."""
        ...

    def base_url_variables(self) -> Mapping[str, str]:
        """The variables that may hold a provider's base URL, each with the provider's id; the usual one first."""
        ...


@dataclass(frozen=True, slots=True)
class Given:
    """A value, the variable that gave it, and whether that stood in the ``.env`` file."""

    value: str
    variable: str
    from_dotenv: bool

    @property
    def place(self) -> str:
        """For a person: ``BIG_MODEL``, or ``BIG_MODEL in .env``."""
        return f"{self.variable} in .env" if self.from_dotenv else self.variable


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the outside says, checked. ``fallback_roles`` stand for the defaults, where nothing sets BIG."""

    roles: Mapping[Role, Given] = field(default_factory=dict)
    fallback_roles: Mapping[Role, Given] = field(default_factory=dict)
    base_urls: Mapping[str, Given] = field(default_factory=dict)
    host: Given | None = None
    port: Given | None = None
    lan: Given | None = None
    passthrough_url: Given | None = None
    warnings: tuple[str, ...] = ()


def read_dotenv(path: Path) -> Mapping[str, str]:
    """The variables of a ``.env`` file, taken as they stand (no ``${…}`` is replaced); empty where there is no file.

    Raises ConfigError when it cannot be read, and when it is larger than such files are.
    """
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - most runs have no such file

    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_DOTENV + 1)
        if len(data) > _LARGEST_DOTENV:
            raise ConfigError(f"{path} is not read: it is larger than {_LARGEST_DOTENV // 1024} KB.")
        found = dotenv_values(stream=io.StringIO(data.decode("utf-8-sig"), newline=None), interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise ConfigError(f"{path} cannot be read: {why}.") from error
    return {name: value for name, value in found.items() if value is not None}


def overlay(environ: Mapping[str, str], dotenv: Mapping[str, str], providers: KnownProviders) -> Overlay:
    """What ``environ`` and ``dotenv`` say. Raises ConfigError, naming the variable, when a value makes no sense."""
    said = _EnvironmentValue(environ, dotenv)
    preferred = said.find("PREFERRED_PROVIDER")
    warnings = [
        f"{name} in .env is not used: it counts only in the process's environment." for name in OURS if name in dotenv
    ]
    given = {role: said.find(variable) for variable, role in ROLE_VARIABLES.items()}
    owner = _owner_of(preferred)
    roles = {role: _model(model, owner) for role, model in given.items() if model}
    fallbacks: dict[Role, Given] = {}
    if preferred and owner == "gemini":
        fallbacks = {role: replace(preferred, value=model) for role, model in _GEMINI_ROLES.items()}
    if preferred and owner == "anthropic":
        warnings += [f"{model.place} is not used: {preferred.place} is anthropic." for model in roles.values()]
        roles = {role: replace(preferred, value=PASSTHROUGH) for role in ROLE_VARIABLES.values()}
    return Overlay(
        roles=roles,
        fallback_roles=fallbacks,
        base_urls=_base_urls(said, providers),
        host=said.find("HOST"),
        port=_checked_port(said.find("PORT")),
        lan=_checked_truth(said.find(LAN_VARIABLE, ours=True)),
        passthrough_url=_checked_url(said.find(PASSTHROUGH_URL_VARIABLE, ours=True)),
        warnings=tuple(warnings),
    )


def apply(settings: Settings, overlay: Overlay) -> Configuration:
    """``settings`` with what the outside says laid over them; roles over every profile.

    An address that other machines can reach is taken only with the LAN setting on; without it the proxy stays on
    loopback and a warning says so, because the proxies that came before listened on all addresses by default.
    """
    fixed = {f"roles.{role}": given.place for role, given in overlay.roles.items()}
    proxy, warning = _proxy(settings.proxy, overlay, fixed)
    providers = dict(settings.providers)
    for id_, given in overlay.base_urls.items():
        providers[id_] = replace(providers.get(id_, ProviderSettings()), base_url=given.value)
        fixed[f"providers.{id_}.base_url"] = given.place
    profiles = {name: profile_under(overlay, profile) for name, profile in settings.profiles.items()}
    profiles.setdefault(settings.profile, profile_under(overlay, settings.active))
    from_dotenv = {id_: given for id_, given in overlay.base_urls.items() if given.from_dotenv}
    return Configuration(
        settings=replace(settings, profiles=profiles, proxy=proxy, providers=providers),
        fixed=fixed,
        from_dotenv=frozenset(from_dotenv),
        warnings=(*overlay.warnings, *warning, *map(_about_address, from_dotenv, from_dotenv.values())),
    )


def profile_under(overlay: Overlay, profile: Profile) -> Profile:
    """``profile`` with the roles from outside laid over it, and where BIG is set nowhere with their fallbacks."""
    roles = {**profile.roles, **{role: given.value for role, given in overlay.roles.items()}}
    if Role.BIG in roles:
        return Profile(roles)
    return Profile({**{role: given.value for role, given in overlay.fallback_roles.items()}, **roles})


def _about_address(id_: str, given: Given) -> str:
    return f"{id_} is reached at {given.value}, as {given.place} says: only a key in the same .env is sent there."


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:  # a name
        return False


@dataclass(frozen=True, slots=True)
class _EnvironmentValue:
    """The two sources, asked in their order."""

    environ: Mapping[str, str]
    dotenv: Mapping[str, str]

    def find(self, *variables: str, ours: bool = False) -> Given | None:
        """The first of ``variables`` that is set to something, the environment before ``.env``."""
        for source, from_dotenv in ((self.environ, False), (self.dotenv, True)):
            for variable in variables:
                value = source.get(variable, "").strip()
                if value and not (ours and from_dotenv):
                    return Given(value, variable, from_dotenv)
        return None


def _model(given: Given, preferred: str) -> Given:
    """A role's value as ``provider/name``: a bare name gets the name of the provider it is meant for.

    A name with a slash is left as it is, also where its first part is no provider: nobody else is meant by it.
    """
    value = given.value
    if value.lower() == PASSTHROUGH:
        return replace(given, value=PASSTHROUGH)
    if "/" not in value:
        value = f"{_meant(value.lower(), preferred)}/{value}"
    if not is_model(value):
        raise ConfigError(f"{given.place} is {given.value!r}; it has to be a model's name, or {PASSTHROUGH!r}.")
    return replace(given, value=value)


def _owner_of(preferred: Given | None) -> str:
    """The provider whose name goes before a bare one; empty where nothing is preferred."""
    if preferred is None:
        return ""
    owner = _PREFERRED.get(preferred.value.lower())
    if owner is None:
        raise ConfigError(
            f"{preferred.place} is {preferred.value!r}; it has to be one of openai, google, anthropic, or not set."
        )
    return owner


def _meant(bare: str, preferred: str) -> str:
    if not preferred:
        return next((owner for start, owner in _FAMILIES.items() if bare.startswith(start)), "openai")
    return "openai" if bare.startswith(_OPENAI_FAMILIES) else preferred


def _base_urls(said: _EnvironmentValue, providers: KnownProviders) -> dict[str, Given]:
    variables: dict[str, list[str]] = {}
    for variable, id_ in providers.base_url_variables().items():
        variables.setdefault(id_, []).append(variable)
    found = {id_: _checked_url(said.find(*names)) for id_, names in variables.items()}
    return {id_: given for id_, given in found.items() if given}


def _checked_url(given: Given | None) -> Given | None:
    if given and not is_url(given.value):
        raise ConfigError(f"{given.place} is not an http or https address without a user name or password.")
    return given


def _checked_port(given: Given | None) -> Given | None:
    if given and not (given.value.isascii() and given.value.isdigit() and int(given.value) <= 65535):
        raise ConfigError(f"{given.place} is {given.value!r}; it has to be a port from 0 to 65535.")
    return given


def _checked_truth(given: Given | None) -> Given | None:
    if given and given.value.lower() not in _TRUTH:
        raise ConfigError(f"{given.place} is {given.value!r}; it has to be 1 or 0.")
    return given


def _proxy(settings: ProxySettings, overlay: Overlay, fixed: dict[str, str]) -> tuple[ProxySettings, tuple[str, ...]]:
    proxy = settings
    if overlay.port:
        proxy = replace(proxy, port=int(overlay.port.value))
        fixed["proxy.port"] = overlay.port.place
    if overlay.lan:
        proxy = replace(proxy, lan=_TRUTH[overlay.lan.value.lower()])
        fixed["proxy.lan"] = overlay.lan.place
    if overlay.passthrough_url:
        proxy = replace(proxy, passthrough_url=overlay.passthrough_url.value)
        fixed["proxy.passthrough_url"] = overlay.passthrough_url.place
    if overlay.host:
        proxy = replace(proxy, host=overlay.host.value)
        fixed["proxy.host"] = overlay.host.place
    if is_loopback(proxy.host) or proxy.lan:
        return proxy, ()
    asked = f"{overlay.host.place} is" if overlay.host else "The settings' host is"
    fixed.pop("proxy.host", None)
    warning = (
        f"{asked} {proxy.host}, which other machines can reach, and access from the LAN is off: the proxy listens on "
        f"{_LOOPBACK}. To open it, set lan = true under [proxy] in the settings, or {LAN_VARIABLE}=1."
    )
    return replace(proxy, host=_LOOPBACK), (warning,)
