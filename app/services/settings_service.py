"""Changes of the settings: written at once, seen by the next request, reported in one line like what fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication

from app.platform.autostart import Autostart
from app.services.context import ServiceContext
from app.services.worker_queue import Post
from app.state.events import SettingsRead
from proxy_core.config.settings import PASSTHROUGH, Configuration, Profile, Role, Settings, is_model
from proxy_core.config.settings_edits import bring_in, with_profile
from proxy_core.config.settings_file import Edit
from proxy_core.config.settings_schema import changed_keys, touches
from proxy_core.errors import ConfigError
from proxy_core.server.settings_snapshot import SettingsSnapshot

translate = QCoreApplication.translate


class SettingsService:
    """Brings the state in line with the settings in force, in Qt's thread, which ``post`` leads to.

    ``changed`` is called after that with what was in force and what is, no matter what changed it.
    """

    def __init__(
        self,
        context: ServiceContext,
        post: Post,
        autostart: Autostart,
        changed: Callable[[SettingsSnapshot, SettingsSnapshot], None],
    ) -> None:
        self._context = context
        self._autostart = autostart
        self._changed = changed
        context.settings.subscribe(lambda before, after: post(lambda: self._follow(before, after)))

    def begin(self) -> None:
        """Bring the system's autostart entry in line where one is wanted: the program may have moved since.

        One that is not wanted here may be that of an Understudy with another home.
        """
        if self._context.settings.current.settings.general.start_at_login:
            self._context.queues.settings.run(self._agree_on_autostart, self._complain_of)

    def look(self) -> None:
        """See whether another program has written the file."""
        self._context.queues.settings.run(self._context.settings.poll)

    def change(self, settings: Settings) -> None:
        """Keep what differs from what the windows show."""
        self._edit(lambda: bring_in(self._shown, settings))

    def keep_profile(self, name: str, profile: Profile, renamed: str) -> None:
        """A profile new, changed or renamed."""
        self._edit(lambda: with_profile(self._shown, name, profile, renamed))

    def switch_profile(self, name: str) -> None:
        """Another active profile."""

        def edit() -> Edit:
            self._context.settings.current.profile(name)
            return lambda file: replace(file, profile=name)

        self._edit(edit, translate("Doing", "{0} is the profile now.").format(name))

    def set_role(self, role: Role, model: str) -> None:
        """``model`` plays ``role`` in the active profile; an empty one: nothing does, or the default."""

        def edit() -> Edit:
            if model and not is_model(model):
                raise ConfigError(f"{model!r} is not a model: write provider/name, or {PASSTHROUGH}.")
            settings = self._shown.settings
            roles = {known: value for known, value in settings.active.roles.items() if known is not role}
            profile = Profile({**roles, role: model} if model else roles)
            profiles = {**settings.profiles, settings.profile: profile}
            return bring_in(self._shown, replace(settings, profiles=profiles))

        self._edit(edit)

    def set_port(self, port: int, then: Callable[[], None]) -> None:
        """Keep another port, and go on once it is kept."""

        def edit() -> Edit:
            settings = self._shown.settings
            return bring_in(self._shown, replace(settings, proxy=replace(settings.proxy, port=port)))

        self._edit(edit, then=then)

    @property
    def _shown(self) -> Configuration:
        """The configuration that the windows show: a change means this one, even where the file has moved on."""
        return self._context.store.state.configuration

    def _edit(self, make: Callable[[], Edit], said: str = "", then: Callable[[], None] = lambda: None) -> None:
        try:
            edit = make()
        except ConfigError as error:
            self._context.say(error.message)
            return

        def done(_: SettingsSnapshot) -> None:
            self._context.say(said or translate("Doing", "Saved."))
            then()

        change = self._context.settings.change
        self._context.queues.settings.run(lambda: change(edit), done, self._context.report_error)

    def _follow(self, before: SettingsSnapshot, after: SettingsSnapshot) -> None:
        self._context.store.apply(SettingsRead(after.configuration, after.roles(), after.troubles))
        if touches(changed_keys(before.settings, after.settings), "general.start_at_login"):
            self._context.queues.settings.run(self._agree_on_autostart, self._complain_of)
        self._changed(before, after)

    def _agree_on_autostart(self) -> str:
        """What went wrong; empty when nothing did."""
        wanted = self._context.settings.current.settings.general.start_at_login
        try:
            if wanted and not self._autostart.is_on():
                self._autostart.turn_on()
            elif not wanted:
                self._autostart.turn_off()
        except OSError as error:
            return translate("Doing", "Starting at login could not be set: {0}.").format(error.strerror or "?")
        return ""

    def _complain_of(self, sentence: str) -> None:
        if sentence:
            self._context.report_error(sentence)
