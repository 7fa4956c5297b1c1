"""What leaves the app for the rest of the desktop: links, folders, reports, texts for the clipboard, one question."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication

from app.platform.crash_reports import Reports
from app.services.context import ServiceContext
from app.state.events import CrashReportChanged, VersionFound
from proxy_core.config.outbound_policy import OutboundPolicy

translate = QCoreApplication.translate


class DesktopService:
    """``version`` is ours; ``licences`` is a text that packages bring and a checkout has not."""

    def __init__(self, context: ServiceContext, reports: Reports, version: str, licences: Path) -> None:
        self._context = context
        self._reports = reports
        self._version = version
        self._licences = licences

    def link(self, url: str) -> None:
        """A page in the browser; nothing that is not one."""
        if url.startswith(("https://", "http://")):
            self._context.screen.open_link(url)

    def folder(self, which: str) -> None:
        """One of our own folders in the file browser."""
        folder = {"settings": self._context.paths.settings_dir, "log": self._context.paths.data_dir}.get(which)
        if folder is not None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._context.screen.open_link(folder.as_uri())

    def licences(self) -> None:
        """The licences of all that is in the package; ours alone where each part was installed with its own."""
        if self._licences.is_file():
            self._context.screen.open_link(self._licences.as_uri())
        else:
            own = translate("Doing", "Understudy is under the MIT licence; its libraries were installed with theirs.")
            self._context.say(own)

    def report(self) -> None:
        """The crash report, in whatever opens texts."""
        if self._context.store.state.report:
            self._context.screen.open_link(Path(self._context.store.state.report).as_uri())

    def forget_report(self) -> None:
        """It was looked at."""
        self._context.queues.settings.run(self._reports.forget)
        self._context.store.apply(CrashReportChanged(""))

    def copy(self, text: str, said: str) -> None:
        """A text to the clipboard."""
        self._context.screen.copy(text)
        self._context.say(said)

    def ask_for_updates(self) -> None:
        """Ask once whether there is a newer version."""
        policy = OutboundPolicy(self._context.settings.current.settings.proxy.outgoing_proxy)

        def job() -> str:
            from app.services.update_check import latest  # noqa: PLC0415 - an HTTP client, for who asks

            newer = latest(self._version, policy)
            return newer.version if newer else ""

        def then(newer: str) -> None:
            self._context.store.apply(VersionFound(newer))
            none = translate("Doing", "Understudy {0} is the newest version.").format(self._version)
            self._context.say(translate("Doing", "Understudy {0} is out.").format(newer) if newer else none)

        self._context.queues.calls.run(job, then, self._context.report_error)
