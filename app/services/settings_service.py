"""Changes of the settings: written at once, seen by the next request, said in one line; what cannot be is said too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QCoreApplication

from app.platform.autostart import Autostart
from app.services.context import ServiceContext
from app.services.settings_store import Edit, SettingsSnapshot, SettingsStore, command_requested, with_profile
from app.state.events import SettingsRead
from proxy_core.config.settings import PASSTHROUGH, Profile, ProxySettings, Role, Settings
from proxy_core.config.settings_form import is_model
from proxy_core.errors import ConfigError

translate = QCoreApplication.translate


class SettingsService:
    """``changed`` is called with what was in force and what is, whoever changed it, in Qt's thread."""

    def __init__(
        self,
        context: ServiceContext,
        choices: SettingsStore,
        autostart: Autostart,
        changed: Callable[[SettingsSnapshot, SettingsSnapshot], None],
    ) -> None:
        self._context = context
        self._choices = choices
        self._autostart = autostart
        self._changed = changed

    def begin(self) -> None:
        """Bring the system's autostart entry in line where one is wanted: the program may have moved since.

        One that is not wanted here may be that of an Understudy with another home.
        """
        if self._context.choice.settings.general.start_at_login:
            self._context.queues.settings.run(self._agree_on_autostart, self._complain_of)

    def look(self) -> None:
        """See whether somebody else has written the file."""
        self._context.queues.settings.run(self._choices.read_if_changed, self._take_changed, self._context.report_error)

    def change(self, settings: Settings) -> None:
        """Keep what differs from what is in force."""
        self._edit(lambda: command_requested(self._context.choice.configuration, settings))

    def keep_profile(self, name: str, profile: Profile, renamed: str) -> None:
        """A profile new, changed or renamed."""
        self._edit(lambda: with_profile(self._context.choice.configuration, name, profile, renamed))

    def switch_profile(self, name: str) -> None:
        """Another active profile."""

        def edit() -> Edit:
            self._context.choice.profile(name)
            return lambda file: replace(file, profile=name)

        self._edit(edit, translate("Doing", "{0} is the profile now.").format(name))

    def set_role(self, role: Role, model: str) -> None:
        """``model`` plays ``role`` in the active profile; an empty one: nothing does, or the default."""

        def edit() -> Edit:
            if model and not is_model(model):
                raise ConfigError(f"{model!r} is not a model: write provider/name, or {PASSTHROUGH}.")
            settings = self._context.choice.settings
            roles = {known: value for known, value in settings.active.roles.items() if known is not role}
            profile = Profile({**roles, role: model} if model else roles)
            profiles = {**settings.profiles, settings.profile: profile}
            return command_requested(self._context.choice.configuration, replace(settings, profiles=profiles))

        self._edit(edit)

    def set_port(self, port: int, then: Callable[[], None]) -> None:
        """Keep another port, and go on once it is kept."""

        def edit() -> Edit:
            settings = self._context.choice.settings
            proxy: ProxySettings = replace(settings.proxy, port=port)
            return command_requested(self._context.choice.configuration, replace(settings, proxy=proxy))

        self._edit(edit, then=then)

    def _edit(self, make: Callable[[], Edit], said: str = "", then: Callable[[], None] = lambda: None) -> None:
        try:
            edit = make()
        except ConfigError as error:
            self._context.say(error.message)
            return

        def take(choice: SettingsSnapshot) -> None:
            self._take(choice)
            self._context.say(said or translate("Doing", "Saved."))
            then()

        self._context.queues.settings.run(lambda: self._choices.change(edit), take, self._context.report_error)

    def _take_changed(self, choice: SettingsSnapshot | None) -> None:
        if choice is not None:
            self._take(choice)

    def _take(self, choice: SettingsSnapshot) -> None:
        before, self._context.choice = self._context.choice, choice
        self._context.store.apply(SettingsRead(choice.configuration, choice.roles(), choice.troubles))
        if before.settings.general.start_at_login != choice.settings.general.start_at_login:
            self._context.queues.settings.run(self._agree_on_autostart, self._complain_of)
        self._changed(before, choice)

    def _agree_on_autostart(self) -> str:
        """What went wrong; empty when nothing did."""
        wanted = self._context.choice.settings.general.start_at_login
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
