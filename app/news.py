"""What the app learns while it runs, as frozen values: the closed union that ``app.reduce`` folds into the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.state import (
    Budget,
    Door,
    KeyView,
    LocalServerView,
    ProviderCheck,
    Proxy,
    TerminalView,
    Trial,
    Trouble,
)
from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Configuration, Role
from proxy_core.ledger.journal import News
from proxy_core.ledger.rows import Sum


@dataclass(frozen=True, slots=True)
class ProxyStands:
    """Where the proxy stands now."""

    proxy: Proxy


@dataclass(frozen=True, slots=True)
class RequestsTold:
    """What the proxy told of its requests since the last time, in order."""

    news: tuple[News, ...]


@dataclass(frozen=True, slots=True)
class PageTaken:
    """Requests that are in the ledger's newest page, so that they need not be held as live once they have ended."""

    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class SettingsRead:
    """The configuration in force and what plays each role under it. ``troubles`` are about reading it."""

    configuration: Configuration
    roles: Mapping[Role, str]
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysFound:
    """The providers to show and their keys, each as it may be shown; ``token`` is the local one."""

    providers: tuple[Provider, ...]
    keys: Mapping[str, KeyView]
    kept_in: Door
    token: KeyView


@dataclass(frozen=True, slots=True)
class Summed:
    """The ledger's sums of today, by the hour too, the median of the last hour in seconds, and what was spent."""

    today: Sum
    by_hour: tuple[Sum, ...]
    first_token: float | None
    budget: Budget


@dataclass(frozen=True, slots=True)
class LedgerSaid:
    """What is wrong with the ledger; empty when nothing is."""

    sentence: str


@dataclass(frozen=True, slots=True)
class ProviderChecked:
    """What came of asking a provider, or that it is being asked."""

    provider: str
    check: ProviderCheck


@dataclass(frozen=True, slots=True)
class RoleTried:
    """What came of trying a role's model so far."""

    role: Role
    trial: Trial


@dataclass(frozen=True, slots=True)
class ModelsReached:
    """What the keys reach (``provider/name``), and the local servers that answer."""

    models: frozenset[str]
    servers: tuple[LocalServerView, ...]


@dataclass(frozen=True, slots=True)
class FolderChosen:
    """The project folder, and those before it, the latest first."""

    folder: str
    recent: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LaunchSeen:
    """What a launch in the chosen folder would meet."""

    obstacles: tuple[str, ...]
    claude_installed: bool
    terminals: tuple[TerminalView, ...]


@dataclass(frozen=True, slots=True)
class WentWrong:
    """Something failed that was wished for or that runs by itself."""

    trouble: Trouble


@dataclass(frozen=True, slots=True)
class TroubleFound:
    """A sentence about the configuration or the keys that holds until the app ends."""

    sentence: str


@dataclass(frozen=True, slots=True)
class TrayFound:
    """Whether the desktop has a place for the icon."""

    has_tray: bool


@dataclass(frozen=True, slots=True)
class FirstRunIs:
    """Whether first run is still to be done."""

    due: bool


@dataclass(frozen=True, slots=True)
class ReportKept:
    """The crash report that nobody has looked at; an empty path: none."""

    path: str


@dataclass(frozen=True, slots=True)
class Said:
    """One line about what was just saved or done."""

    sentence: str


@dataclass(frozen=True, slots=True)
class VersionFound:
    """The newer version there is; empty where this is the newest."""

    newer: str


AppNews = (
    ProxyStands
    | RequestsTold
    | PageTaken
    | SettingsRead
    | KeysFound
    | Summed
    | LedgerSaid
    | ProviderChecked
    | RoleTried
    | ModelsReached
    | FolderChosen
    | LaunchSeen
    | WentWrong
    | TroubleFound
    | TrayFound
    | FirstRunIs
    | ReportKept
    | Said
    | VersionFound
)
