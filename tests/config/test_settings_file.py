"""The settings file on a real disk: read, written, broken, recovered, and cut off at every step."""

from __future__ import annotations

import contextlib
import os
import stat
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how_often
from hypothesis import strategies as st

from proxy_core.config import settings_file
from proxy_core.config.settings import (
    Engine,
    Profile,
    ProviderSettings,
    ProxySettings,
    Role,
    RoutingSettings,
    Settings,
    ThinkingRule,
    Timeouts,
)
from proxy_core.config.settings_file import Loaded, SettingsSource, change, good_copy, load, save
from proxy_core.errors import ConfigError

AT = 1_763_800_000.0
BROKEN = b"version = 1\n[proxy]\nport = = 9\n"
WORK = replace(Settings(), profile="Work", profiles={"Work": Profile({Role.BIG: "openai/gpt-4o"})})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "understudy" / "settings.toml"


def put(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob("settings.toml.broken-*"))


def test_no_file_is_the_defaults_and_makes_none(path: Path) -> None:
    assert load(path) == Loaded(Settings())
    assert not path.parent.exists()


def test_what_is_saved_is_what_is_loaded(path: Path) -> None:
    save(path, WORK)
    assert load(path) == Loaded(WORK)


def test_the_file_is_its_owners_alone(path: Path) -> None:
    save(path, WORK)
    for file in (path, good_copy(path)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_saving_what_is_there_writes_nothing(path: Path) -> None:
    save(path, WORK)
    before = path.stat()
    save(path, WORK)
    assert path.stat() == before


def test_comments_order_and_unknown_keys_stay(path: Path) -> None:
    put(
        path,
        "# mine\nfuture = [1, 2] # keep\nversion = 1\n\n[proxy] # where\nport = 1 # odd\nwarp = 9\n\n"
        "[providers.x]\nbase_url = 'http://x'\nnew = 'n'\n",
    )
    change(path, lambda old: replace(old, proxy=replace(old.proxy, port=2, lan=True)))
    assert path.read_text() == (
        "# mine\nfuture = [1, 2] # keep\nversion = 1\n\n[proxy] # where\nport = 2 # odd\nwarp = 9\nlan = true\n\n"
        "[providers.x]\nbase_url = 'http://x'\nnew = 'n'\n"
    )


@pytest.mark.parametrize(
    "form",
    [
        "[profiles.A]\nbig = 'a/b'\n[proxy]\nport = 3\n[profiles.B]\nbig = 'c/d'\n",
        "profiles.A.big = 'a/b'\nprofiles.B.big = 'c/d'\nproxy.port = 3\n",
        "profiles = { A = { big = 'a/b' }, B = { big = 'c/d' } }\nproxy = { port = 3 }\n",
        "[profiles]\nA = { big = 'a/b' }\nB.big = 'c/d'\n[proxy]\nport = 3\n",
        "\ufeff[profiles.A]\r\nbig = 'a/b'\r\n[profiles.B]\r\nbig = 'c/d'\r\n[proxy]\r\nport = 3\r\n",
    ],
)
def test_every_way_to_write_a_table_can_be_changed(path: Path, form: str) -> None:
    put(path, form)
    old = load(path).settings
    assert old.profiles == {"A": Profile({Role.BIG: "a/b"}), "B": Profile({Role.BIG: "c/d"})}
    new = replace(
        old,
        profile="N",
        profiles={"N": Profile({Role.SMALL: "e/f"}), "B": Profile({Role.BIG: "g/h"}), "Empty": Profile()},
        proxy=replace(old.proxy, port=4, open=True),
        providers={"my-box": ProviderSettings(base_url="http://x/v1", custom=True)},
        timeouts=Timeouts(connect=1.0),
    )
    save(path, new)
    assert load(path) == Loaded(new)


def test_the_default_profile_survives_a_second_one(path: Path) -> None:
    """It is there without being written; a file that then names another profile must name it too."""
    added = replace(Settings(), profiles={**Settings().profiles, "Gemini": Profile({Role.BIG: "gemini/x"})})
    save(path, added)
    assert load(path).settings == added


def test_what_another_program_wrote_meanwhile_is_kept(path: Path) -> None:
    save(path, WORK)
    change(path, lambda old: replace(old, proxy=replace(old.proxy, port=1)))
    change(path, lambda old: replace(old, routing=replace(old.routing, long_threshold=5)))
    loaded = load(path).settings
    assert (loaded.proxy.port, loaded.routing.long_threshold, loaded.profile) == (1, 5, "Work")


def test_settings_that_cannot_be_read_back_are_not_written(path: Path) -> None:
    save(path, WORK)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="cannot hold"):
        save(path, replace(WORK, proxy=ProxySettings(port=99_999)))
    assert path.read_bytes() == before


