"""The settings as frozen values, with their defaults: what the file, the environment and the window all speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

PASSTHROUGH: Final = "passthrough"
"""The role value that sends a request to Anthropic unchanged."""

VERSION: Final = 1
"""Of the settings file's form."""


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
    """A named set of role → model choices; a role that is absent is not set.

    Values are ``provider/name`` or :data:`PASSTHROUGH`. BIG falls back to :data:`DEFAULT_ROLES`, and SMALL and THINKER
    with it; where BIG is set they follow it (``proxy_core.routing.roles``).
    """

    roles: Mapping[Role, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """Where the proxy listens and whom it lets in. ``lan`` allows an address that is not loopback."""

    host: str = "127.0.0.1"
    port: int = 8082
    lan: bool = False
    open: bool = False
    passthrough_url: str = "https://api.anthropic.com"
    outgoing_proxy: str = ""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. ``first_chunk`` and ``between_chunks`` are generous: local models read prompts for minutes."""

    connect: float = 10.0
    first_chunk: float = 600.0
    between_chunks: float = 600.0
    request_body: float = 60.0


@dataclass(frozen=True, slots=True)
class RoutingSettings:
    """``long_threshold`` is in estimated input tokens."""

    thinking_rule: ThinkingRule = ThinkingRule.ON_PURPOSE
    long_threshold: int = 200_000


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """What the user changed about a provider, or said of one of their own (``custom``). Empty: as it was."""

    name: str = ""
    base_url: str = ""
    engine: Engine | None = None
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
    days: int = 7
    megabytes: int = 256


class AtLimit(StrEnum):
    """What happens when a budget is used up."""

    WARN = "warn"
    DOWNGRADE = "downgrade"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """What may be spent, in USD per calendar day and month of local time; 0 is no limit."""

    daily: float = 0.0
    monthly: float = 0.0
    at_limit: AtLimit = AtLimit.WARN


@dataclass(frozen=True, slots=True)
class TerminalSettings:
    """Where Claude Code is launched. ``terminal`` is an id of ``proxy_core.launch.terminals``; empty: the first found.

    ``command`` comes before it: a command line in which ``{script}`` and ``{folder}`` stand for what is run and where.
    """

    terminal: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What the user says that a model costs, in USD per million tokens; the cache's prices follow ``input`` if None."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float | None = None
    cache_write: float | None = None


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
    profiles: Mapping[str, Profile] = field(default_factory=lambda: {"Default": Profile()})
    proxy: ProxySettings = field(default_factory=ProxySettings)
    timeouts: Timeouts = field(default_factory=Timeouts)
    routing: RoutingSettings = field(default_factory=RoutingSettings)
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    general: GeneralSettings = field(default_factory=GeneralSettings)
    log: LogSettings = field(default_factory=LogSettings)
    budget: BudgetSettings = field(default_factory=BudgetSettings)
    terminal: TerminalSettings = field(default_factory=TerminalSettings)
    prices: Mapping[str, Price] = field(default_factory=dict)
    projects: Mapping[str, ProjectSettings] = field(default_factory=dict)

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
