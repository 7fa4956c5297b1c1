"""The settings as the app reads and changes them: in the same file that the proxy reads by itself in its own thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from proxy_core.catalogue.known import Known
from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.catalogue.values import Provider
from proxy_core.config import environment, settings_file, settings_form
from proxy_core.config.paths import Paths
from proxy_core.config.settings import DEFAULT_ROLES, PASSTHROUGH, Configuration, Profile, Role, Settings
from proxy_core.config.settings_form import Change, changes
from proxy_core.errors import ConfigError
from proxy_core.routing.roles import model_of, resolve

Edit = Callable[[Settings], Settings]
"""From what the file says to what it should say."""


@dataclass(frozen=True, slots=True)
class SettingsSnapshot:
    """What is in force: ``known`` is the catalogue under it. ``troubles`` were met on the way to it."""

    configuration: Configuration
    known: Known
    troubles: tuple[str, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings, with the environment laid over them."""
        return self.configuration.settings

    def roles(self, profile: str = "") -> dict[Role, str]:
        """What plays each role that is set in the profile of this name, the active one's if empty.

        Raises ConfigError for a profile that does not exist.
        """
        return roles_of(self.profile(profile), self.known)

    def profile(self, name: str = "") -> Profile:
        """The profile of this name, the active one if empty. Raises ConfigError for one that does not exist."""
        if name and name not in self.settings.profiles:
            raise ConfigError(f"There is no profile called {name!r}; there are: {', '.join(self.settings.profiles)}.")
        return self.settings.profiles[name] if name else self.settings.active

    def provider_of(self, target: str) -> Provider | None:
        """Who answers a role's value; Anthropic under passthrough, None where nobody is known."""
        return self.known.provider("anthropic" if target == PASSTHROUGH else target.partition("/")[0])


class SettingsStore:
    """Reads the settings file and changes it. Blocks for the disk; belongs to one thread at a time.

    ``latest`` is what was last found in force, and may be asked for from any thread. Making one reads the file: raises
    ConfigError when the file or the environment makes no sense.
    """

    def __init__(self, paths: Paths, environ: Mapping[str, str], models: ModelCatalogue) -> None:
        self._path = paths.settings_file
        self._environ = environ
        self._models = models
        self._seen: object = None
        self.latest = self.read()

    def read(self) -> SettingsSnapshot:
        """What is in force now. Raises ConfigError when the file or the environment makes no sense."""
        self._seen = self._mark()
        loaded = settings_file.load(self._path)
        return self._choice(loaded.settings, loaded.troubles)

    def read_if_changed(self) -> SettingsSnapshot | None:
        """What is in force, where somebody else has written the file since it was last read here."""
        return None if self._mark() == self._seen else self.read()

    def change(self, edit: Edit) -> SettingsSnapshot:
        """Edit what the file says; what another program wrote in the meantime is kept. Raises ConfigError."""
        loaded = settings_file.change(self._path, edit)
        self._seen = self._mark()
        return self._choice(loaded.settings, loaded.troubles)

    def _choice(self, settings: Settings, troubles: tuple[str, ...]) -> SettingsSnapshot:
        known = Known(settings.providers, self._models)
        said = environment.overlay(self._environ, {}, known.providers)
        configuration = environment.apply(settings, said)
        known = Known(configuration.settings.providers, self._models)
        self.latest = SettingsSnapshot(configuration, known, (*troubles, *configuration.warnings))
        return self.latest

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:  # gone or out of reach: reading it says which
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def roles_of(profile: Profile, known: Known) -> dict[Role, str]:
    """What plays each role that is set: ``provider/name`` or passthrough."""
    return {
        role: value if value == PASSTHROUGH else str(resolve(value, known))
        for role in Role
        if role in DEFAULT_ROLES or role in profile.roles
        for value in [model_of(role, profile.roles, known)]
    }


def command_requested(config_snapshot: Configuration, settings: Settings) -> Edit:
    """The edit that brings what differs between ``config_snapshot`` and ``settings`` into the file, and nothing else.

    Raises ConfigError where the environment fixes what would change, or a value makes no sense.
    """
    todo = changes(config_snapshot.settings, settings)
    _refuse_fixed(config_snapshot.fixed, todo)

    def edit(file: Settings) -> Settings:
        document: dict[str, Any] = {}
        for change in (*changes(Settings(), file), *todo):
            _apply(document, change)
        edited, troubles = settings_form.read(document)
        if troubles:
            raise ConfigError(troubles[0])
        return edited

    return edit


def with_profile(config_snapshot: Configuration, name: str, profile: Profile, renamed: str = "") -> Edit:
    """The edit that keeps ``profile`` under ``name``, in the place of the one that was called ``renamed``, if any.

    Raises ConfigError for a name that is empty or taken.
    """
    if not name.strip():
        raise ConfigError("A profile needs a name.")
    if renamed and name != renamed and name in config_snapshot.settings.profiles:
        raise ConfigError(f"There is a profile called {name!r} already.")

    def edit(file: Settings) -> Settings:
        before = renamed or name
        own = Profile(_without_fixed(config_snapshot.fixed, profile, file.profiles.get(before, Profile())))
        profiles = {name if known == before else known: kept for known, kept in file.profiles.items()}
        projects = {
            folder: replace(project, profile=name) if project.profile == before else project
            for folder, project in file.projects.items()
        }
        active = name if file.profile == before else file.profile
        return replace(file, profile=active, profiles={**profiles, name: own}, projects=projects)

    return edit


def _without_fixed(fixed: Mapping[str, str], wanted: Profile, kept: Profile) -> dict[Role, str]:
    """What is wanted, but what the environment lays over every profile is not written into one."""
    free = {role: model for role, model in wanted.roles.items() if f"roles.{role}" not in fixed}
    return {**{role: model for role, model in kept.roles.items() if f"roles.{role}" in fixed}, **free}


def _refuse_fixed(fixed: Mapping[str, str], todo: Iterable[Change]) -> None:
    for change in todo:
        match change.key:
            case ("profiles", _, role):
                name = f"roles.{role}"
            case key:
                name = ".".join(key)
        if name in fixed:
            raise ConfigError(f"{fixed[name]} sets this outside of Understudy: change it there, or take it away.")


def _apply(document: dict[str, Any], change: Change) -> None:
    *tables, last = change.key
    here = document
    for name in tables:
        here = here.setdefault(name, {})
    match change.value:
        case None:
            here.pop(last, None)
        case Mapping():
            here.setdefault(last, {})
        case value:
            here[last] = value
