"""What the app knows at one moment, as frozen values, and the pure step from one moment to the next. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Configuration, Role, Settings
from proxy_core.ledger.request_events import RequestRecord
from proxy_core.ledger.rows import Sum


class Phase(StrEnum):
    """Where the proxy stands. ATTENTION is a proxy that failed or whose port is taken."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ATTENTION = "attention"


@dataclass(frozen=True, slots=True)
class ProxyView:
    """The proxy as a person sees it.

    ``address`` is its URL (the one it would have, while it does not run). ``sentence`` says why it stands where it
    does. ``holder`` names who has the port, and ``next_port`` a free one, where the port is taken.
    """

    phase: Phase = Phase.STOPPED
    address: str = ""
    sentence: str = ""
    holder: str = ""
    next_port: int | None = None


class KeyPlace(StrEnum):
    """Where a provider's key is."""

    NONE = "none"
    KEYRING = "keyring"
    MEMORY = "memory"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as it may be shown: ``last_four`` and never more. ``variable`` names the one that fixes it.

    ``trouble`` says why a key that may be there was not found; ``unreadable``, that the keyring may hold one.
    """

    place: KeyPlace = KeyPlace.NONE
    last_four: str = ""
    variable: str = ""
    trouble: str = ""
    unreadable: bool = False


class CheckVerdict(StrEnum):
    """How a check ended, or that it goes on."""

    RUNNING = "running"
    GOOD = "good"
    NOTED = "noted"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class ProviderCheck:
    """What came of asking a provider with its key. ``at`` is Unix time in seconds; ``models`` how many it offers.

    ``rejected``: it answered, and refused the key.
    """

    verdict: CheckVerdict
    sentence: str = ""
    at: float = 0.0
    models: int | None = None
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """One thing that was tried of a role's model: ``name`` is streaming, tools or vision; the sentence says how."""

    name: str
    verdict: CheckVerdict
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A role's model, really tried. Seconds; ``cost`` in USD, None where it is not known."""

    model: str
    verdict: CheckVerdict
    first_token: float | None = None
    duration: float | None = None
    steps: tuple[ProbeStep, ...] = ()
    cost: float | None = None
    at: float = 0.0
    sentence: str = ""


class KeyStorage(StrEnum):
    """Where keys and the local token are kept. LOCKED: in a keyring that cannot be read now."""

    KEYRING = "keyring"
    LOCKED = "locked"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class LocalServerView:
    """A local server that answered: ``provider`` is its id; ``models`` are ``provider/name``."""

    provider: str
    name: str
    base_url: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TerminalView:
    """A terminal that is installed."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class BudgetView:
    """USD spent today and this month, in local time, and the limits (0: none).

    ``unpriced`` are those of the active profile's ``models`` whose cost no limit can see, since nobody knows it.
    """

    today: float = 0.0
    month: float = 0.0
    daily: float = 0.0
    monthly: float = 0.0
    unpriced: tuple[str, ...] = ()
    models: int = 0

    @property
    def has_limit(self) -> bool:
        """Whether there is one at all."""
        return self.daily > 0 or self.monthly > 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """The last thing that went wrong: ``request`` is its id where it was one. ``at`` is Unix time in seconds."""

    sentence: str
    at: float
    request: str = ""


@dataclass(frozen=True, slots=True)
class AppState:
    """All of it.

    ``live`` holds the requests under way and those that ended since the last page was read, by id. ``providers`` are
    those that have a key, a setting, a role or a local server that answers, in the order they are shown. ``roles`` is
    what plays each role in the active profile (defaults resolved). ``reached`` are models (``provider/name``) that the
    user's keys really reach. ``hour_first_token`` is the median of the last hour in seconds. ``obstacles`` are
    sentences about what would overrule a launch in ``folder``. ``install_command`` is how Claude Code is installed.
    ``report`` is the path of a crash report that has not been looked at. ``said`` is the one line about the last thing
    that was saved or done.
    """

    configuration: Configuration = field(default_factory=Configuration)
    proxy: ProxyView = field(default_factory=ProxyView)
    live: Mapping[str, RequestRecord] = field(default_factory=dict)
    today: Sum = field(default_factory=Sum)
    today_by_hour: tuple[Sum, ...] = ()
    hour_first_token: float | None = None
    budget: BudgetView = field(default_factory=BudgetView)
    ledger_sentence: str = ""
    providers: tuple[Provider, ...] = ()
    keys: Mapping[str, KeyView] = field(default_factory=dict)
    keys_kept_in: KeyStorage = KeyStorage.KEYRING
    token: KeyView = field(default_factory=KeyView)
    checks: Mapping[str, ProviderCheck] = field(default_factory=dict)
    trials: Mapping[Role, ProbeView] = field(default_factory=dict)
    roles: Mapping[Role, str] = field(default_factory=dict)
    reached: frozenset[str] = frozenset()
    local_servers: tuple[LocalServerView, ...] = ()
    folder: str = ""
    recent_folders: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    claude_installed: bool | None = None
    install_command: str = ""
    terminals: tuple[TerminalView, ...] = ()
    trouble: Trouble | None = None
    troubles: tuple[str, ...] = ()
    has_tray: bool = False
    first_run: bool = False
    report: str = ""
    said: str = ""
    version: str = ""
    newer_version: str = ""

    @property
    def settings(self) -> Settings:
        """The settings in force, the environment laid over them."""
        return self.configuration.settings

    @property
    def free_port(self) -> int | None:
        """Where the proxy can start instead of a port that is taken; None where the environment says which it has."""
        return None if "proxy.port" in self.configuration.fixed else self.proxy.next_port

    @property
    def running(self) -> tuple[RequestRecord, ...]:
        """The requests under way."""
        return tuple(record for record in self.live.values() if record.ended is None)
