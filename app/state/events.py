"""Events of the running app, as frozen values: the closed union that ``app.state.reduce`` applies to the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.state.app_state import (
    BudgetView,
    KeyStorage,
    KeyView,
    LocalServerView,
    ProbeView,
    ProviderCheck,
    ProxyView,
    TerminalView,
    Trouble,
)
from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Configuration, Role
from proxy_core.ledger.request_events import RequestEvent
from proxy_core.ledger.rows import Sum


@dataclass(frozen=True, slots=True)
class ProxyChanged:
    """Where the proxy stands now."""

    proxy: ProxyView


@dataclass(frozen=True, slots=True)
class RequestEvents:
    """What the proxy told of its requests since the last time, in order."""

    events: tuple[RequestEvent, ...]


@dataclass(frozen=True, slots=True)
class PageLoaded:
    """Requests that are in the ledger's newest page, so that they need not be held as live once they have ended."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The configuration in force and what plays each role under it. ``troubles`` are about reading it."""

    configuration: Configuration
    roles: Mapping[Role, str]
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysLoaded:
    """The providers to show and their keys, each as it may be shown; ``token`` is the local one."""

    providers: tuple[Provider, ...]
    keys: Mapping[str, KeyView]
    kept_in: KeyStorage
    token: KeyView


@dataclass(frozen=True, slots=True)
class TotalsLoaded:
    """The ledger's sums of today, by the hour too, the median of the last hour in seconds, and what was spent."""

    today: Sum
    by_hour: tuple[Sum, ...]
    first_token: float | None
    budget: BudgetView


@dataclass(frozen=True, slots=True)
class LedgerWarning:
    """What is wrong with the ledger; empty when nothing is."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ProviderChecked:
    """What came of asking a provider, or that it is being asked."""

    provider: str
    check: ProviderCheck


@dataclass(frozen=True, slots=True)
class RoleProbed:
    """What came of trying a role's model so far."""

    role: Role
    trial: ProbeView


@dataclass(frozen=True, slots=True)
class ModelsListed:
    """What the keys reach (``provider/name``), and the local servers that answer."""

    models: frozenset[str]
    servers: tuple[LocalServerView, ...]


@dataclass(frozen=True, slots=True)
class FolderChosen:
    """The project folder, and those before it, the latest first."""

    folder: str
    recent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaunchPreviewed:
    """What a launch in the chosen folder would meet."""

    obstacles: tuple[str, ...]
    claude_installed: bool
    terminals: tuple[TerminalView, ...]


@dataclass(frozen=True, slots=True)
class ErrorOccurred:
    """Something failed that was wished for or that runs by itself."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class WarningRaised:
    """A sentence about the configuration or the keys that holds until the app ends."""

    sentence: str


@dataclass(frozen=True, slots=True)
class TrayDetected:
    """Whether the desktop has a place for the icon."""

    has_tray: bool


@dataclass(frozen=True, slots=True)
class FirstRunChanged:
    """Whether first run is still to be done."""

    due: bool


@dataclass(frozen=True, slots=True)
class CrashReportChanged:
    """The crash report that nobody has looked at; an empty path: none."""

    path: str


@dataclass(frozen=True, slots=True)
class MessageShown:
    """One line about what was just saved or done."""

    sentence: str


@dataclass(frozen=True, slots=True)
class VersionFound:
    """The newer version there is; empty where this is the newest."""

    newer: str


AppEvent = (
    ProxyChanged
    | RequestEvents
    | PageLoaded
    | SettingsRead
    | KeysLoaded
    | TotalsLoaded
    | LedgerWarning
    | ProviderChecked
    | RoleProbed
    | ModelsListed
    | FolderChosen
    | LaunchPreviewed
    | ErrorOccurred
    | WarningRaised
    | TrayDetected
    | FirstRunChanged
    | CrashReportChanged
    | MessageShown
    | VersionFound
)
