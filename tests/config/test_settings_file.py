"""The settings file on a real disk: read, written, broken and recovered."""

from __future__ import annotations

import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from proxy_core.config.settings import (
    Profile,
    ProviderSettings,
    ProxySettings,
    Role,
    Settings,
    Timeouts,
)
from proxy_core.config.settings_file import Loaded, change, good_copy, load
from proxy_core.errors import ConfigError
from tests.config.settings_on_disk import AT, BROKEN, WORK, aside, put, save


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
