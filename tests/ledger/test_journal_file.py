"""The journal on disk: whole, private, bounded, readable while it is written, and honest about what is missing."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy_core.ledger import journal_file
from proxy_core.ledger.journal import Answering, Attempted, Began, Ended, News, Progressed, Routed, State, Usage, fold
from proxy_core.ledger.journal_file import JournalFile, rotate, rotated
from proxy_core.ledger.journal_reading import Lost, follow, recent


def _story(id_: str, at: float = 100.0) -> list[News]:
    return [
        Began(id_, at, "/v1/messages", "claude-opus-5-5", True, session="s", agent="a", project="/p", profile="Work"),
        Routed(id_, at, "big", "opus is BIG", "openai", "gpt-4.1", "direct", ("left out: cache_control",)),
        Attempted(id_, at + 1, 1, 429, "too many", 0.5),
        Answering(id_, at + 2, "chatcmpl-1"),
        Progressed(id_, at + 2.5, 40),
        Ended(id_, at + 3, State.DONE, 200, "end_turn", usage=Usage(10, 5, 3, 2, 1), warnings=("late",)),
    ]


def _written(path: Path, news: list[News], limit: int = journal_file.LIMIT) -> None:
    journal = JournalFile(path, limit=limit)
    for item in news:
        journal.hear(item)
    journal.close()


def test_a_story_comes_back_as_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "log" / "journal.jsonl"
    _written(path, _story("r1"))
    told = None
    for news in _story("r1"):
        if not isinstance(news, Progressed):
            told = fold(told, news)
    assert recent(path, 10) == (told,)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_progress_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _written(path, _story("r1"))
    assert [next(iter(json.loads(line))) for line in path.read_bytes().splitlines()] == [
        "began",
        "routed",
        "attempted",
        "answering",
        "ended",
    ]


def test_the_last_ones_are_given_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _written(path, [news for n in range(5) for news in _story(f"r{n}")])
    assert [story.id for story in recent(path, 2)] == ["r3", "r4"]
    assert recent(path, 0) == ()


def test_a_missing_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert recent(tmp_path / "none", 5) == ()


def test_half_lines_strange_lines_and_later_kinds_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _written(path, _story("r1"))
    with path.open("ab") as file:
        file.write(b'{"began": {"id"\n\n[1]\n{"painted": {}}\n\xff\xfe\n{"began": {"id": "x"}}\nnull\n')
    _written(path, _story("r2"))
    assert [story.id for story in recent(path, 9)] == ["r1", "r2"]


def test_a_full_file_is_set_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for number in range(40):
        _written(path, _story(f"r{number}"), limit=4000)
    files = sorted(found.name for found in tmp_path.glob("journal.jsonl*") if not found.name.endswith(".lock"))
    assert files == ["journal.jsonl", "journal.jsonl.1", "journal.jsonl.2"]
    assert all(rotated(path, number).stat().st_size <= 4000 for number in range(3))
    kept = [story.id for story in recent(path, 100)]
    assert kept[-1] == "r39"
    assert kept == [f"r{number}" for number in range(40 - len(kept), 40)], "no gap, nothing twice"


def test_two_writers_share_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journals = [JournalFile(path, limit=20_000) for _ in range(2)]
    for number in range(60):
        for news in _story(f"r{number}"):
            journals[number % 2].hear(news)
        if number % 10 == 9:
            time.sleep(0.01)
    for journal in journals:
        journal.close()
    stories = recent(path, 1000)
    assert {story.state for story in stories} == {State.DONE}
    assert len(stories) == 60


def test_a_disk_that_refuses_is_survived_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.write_text("a file where the folder should be")
    path = folder / "journal.jsonl"
    reported: list[str] = []
    journal = JournalFile(path, clock=lambda: 7.0, report=reported.append)
    for news in _story("r1"):
        journal.hear(news)
    _until(lambda: journal._unwritten == 5)
    assert len(reported) == 1
    assert reported[0].startswith(f"The journal cannot be written to {path}: ")
    folder.unlink()
    for news in _story("r2"):
        journal.hear(news)
    journal.close()
    lines = [json.loads(line) for line in path.read_bytes().splitlines() if line]
    assert lines[0] == {"lost": {"at": 7.0, "count": 5}}
    assert [story.id for story in recent(path, 9)] == ["r2"]


def test_a_slow_disk_drops_and_counts_and_never_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "_WAITING", 10)
    gate = threading.Event()
    true_append = JournalFile._append

    def slow(self: JournalFile, data: bytes) -> None:
        gate.wait(5)
        true_append(self, data)

    monkeypatch.setattr(JournalFile, "_append", slow)
    path = tmp_path / "journal.jsonl"
    journal = JournalFile(path)
    began = time.monotonic()
    for number in range(1000):
        journal.hear(Answering(f"r{number}", 1.0))
    assert time.monotonic() - began < 4
    gate.set()
    _until(journal._waiting.empty)
    journal.hear(Answering("last", 2.0))
    journal.close()
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    lost = sum(line["lost"]["count"] for line in lines if "lost" in line)
    kept = sum("answering" in line for line in lines)
    assert lost > 900
    assert lost + kept == 1001


def test_a_name_with_half_a_surrogate_is_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _written(path, [Began("r1", 1.0, "/v1/messages", "model-\ud83d", False)])
    assert recent(path, 1)[0].asked_for == "model-\ufffd"


def test_following_gives_what_comes_after_it_began_across_rotation_and_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _written(path, _story("before"))
    heard: list[News | Lost] = []
    waited = threading.Event()

    def wait() -> None:
        waited.set()
        time.sleep(0.005)

    going = [True]
    follower = threading.Thread(
        target=lambda: heard.extend(follow(path, goes_on=lambda: going[0], wait=wait)),
    )
    follower.start()
    assert waited.wait(5)
    with path.open("ab") as file:
        file.write(b'{"lost": {"at": 1.0, ')
        file.flush()
        time.sleep(0.05)
        file.write(b'"count": 3}}\n')
    for number in range(6):
        _written(path, _story(f"r{number}"), limit=3000)
        waited.clear()
        assert waited.wait(5)
    time.sleep(0.05)
    going[0] = False
    follower.join(5)
    assert heard[0] == Lost(1.0, 3)
    assert [news.id for news in heard if isinstance(news, Ended)] == [f"r{number}" for number in range(6)]


def test_following_waits_for_a_journal_that_is_not_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    heard: list[News | Lost] = []
    rounds = iter([True] * 8 + [False])
    waits: list[int] = []

    def wait() -> None:
        waits.append(1)
        if len(waits) == 2:
            _written(path, _story("r1"))

    heard.extend(follow(path, goes_on=lambda: next(rounds), wait=wait))
    assert [news.id for news in heard if isinstance(news, Began)] == ["r1"]


def _until(happened: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_line_that_was_cut_by_a_full_disk_spoils_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    journal = JournalFile(path)
    true_write, full = os.write, [True]

    def write(handle: int, data: bytes) -> int:
        if not full:
            return true_write(handle, data)
        full.clear()
        true_write(handle, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("proxy_core.ledger.journal_file.os.write", write)
    journal.hear(_story("r1")[0])
    _until(lambda: journal._unwritten == 1)
    for news in _story("r2"):
        journal.hear(news)
    journal.close()
    assert recent(path, 9)[-1].id == "r2"
    assert recent(path, 9)[-1].state is State.DONE
    assert any(line.startswith(b'{"lost":{"at":') for line in path.read_bytes().splitlines())


def test_a_file_that_another_process_has_just_set_aside_is_not_set_aside_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"x" * 100)
    rotate(path, 50)
    rotate(path, 50)
    path.write_bytes(b"new")
    rotate(path, 50)
    assert path.read_bytes() == b"new"
    assert rotated(path, 1).read_bytes() == b"x" * 100
    assert not rotated(path, 2).exists()
