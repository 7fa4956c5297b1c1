"""Settings changed from the window: only what was changed is written, and never what the environment fixes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy_core.catalogue.models import ModelCatalogue
from proxy_core.config import paths
from proxy_core.config.paths import Paths
from proxy_core.config.settings import Profile, ProjectSettings, ProviderSettings, ProxySettings, Role
from proxy_core.config.settings_edits import bring_in, with_profile
from proxy_core.config.settings_store import SettingsStore
from proxy_core.errors import ConfigError
from proxy_core.server.settings_snapshot import SettingsSnapshot, open_settings

MODELS = ModelCatalogue()


def places(home: Path, content: str = "") -> Paths:
    found = paths.find({"UNDERSTUDY_HOME": str(home)})
    if content:
        found.settings_file.write_text(content)
    return found


def opened(home: Path, content: str = "", environ: Mapping[str, str] | None = None) -> SettingsStore[SettingsSnapshot]:
    return open_settings(places(home, content).settings_file, environ or {}, MODELS, every=0.0)


def on_disk(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "settings.toml").read_text())


def test_a_change_is_written_and_in_force(tmp_path: Path) -> None:
    here = opened(tmp_path)
    wanted = replace(here.current.settings, proxy=replace(here.current.settings.proxy, port=9000))
    choice = here.change(bring_in(here.current.configuration, wanted))
    assert choice.settings.proxy.port == 9000
    assert here.current is choice
    assert on_disk(tmp_path) == {"version": 1, "proxy": {"port": 9000}}


def test_what_the_environment_says_is_not_written_with_the_rest(tmp_path: Path) -> None:
    here = opened(tmp_path, "[proxy]\nport = 8000\n", {"PORT": "7000", "BIG_MODEL": "gpt-4o"})
    assert here.current.settings.proxy.port == 7000
    general = replace(here.current.settings.general, start_hidden=True)
    choice = here.change(bring_in(here.current.configuration, replace(here.current.settings, general=general)))
    assert on_disk(tmp_path) == {"proxy": {"port": 8000}, "general": {"start_hidden": True}}
    assert choice.settings.proxy.port == 7000


@pytest.mark.parametrize(
    ("variable", "value", "change"),
    [
        ("PORT", "7000", lambda now: replace(now, proxy=replace(now.proxy, port=9000))),
        ("BIG_MODEL", "gpt-4o", lambda now: replace(now, profiles={"Default": Profile({Role.BIG: "demo/fast"})})),
        (
            "OPENAI_BASE_URL",
            "http://127.0.0.1:1/v1",
            lambda now: replace(now, providers={"openai": ProviderSettings(base_url="http://127.0.0.1:2/v1")}),
        ),
    ],
)
def test_what_the_environment_fixes_is_refused_by_its_name(
    tmp_path: Path, variable: str, value: str, change: Any
) -> None:
    here = opened(tmp_path, environ={variable: value})
    with pytest.raises(ConfigError, match=variable):
        bring_in(here.current.configuration, change(here.current.settings))
    assert not (tmp_path / "settings.toml").exists()


def test_what_another_program_wrote_in_the_meantime_stays(tmp_path: Path) -> None:
    here = opened(tmp_path, "[proxy]\nport = 8000\n")
    config_snapshot = here.current
    (tmp_path / "settings.toml").write_text('# mine\n[proxy]\nport = 8001\n\n[log]\ndays = 3\nunknown = "kept"\n')
    wanted = replace(config_snapshot.settings, general=replace(config_snapshot.settings.general, start_hidden=True))
    here.change(bring_in(config_snapshot.configuration, wanted))
    assert on_disk(tmp_path) == {
        "proxy": {"port": 8001},
        "log": {"days": 3, "unknown": "kept"},
        "general": {"start_hidden": True},
    }
    assert "# mine" in (tmp_path / "settings.toml").read_text()


def test_a_value_that_makes_no_sense_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    here = opened(tmp_path)
    wanted = replace(here.current.settings, proxy=ProxySettings(port=99_999))
    with pytest.raises(ConfigError, match="port"):
        here.change(bring_in(here.current.configuration, wanted))
    assert not (tmp_path / "settings.toml").exists()


def test_profiles_are_added_renamed_in_their_place_and_taken_away(tmp_path: Path) -> None:
    here = opened(tmp_path)
    local = Profile({Role.BIG: "ollama/qwen3"})
    here.change(with_profile(here.current.configuration, "Local", local))
    here.change(with_profile(here.current.configuration, "Work", Profile({Role.BIG: "openai/gpt-4o"})))
    project = {"/atlas": ProjectSettings("Local")}
    here.change(bring_in(here.current.configuration, replace(here.current.settings, profile="Local", projects=project)))
    choice = here.change(with_profile(here.current.configuration, "At home", local, renamed="Local"))
    assert list(choice.settings.profiles) == ["Default", "At home", "Work"]
    assert choice.settings.profile == "At home"
    assert choice.settings.projects == {"/atlas": ProjectSettings("At home")}
    assert choice.roles()[Role.BIG] == "ollama/qwen3"
    fewer = {name: kept for name, kept in choice.settings.profiles.items() if name != "Work"}
    choice = here.change(bring_in(choice.configuration, replace(choice.settings, profiles=fewer)))
    assert list(choice.settings.profiles) == ["Default", "At home"]
    assert opened(tmp_path).current.settings == choice.settings


@pytest.mark.parametrize(("name", "renamed"), [("", ""), ("  ", "Default"), ("Work", "Default")])
def test_a_profile_whose_name_cannot_be_is_refused(tmp_path: Path, name: str, renamed: str) -> None:
    here = opened(tmp_path, "[profiles.Default]\n[profiles.Work]\n")
    with pytest.raises(ConfigError):
        with_profile(here.current.configuration, name, Profile(), renamed)


def test_a_duplicate_does_not_keep_what_only_the_environment_says(tmp_path: Path) -> None:
    here = opened(tmp_path, '[profiles.Default]\nsmall = "demo/fast"\n', {"BIG_MODEL": "gpt-4o"})
    copied = here.current.settings.profiles["Default"]
    here.change(with_profile(here.current.configuration, "Copy", copied))
    assert on_disk(tmp_path)["profiles"]["Copy"] == {"small": "demo/fast"}
