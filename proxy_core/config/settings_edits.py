"""Edits of the settings file that bring in what a person changed in the settings in force, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from proxy_core.config.settings import Configuration, Profile, Role, Settings
from proxy_core.config.settings_file import Edit
from proxy_core.config.settings_schema import Key, changed_keys, with_changes
from proxy_core.errors import ConfigError


def bring_in(configuration: Configuration, wanted: Settings) -> Edit:
    """Return the edit that brings what differs between ``configuration`` and ``wanted`` into the file.

    Raises ConfigError where the environment fixes what would change; the edit does where a value breaks its rule.
    """
    changes = changed_keys(configuration.settings, wanted)
    _refuse_fixed(configuration.fixed, changes)

    def edit(file: Settings) -> Settings:
        edited, troubles = with_changes(file, changes)
        if troubles:
            raise ConfigError(troubles[0])
        return edited

    return edit


def with_profile(configuration: Configuration, name: str, profile: Profile, renamed: str = "") -> Edit:
    """Return the edit that keeps ``profile`` as ``name``, in the place of the one that was called ``renamed``, if any.

    Raises ConfigError for a name that is empty or taken.
    """
    if not name.strip():
        raise ConfigError("A profile needs a name.")
    if renamed and name != renamed and name in configuration.settings.profiles:
        raise ConfigError(f"There is a profile called {name!r} already.")

    def edit(file: Settings) -> Settings:
        before = renamed or name
        own = Profile(_without_fixed(configuration.fixed, profile, file.profiles.get(before, Profile())))
        profiles = {name if known == before else known: kept for known, kept in file.profiles.items()}
        projects = {
            folder: replace(project, profile=name) if project.profile == before else project
            for folder, project in file.projects.items()
        }
        active = name if file.profile == before else file.profile
        return replace(file, profile=active, profiles={**profiles, name: own}, projects=projects)

    return edit


def _without_fixed(fixed: Mapping[str, str], wanted: Profile, kept: Profile) -> dict[Role, str]:
    """Return the wanted roles; what the environment lays over every profile is not written into one."""
    free = {role: model for role, model in wanted.roles.items() if f"roles.{role}" not in fixed}
    return {**{role: model for role, model in kept.roles.items() if f"roles.{role}" in fixed}, **free}


def _refuse_fixed(fixed: Mapping[str, str], changes: Iterable[Key]) -> None:
    for key in changes:
        match key:
            case ("profiles", _, role):
                name = f"roles.{role}"
            case _:
                name = ".".join(key)
        if name in fixed:
            raise ConfigError(f"{fixed[name]} sets this outside of Understudy: change it there, or take it away.")
