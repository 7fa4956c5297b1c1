"""What a person can wish for: the closed union of what windows and the tray say, and the controller does."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy_core.config.secret import Secret
from proxy_core.config.settings import Profile, Role, Settings
from proxy_core.ledger.rows import Filter, Grouping


@dataclass(frozen=True, slots=True)
class StartProxy:
    """Start the proxy; on ``port`` if it is not None, which is kept in the settings then."""

    port: int | None = None


@dataclass(frozen=True, slots=True)
class StopProxy:
    """Stop the proxy; answers under way have their grace."""


@dataclass(frozen=True, slots=True)
class CopyAddress:
    """The proxy's address to the clipboard."""


@dataclass(frozen=True, slots=True)
class CopyToken:
    """The local token to the clipboard."""


@dataclass(frozen=True, slots=True)
class RenewToken:
    """A new local token; running sessions that were not launched from here lose their way in."""


@dataclass(frozen=True, slots=True)
class ChooseFolder:
    """The project folder from now on."""

    folder: str


@dataclass(frozen=True, slots=True)
class LaunchClaudeCode:
    """Claude Code in a terminal, in ``folder`` (empty: the chosen one), with ``profile`` (empty: the folder's own).

    ``anyway`` launches past what would overrule it.
    """

    folder: str = ""
    profile: str = ""
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class CopyCommand:
    """The launch for another shell (``sh``, ``fish``, ``powershell``, ``cmd``) or an IDE (``vscode``)."""

    shell: str


@dataclass(frozen=True, slots=True)
class CopyInstallCommand:
    """How to install Claude Code."""


@dataclass(frozen=True, slots=True)
class SwitchProfile:
    """Another active profile; running sessions that named none follow."""

    name: str


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Keep these settings. Only what differs from those in force when the wish was made is written."""

    settings: Settings


@dataclass(frozen=True, slots=True)
class SaveProfile:
    """A profile of this name with this content, new or changed; ``renamed`` is its name so far, if it had another."""

    name: str
    profile: Profile = field(default_factory=Profile)
    renamed: str = ""


@dataclass(frozen=True, slots=True)
class SetRole:
    """``model`` (``provider/name``, passthrough, or empty for not set) plays ``role`` in the active profile."""

    role: Role
    model: str


@dataclass(frozen=True, slots=True)
class SetKey:
    """Keep a provider's key, then check it."""

    provider: str
    key: Secret


@dataclass(frozen=True, slots=True)
class RemoveKey:
    """Forget a provider's key."""

    provider: str


@dataclass(frozen=True, slots=True)
class CheckProvider:
    """Ask a provider with its key, and read its model list."""

    provider: str


@dataclass(frozen=True, slots=True)
class ProbeRole:
    """A real small call to a role's model; every role if None."""

    role: Role | None = None


@dataclass(frozen=True, slots=True)
class FindLocalServers:
    """Look for local servers now."""


@dataclass(frozen=True, slots=True)
class SendFirstRequest:
    """Send first run's real request through the proxy; its progress comes as ``query_results.FirstRequestProgress``."""


@dataclass(frozen=True, slots=True)
class EndFirstRun:
    """First run is over, whether done or skipped."""


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page of requests, newest first, before the row ``before`` (None: from the newest)."""

    wanted: Filter
    before: int | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True)
class ReadBodies:
    """What is kept of one request."""

    id: str


@dataclass(frozen=True, slots=True)
class ReadSessions:
    """A page of sessions, latest first, before the Unix time ``before``."""

    wanted: Filter = field(default_factory=Filter)
    before: float | None = None


@dataclass(frozen=True, slots=True)
class ReadUsage:
    """Sums per day by ``by``, and the totals that stand beside them."""

    by: Grouping
    wanted: Filter


@dataclass(frozen=True, slots=True)
class ReadNames:
    """What filter menus offer: every model, project, profile and session there is."""


@dataclass(frozen=True, slots=True)
class MeasureLog:
    """How much the log holds, before a person is asked whether to delete it."""


@dataclass(frozen=True, slots=True)
class CopyAsCurl:
    """A request as a curl command, without secrets, to the clipboard."""

    id: str


@dataclass(frozen=True, slots=True)
class CopyText:
    """A text to the clipboard; ``said`` tells the person so."""

    text: str
    said: str


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """A request once more, on another model."""

    id: str
    model: str


@dataclass(frozen=True, slots=True)
class Export:
    """The requests to a file; ``form`` is csv or json."""

    path: str
    form: str
    wanted: Filter


@dataclass(frozen=True, slots=True)
class Wipe:
    """Empty the ledger; only the bodies where ``bodies_only``."""

    bodies_only: bool


@dataclass(frozen=True, slots=True)
class ShowRequests:
    """The watch window's Requests page, with this filter; ``id`` chooses one request."""

    wanted: Filter = field(default_factory=Filter)
    id: str = ""


@dataclass(frozen=True, slots=True)
class ShowWatch:
    """The watch window, at ``page`` (``requests``, ``sessions``, ``usage``; empty: where it was)."""

    page: str = ""


@dataclass(frozen=True, slots=True)
class ShowSettings:
    """The Settings window, at ``page`` (``models``, ``profiles``, …; empty: where it was)."""

    page: str = ""


@dataclass(frozen=True, slots=True)
class CheckForUpdates:
    """Ask once whether there is a newer version."""


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A page in the user's browser: a provider's key page, the project's own."""

    url: str


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """One of our own folders in the system's file browser: ``settings`` or ``log``."""

    which: str


@dataclass(frozen=True, slots=True)
class OpenLicences:
    """The licences of everything that the package holds, in whatever the system opens texts with."""


@dataclass(frozen=True, slots=True)
class OpenReport:
    """The crash report in whatever the system opens texts with."""


@dataclass(frozen=True, slots=True)
class ForgetReport:
    """The crash report was looked at, or need not be."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End everything."""


Command = (
    StartProxy
    | StopProxy
    | CopyAddress
    | CopyToken
    | RenewToken
    | ChooseFolder
    | LaunchClaudeCode
    | CopyCommand
    | CopyInstallCommand
    | SwitchProfile
    | ChangeSettings
    | SaveProfile
    | SetRole
    | SetKey
    | RemoveKey
    | CheckProvider
    | ProbeRole
    | FindLocalServers
    | SendFirstRequest
    | EndFirstRun
    | ReadPage
    | ReadBodies
    | ReadSessions
    | ReadUsage
    | ReadNames
    | MeasureLog
    | CopyAsCurl
    | CopyText
    | ReplayRequest
    | Export
    | Wipe
    | ShowRequests
    | ShowWatch
    | ShowSettings
    | CheckForUpdates
    | OpenLink
    | OpenFolder
    | OpenLicences
    | OpenReport
    | ForgetReport
    | Quit
)
