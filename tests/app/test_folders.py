"""Folders are told from the home folder on."""

from __future__ import annotations

import pytest

from app.widgets.folders import from_home


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/ada/work/atlas-api", "~/work/atlas-api"),
        ("/home/ada", "~"),
        ("/home/adalbert/work", "/home/adalbert/work"),
        ("/srv/atlas", "/srv/atlas"),
        ("", ""),
    ],
)
def test_a_folder_at_home_is_told_in_short(monkeypatch: pytest.MonkeyPatch, path: str, told: str) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert from_home(path) == told
