"""What a launch keeps of Claude Code's settings files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy_core.launch.settings_files import KeptValues, kept


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_every_list_of_hosts_and_the_users_own_variables(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    _write(project / ".claude" / "settings.json", json.dumps({"env": {"NO_PROXY": "a", "MINE": "theirs"}}))
    _write(project / ".claude" / "settings.local.json", json.dumps({"env": {"no_proxy": "b", "NO_PROXY": 3}}))
    _write(home / ".claude" / "settings.json", json.dumps({"env": {"NO_PROXY": "c", "SWITCH": True, "X": None}}))
    found = kept(home, project, {})
    assert set(found.no_proxy) == {"a", "b", "c", "3"}
    assert found.user_env == {"NO_PROXY": "c", "SWITCH": "true"}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"env": []}', "\xff", "[" * 100_000], ids=range(6))
def test_files_that_say_nothing_are_survived(tmp_path: Path, content: str) -> None:
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude" / "settings.json").write_text(content, "latin-1")
    assert kept(tmp_path, tmp_path, {}) == KeptValues()