def test_a_link_keeps_pointing(path: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "understudy.toml"
    put(kept, "proxy.port = 1\n")
    path.parent.mkdir()
    path.symlink_to(kept)
    change(path, lambda old: replace(old, proxy=replace(old.proxy, port=2)))
    assert path.is_symlink()
    assert tomllib.loads(kept.read_text()) == {"proxy": {"port": 2}}


def test_a_newer_versions_file_is_copied_before_it_is_changed(path: Path) -> None:
    newer = "version = 7\nwarp = true\n"
    put(path, newer)
    change(path, lambda old: replace(old, profile="Default", proxy=replace(old.proxy, port=5)))
    assert tomllib.loads(path.read_text()) == {"version": 7, "warp": True, "proxy": {"port": 5}}
    assert path.with_name("settings.toml.version-7").read_text() == newer


def test_a_broken_file_is_set_aside_and_the_last_good_copy_used(path: Path) -> None:
    save(path, WORK)
    put(path, BROKEN)
    loaded = load(path, lambda: AT)
    assert loaded.settings == WORK
    (trouble,) = loaded.troubles
    assert "line 3" in trouble
    assert str(path) in trouble
    (kept,) = aside(path)
    assert kept.name == "settings.toml.broken-20251122-082640"
    assert kept.name in trouble
    assert kept.read_bytes() == BROKEN
    assert load(path) == Loaded(WORK)


def test_a_broken_file_without_a_good_copy_leaves_the_defaults(path: Path) -> None:
    put(path, BROKEN)
    loaded = load(path, lambda: AT)
    assert loaded.settings == Settings()
    assert "The defaults are used" in loaded.troubles[0]
    assert [file.read_bytes() for file in aside(path)] == [BROKEN]
    assert load(path) == Loaded(Settings())


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a = '\x00'", b"x = " + b"[" * 100_000, b"\x00" * 512])
def test_bytes_that_are_no_toml_are_a_broken_file(path: Path, content: bytes) -> None:
    save(path, WORK)
    put(path, content)
    assert load(path, lambda: AT).settings == WORK
    assert [file.read_bytes() for file in aside(path)] == [content]


def test_two_broken_files_in_one_second_are_both_kept_and_the_same_one_once(path: Path) -> None:
    for content in (b"= 1", b"= 2", b"= 1"):
        put(path, content)
        load(path, lambda: AT)
    assert sorted(file.read_bytes() for file in aside(path)) == [b"= 1", b"= 2"]


def test_saving_over_a_broken_file_keeps_it_and_says_so(path: Path) -> None:
    save(path, WORK)
    put(path, BROKEN)
    new = replace(WORK, proxy=ProxySettings(port=1))
    saved = save(path, new, lambda: AT)
    assert saved.settings == new
    assert "is broken" in saved.troubles[0]
    assert load(path) == Loaded(new)
    assert [file.read_bytes() for file in aside(path)] == [BROKEN]


def test_a_file_with_a_wrong_value_does_not_become_the_good_copy(path: Path) -> None:
    save(path, WORK)
    put(path, "proxy.port = 'x'\n")
    assert load(path).troubles
    put(path, BROKEN)
    assert load(path).settings == WORK


def test_a_folder_in_its_place_is_an_error_that_says_so(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path)


class KilledError(BaseException):
    """Stands for ``kill -9``: nothing of ours runs after it."""


STEPS = ("fsync", "replace", "unlink")


def cut_off(monkeypatch: pytest.MonkeyPatch, step: int, *, after: bool) -> None:
    """Stop the process at its ``step``-th touch of the disk, before or after it took effect."""
    done = 0

    def interrupting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal done
            done += 1
            if done > step:
                raise KilledError  # dead: no clean-up of ours takes effect either
            if done == step and not after:
                raise KilledError
            result = real(*arguments)
            if done == step:
                raise KilledError
            return result

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, interrupting(getattr(os, name)))


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 8))
def test_a_save_cut_off_anywhere_leaves_the_old_or_the_new(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    new = replace(WORK, profile="Work", proxy=ProxySettings(port=1))
    save(path, WORK)
    with monkeypatch.context() as dying:
        cut_off(dying, step, after=after)
        try:
            save(path, new)
            finished = True
        except KilledError:
            finished = False
    loaded = load(path)
    assert loaded.troubles == ()
    assert loaded.settings == new if finished else loaded.settings in (WORK, new)
    assert aside(path) == []


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", range(1, 8))
def test_a_recovery_cut_off_anywhere_loses_neither_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: int, after: bool
) -> None:
    save(path, WORK)
    put(path, BROKEN)
    with monkeypatch.context() as dying:
        cut_off(dying, step, after=after)
        with contextlib.suppress(KilledError):
            load(path, lambda: AT)
    assert load(path, lambda: AT + 5).settings == WORK
    assert [file.read_bytes() for file in aside(path)] == [BROKEN]


