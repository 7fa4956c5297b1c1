"""What the app remembers between two runs, and that a damaged memory is an empty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.state.ui_state import MOST_FOLDERS, UiState, UiStateStore, load, save


def test_what_was_kept_is_what_is_loaded(tmp_path: Path) -> None:
    kept = UiState("/work/atlas", ("/work/atlas", "/home/ü"), True, {"watch": "AdnQ"})
    save(tmp_path / "state" / "desktop.json", kept)
    assert load(tmp_path / "state" / "desktop.json") == kept
    assert (tmp_path / "state" / "desktop.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'"x"', b'{"folder": 3, "recent": {"a": 1}, "geometry": [1], "first_run_over": 1}'],
)
def test_a_damaged_memory_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "desktop.json").write_bytes(content)
    assert load(tmp_path / "desktop.json") == UiState()


def test_a_folder_that_is_not_there_is_no_memory(tmp_path: Path) -> None:
    assert load(tmp_path / "none" / "desktop.json") == UiState()
    (tmp_path / "desktop.json").mkdir()
    assert load(tmp_path / "desktop.json") == UiState()


def test_folders_are_remembered_the_latest_first_and_each_once() -> None:
    known = UiState()
    for name in [*(f"/f{number}" for number in range(20)), "/f15"]:
        known = known.with_folder(name)
    assert known.folder == "/f15"
    assert known.recent[:3] == ("/f15", "/f19", "/f18")
    assert len(known.recent) == len(set(known.recent)) == MOST_FOLDERS


def test_only_what_changed_is_written() -> None:
    written: list[UiState] = []
    memory = UiStateStore(UiState(), written.append)
    memory.change(lambda known: known.with_folder("/a"))
    memory.change(lambda known: known.with_folder("/a"))
    assert written == [UiState("/a", ("/a",))]
    assert memory.now == written[0]
