"""The settings file where the process dies or the disk is full in the middle of writing it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from proxy_core.config.settings import ProxySettings
from proxy_core.config.settings_file import load
from proxy_core.errors import ConfigError
from tests.config.settings_on_disk import AT, BROKEN, WORK, aside, put, save


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
    assert sorted(file.name for file in path.parent.glob("settings*")) == ["settings.toml", "settings.toml.good"]
    assert list(path.parent.glob("*.new")) == []
