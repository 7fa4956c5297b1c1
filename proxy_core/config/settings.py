"""The settings as frozen values: each field declares its type, its default and its rule in one place.

The file's keys, their checks and the diff of two :class:`Settings` follow from these declarations
(``settings_schema``). A field whose values are not restricted needs no :func:`setting`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from proxy_core.config.setting_rules import (
    SettingRule,
    Value,
    is_amount,
    is_positive,
    is_proxy_url,
    is_url,
    setting,
    table_of,
)

PASSTHROUGH: Final = "passthrough"
"""The role value that sends a request to Anthropic unchanged."""

VERSION: Final = 1
"""Version of the settings file's form."""

_ADDRESS: Final = "an http or https address without a user name or password"


def is_model(value: str) -> bool:
    """Return whether this is ``provider/name`` or :data:`PASSTHROUGH`."""
    provider, _, name = value.partition("/")
    return value == PASSTHROUGH or bool(provider and name and not re.search(r"[\s\x00-\x1f\x7f]", value))


def _seconds(default: float) -> float:
    return setting(default, "a number of seconds above 0", is_positive)


def _usd(default: float) -> float:
    return setting(default, "an amount of USD, 0 or more", is_amount)


def _price(default: Value) -> Value:
    return setting(default, "USD per million tokens, 0 or more", is_amount, kind=float)


class Role(StrEnum):
    """The part a request plays. The first three are always set."""

    BIG = "big"
    SMALL = "small"
    THINKER = "thinker"
    OPUS = "opus"
    SUBAGENT = "subagent"
    LONG = "long"
    VISION = "vision"


DEFAULT_ROLES: Final[Mapping[Role, str]] = MappingProxyType(
    {Role.BIG: "openai/gpt-4.1", Role.SMALL: "openai/gpt-4.1-mini", Role.THINKER: "openai/gpt-4o"}
)


class Engine(StrEnum):
    """How a provider is reached."""

    DIRECT = "direct"
    LITELLM = "litellm"
    RELAY = "relay"
    DEMO = "demo"


class ThinkingRule(StrEnum):
    """When a BIG-tier request becomes THINKER's."""

    NEVER = "never"
    ON_PURPOSE = "on_purpose"
    HIGH_EFFORT = "high_effort"
    WHENEVER_ON = "whenever_on"


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of role → model choices; a role that is absent is not set. In the file each role is a key.

    Values are ``provider/name`` or :data:`PASSTHROUGH`. BIG falls back to :data:`DEFAULT_ROLES`, and SMALL and THINKER
    with it; where BIG is set they follow it (``proxy_core.routing.roles``).
    """

    roles: Mapping[Role, str] = field(default_factory=dict)


ROLE_RULE: Final = SettingRule(
    "", str, f"'provider/name' or '{PASSTHROUGH}'", lambda value: not value or is_model(value)
)


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Where the proxy listens and whom it lets in. ``lan`` allows an address that is not loopback."""

    host: str = setting(
        "127.0.0.1", "a host name or address", lambda value: bool(value) and not re.search(r"[\s/@]", value)
    )
    port: int = setting(8082, "a port from 0 to 65535", lambda value: 0 <= value <= 65535)
    lan: bool = False
    open: bool = False
    passthrough_url: str = setting("https://api.anthropic.com", _ADDRESS, is_url)
    outgoing_proxy: str = setting("", "an http or https address", lambda value: not value or is_proxy_url(value))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. ``first_chunk`` and ``between_chunks`` are generous: local models read prompts for minutes."""

    connect: float = _seconds(10.0)
    first_chunk: float = _seconds(600.0)
    between_chunks: float = _seconds(600.0)
    request_body: float = _seconds(60.0)


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """``long_threshold`` is in estimated input tokens."""

    thinking_rule: ThinkingRule = ThinkingRule.ON_PURPOSE
    long_threshold: int = setting(200_000, "a number of tokens above 0", is_positive)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What the user changed about a provider, or said of one of their own (``custom``). Empty: as it was."""

    name: str = ""
    base_url: str = setting("", _ADDRESS, lambda value: not value or is_url(value))
    engine: Engine | None = setting(None, kind=Engine)  # noqa: RUF009 - a dataclass field
    custom: bool = False


class Appearance(StrEnum):
    """Which colours the windows have."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class GeneralSettings:
    """How the desktop app behaves. ``language`` is a code such as ``zh_CN``; empty: the system's."""

    start_at_login: bool = False
    start_hidden: bool = False
    start_proxy: bool = True
    notifications: bool = True
    language: str = ""
    appearance: Appearance = Appearance.SYSTEM


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the ledger keeps of bodies: whether at all, for how many days, up to how many megabytes in all."""

    bodies: bool = True
    days: int = setting(7, "a number of days above 0", is_positive)
    megabytes: int = setting(256, "a number of megabytes above 0", is_positive)


class AtLimit(StrEnum):
    """What happens when a budget is used up."""

    WARN = "warn"
    DOWNGRADE = "downgrade"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """What may be spent, in USD per calendar day and month of local time; 0 is no limit."""

    daily: float = _usd(0.0)
    monthly: float = _usd(0.0)
    at_limit: AtLimit = AtLimit.WARN


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """Where Claude Code is launched. ``terminal`` is an id of ``proxy_core.launch.terminals``; empty: the first found.

    ``command`` comes before it: a command line in which ``{script}`` and ``{folder}`` stand for what is run and where.
    """

    terminal: str = ""
    command: str = setting("", "a command line with {script} in it", lambda value: not value or "{script}" in value)


@dataclass(frozen=True, slots=True)
class Price:
    """What the user says that a model costs, in USD per million tokens; the cache's prices follow ``input`` if None."""

    input: float = _price(0.0)
    output: float = _price(0.0)
    cache_read: float | None = _price(None)
    cache_write: float | None = _price(None)


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """What a project folder is launched with: a profile's name, or empty for the active one."""

    profile: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. ``profile`` names the active one of ``profiles``.

    ``prices`` go by ``provider/name``, ``projects`` by the folder's absolute path.
    """

    profile: str = "Default"
    profiles: Mapping[str, Profile] = table_of(Profile, {"Default": Profile()})
    proxy: ProxySettings = field(default_factory=ProxySettings)
    timeouts: Timeouts = field(default_factory=Timeouts)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    providers: Mapping[str, ProviderSettings] = table_of(ProviderSettings)
    general: GeneralSettings = field(default_factory=GeneralSettings)
    log: LogSettings = field(default_factory=LogSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    terminal: TerminalSettings = field(default_factory=TerminalSettings)
    prices: Mapping[str, Price] = table_of(Price)
    projects: Mapping[str, ProjectSettings] = table_of(ProjectSettings)

    @property
    def active(self) -> Profile:
        """The profile in force; an unknown name gives an empty one, that is the defaults."""
        return self.profiles.get(self.profile, Profile())


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings with the environment laid over them.

    ``fixed`` maps the dotted name of each setting that the environment decides (``"proxy.port"``, ``"roles.big"``,
    ``"providers.openai.base_url"``) to the variable that does, so that the window can say so. ``from_dotenv`` holds the
    names of the providers whose base URL came from a ``.env`` file: a key of the keyring is never sent there.
    ``warnings`` are sentences for the user about what was said outside and is not done.
    """

    settings: Settings = field(default_factory=Settings)
    fixed: Mapping[str, str] = field(default_factory=dict)
    from_dotenv: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