def test_every_step_is_really_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tests above reach past the last step."""
    seen: list[str] = []

    def noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            seen.append(name)
            return real(*arguments)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, noting(name, getattr(os, name)))
    save(path, WORK)
    put(path, BROKEN)
    load(path, lambda: AT)
    assert seen == ["fsync", "replace", "fsync"] * 4


def test_a_full_disk_is_a_sentence_and_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(path, WORK)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left on device"):
        save(path, replace(WORK, proxy=ProxySettings(port=1)))
    assert path.read_bytes() == before
    assert sorted(file.name for file in path.parent.iterdir()) == ["settings.toml", "settings.toml.good"]


class Hand:
    """A clock that a test moves, and the ears for reports."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[str] = []

    def clock(self) -> float:
        return self.now


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_running_proxy_sees_a_changed_file(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    first = source.current()
    assert first == WORK
    save(path, replace(WORK, proxy=ProxySettings(port=1)))
    assert source.current() is first, "the disk is asked once a second"
    hand.now = 1.0
    assert source.current().proxy.port == 1
    assert hand.heard == []


def test_an_unchanged_file_gives_the_same_object(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    first = source.current()
    path.touch()
    hand.now = 2.0
    assert source.current() is first


def test_a_file_broken_while_running_changes_nothing_and_is_told_once(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    put(path, BROKEN)
    for hand.now in (1.0, 2.0, 3.0):
        assert source.current() == WORK
    assert len(hand.heard) == 1
    assert "is broken" in hand.heard[0]
    assert path.read_bytes() == BROKEN, "whoever is editing it goes on"
    put(path, "proxy.port = 7\n")
    hand.now = 4.0
    assert source.current().proxy.port == 7


def test_a_file_that_goes_away_changes_nothing(path: Path, hand: Hand) -> None:
    save(path, WORK)
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    path.unlink()
    hand.now = 1.0
    assert source.current() == WORK
    assert "gone" in hand.heard[0]


def test_a_file_that_appears_is_read(path: Path, hand: Hand) -> None:
    source = SettingsSource(path, hand.heard.append, monotonic=hand.clock)
    assert source.current() == Settings()
    put(path, "proxy.port = 7\n")
    hand.now = 1.0
    assert source.current().proxy.port == 7
    assert hand.heard == []


def test_reading_loads_no_writer(path: Path) -> None:
    """Most starts only read."""
    from tests.support.secret_service import python, without_a_bus

    save(path, WORK)
    python(
        "import sys\nfrom pathlib import Path\nfrom proxy_core.config.settings_file import load\n"
        f"assert load(Path({str(path)!r})).settings.profile == 'Work'\n"
        "assert 'tomlkit' not in sys.modules and 'keyring' not in sys.modules and 'platformdirs' not in sys.modules",
        without_a_bus(path.parent),
    )


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
models = st.one_of(st.just("passthrough"), st.from_regex(r"[a-z_]{1,6}/[A-Za-z0-9.:/-]{1,12}", fullmatch=True))
ids = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,6}", fullmatch=True).filter(
    lambda id_: id_ not in {"local-token", "passthrough", "understudy"}
)
seconds = st.floats(min_value=0.001, max_value=1e6)
urls = st.sampled_from(["", "http://a/v1", "https://b:8443"])
all_settings = st.builds(
    Settings,
    profile=st.just("Default"),
    profiles=st.dictionaries(names, st.builds(Profile, st.dictionaries(st.sampled_from(Role), models)), max_size=4).map(
        lambda profiles: {"Default": Profile(), **profiles}
    ),
    proxy=st.builds(
        ProxySettings,
        host=st.sampled_from(["127.0.0.1", "::1", "box"]),
        port=st.integers(0, 65535),
        lan=st.booleans(),
        open=st.booleans(),
        outgoing_proxy=urls,
    ),
    timeouts=st.builds(Timeouts, connect=seconds, first_chunk=seconds),
    routing=st.builds(RoutingSettings, st.sampled_from(ThinkingRule), st.integers(1, 10**9)),
    providers=st.dictionaries(
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
)


@how_often(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(all_settings, min_size=1, max_size=4))
def test_any_settings_saved_after_any_others_are_loaded_again(tmp_path: Path, history: list[Settings]) -> None:
    path = tmp_path / "any.toml"
    for file in (path, good_copy(path)):
        file.unlink(missing_ok=True)
    put(path, "# mine\nkept = 'yes'\n")
    for wanted in history:
        settings_file.save(path, wanted)
        assert load(path) == Loaded(wanted)
    text = path.read_text()
    assert text.startswith("# mine\n")
    assert tomllib.loads(text)["kept"] == "yes"
