"""Whatever settings are saved after whatever others, they are what is loaded."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from proxy_core.config.settings import (
    Appearance,
    AtLimit,
    BudgetSettings,
    Engine,
    GeneralSettings,
    LogSettings,
    Price,
    Profile,
    ProjectSettings,
    ProviderSettings,
    ProxySettings,
    Role,
    RoutingSettings,
    Settings,
    TerminalSettings,
    ThinkingRule,
    Timeouts,
)
from proxy_core.config.settings_file import Loaded, good_copy, load
from tests.config.settings_on_disk import put, save

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
models = st.one_of(st.just("passthrough"), st.from_regex(r"[a-z_]{1,6}/[A-Za-z0-9.:/-]{1,12}", fullmatch=True))
ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,6}", fullmatch=True).filter(
    lambda id_: id_ not in {"local-token", "passthrough", "understudy"}
)
seconds = st.floats(min_value=0.001, max_value=1e6)
urls = st.sampled_from(["", "http://a/v1", "https://b:8443"])
amounts = st.floats(min_value=0, max_value=1e6)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "profile": st.just("Default"),
    "profiles": st.dictionaries(
        names, st.builds(Profile, st.dictionaries(st.sampled_from(Role), models)), max_size=4
    ).map(lambda profiles: {"Default": Profile(), **profiles}),
    "proxy": st.builds(
        ProxySettings,
        host=st.sampled_from(["127.0.0.1", "::1", "box"]),
        port=st.integers(0, 65535),
        lan=st.booleans(),
        open=st.booleans(),
        outgoing_proxy=urls,
    ),
    "timeouts": st.builds(Timeouts, connect=seconds, first_chunk=seconds),
    "routing": st.builds(RoutingSettings, st.sampled_from(ThinkingRule), st.integers(1, 10**9)),
    "providers": st.dictionaries(
        ids,
        st.builds(
            ProviderSettings,
            name=names,
            base_url=urls,
            engine=st.one_of(st.none(), st.sampled_from(Engine)),
            custom=st.booleans(),
        ),
        max_size=3,
    ),
    "general": st.builds(
        GeneralSettings,
        **dict.fromkeys(("start_at_login", "start_hidden", "start_proxy", "notifications"), st.booleans()),
        language=st.sampled_from(["", "zh_CN"]),
        appearance=st.sampled_from(Appearance),
    ),
    "log": st.builds(LogSettings, st.booleans(), st.integers(1, 999), st.integers(1, 10**6)),
    "budget": st.builds(BudgetSettings, amounts, amounts, st.sampled_from(AtLimit)),
    "terminal": st.builds(TerminalSettings, names, st.sampled_from(["", "kitty {script}"])),
    "prices": st.dictionaries(
        models, st.builds(Price, amounts, amounts, st.none() | amounts, st.none() | amounts), max_size=3
    ),
    "projects": st.dictionaries(names.map("/{}".format), st.builds(ProjectSettings, names), max_size=3),
}
all_settings = st.builds(Settings, **PARTS)


def test_no_part_of_the_settings_is_left_out() -> None:
    assert set(PARTS) == {field.name for field in fields(Settings)}


@how_often(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(all_settings, min_size=1, max_size=4))
def test_any_settings_saved_after_any_others_are_loaded_again(tmp_path: Path, history: list[Settings]) -> None:
    path = tmp_path / "any.toml"
    for file in (path, good_copy(path)):
        file.unlink(missing_ok=True)
    put(path, "# mine\nkept = 'yes'\n")
    for wanted in history:
        save(path, wanted)
        assert load(path) == Loaded(wanted)
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text)["kept"] == "yes"
