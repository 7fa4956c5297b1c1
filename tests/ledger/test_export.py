"""Requests written out: what another program reads is what the ledger has, and a spreadsheet runs none of it."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy_core.ledger.export import COLUMNS, to_file, write_csv, write_json
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import BodyKind, State
from tests.ledger.records import bodies, told, written


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    path = tmp_path / "ledger.sqlite"
    first, *rest = told("r1", error='broken, "quoted"\nand more', why="=HYPERLINK(1)")
    plain = told("r2", project="-5+3", usage=None)
    written(path, [first, *bodies("r1"), *rest], plain, price=lambda record: (0.5, True) if record.usage else None)
    return Ledger(path)


def test_csv_comes_back_from_a_reader(ledger: Ledger) -> None:
    out = io.StringIO(newline="")
    assert write_csv(ledger.after(0), out) == 2
    first, second = csv.DictReader(io.StringIO(out.getvalue(), newline=""))
    assert tuple(first) == COLUMNS
    assert (first["id"], first["model"], first["cost"], first["cache_read"]) == ("r1", "gpt-4.1", "0.5", "3")
    assert first["error"] == 'broken, "quoted"\nand more'
    assert (second["cost"], second["estimated"], second["input"]) == ("", "", "")
    assert (first["billing"], second["billing"]) == ("priced", "unpriced")
    ledger.close()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no modes")
def test_a_file_that_cannot_be_made_private_is_not_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def refuse(handle: int, _mode: int) -> None:
        tried.append(handle)
        raise PermissionError

    monkeypatch.setattr(os, "fchmod", refuse)
    with pytest.raises(PermissionError):
        to_file(str(tmp_path / "out.csv"))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(tried[0])


def test_what_was_not_billed_is_told_in_each_form(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    began, routed, refused, *_, ended = told("r1", state=State.FAILED, status=429, usage=None)
    written(path, [began, routed, refused, ended])
    ledger = Ledger(path)
    table, objects = io.StringIO(newline=""), io.StringIO()
    write_csv(ledger.page(), table)
    write_json(ledger.page(), objects)
    ledger.close()
    (row,) = csv.DictReader(io.StringIO(table.getvalue(), newline=""))
    (value,) = json.loads(objects.getvalue())
    assert (row["cost"], row["billing"]) == ("", "not billed")
    assert (value["cost"], value["billing"]) == (None, "not billed")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    path = tmp_path / "ledger.sqlite"
    bad = f"{start}cmd|' /C calc'!A0"
    names = ("asked_for", "session", "agent", "project", "profile", "role", "why", "provider", "model", "error")
    fields: dict[str, Any] = {"warnings": (bad,), "stop_reason": bad, "error_type": bad, **dict.fromkeys(names, bad)}
    written(path, told("r1", **fields))
    ledger = Ledger(path)
    out = io.StringIO(newline="")
    write_csv(ledger.page(), out)
    ledger.close()
    _, row = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert sum(cell.startswith(f"'{start}") for cell in row) == len(names) + 3
    assert not [cell for cell in row if cell.startswith(start)]


def test_json_has_what_the_rows_have_and_bodies_when_asked(ledger: Ledger) -> None:
    out = io.StringIO()
    assert write_json(ledger.after(0), out) == 2
    first, second = json.loads(out.getvalue())
    assert (first["why"], first["warnings"]) == ("=HYPERLINK(1)", ["left out: cache_control", "late"])
    assert first["attempts"][0] == {"number": 1, "status": 429, "error": "too many", "waited": 0.5}
    assert first["began"].startswith("2023-11-15T")
    assert "bodies" not in first
    assert second["input"] is None

    out = io.StringIO()
    write_json(ledger.after(0), out, ledger.body)
    first, second = json.loads(out.getvalue())
    assert first["bodies"]["request"] == {"say": "hi"}
    assert first["bodies"]["answer"]["content"] == [{"type": "text", "text": "Hello world"}]
    assert second["bodies"] == {}
    ledger.close()


def test_nothing_is_an_empty_array_and_a_head() -> None:
    out, table = io.StringIO(), io.StringIO()
    assert (write_json((), out), write_csv((), table)) == (0, 0)
    assert json.loads(out.getvalue()) == []
    assert table.getvalue().strip() == ",".join(COLUMNS)


def test_bodies_that_are_no_json(ledger: Ledger) -> None:
    kept = {BodyKind.REQUEST: b'{"cut": "in the mid', BodyKind.UPSTREAM: b"\xff\xfe", BodyKind.ANSWER: None}
    out = io.StringIO()
    write_json(ledger.page(limit=2), out, lambda _, part: kept[part])
    told_bodies = json.loads(out.getvalue())[1]["bodies"]
    assert told_bodies == {"request": '{"cut": "in the mid', "upstream": {"base64": "//4="}, "answer": None}
    ledger.close()
