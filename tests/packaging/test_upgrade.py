"""What a newer version does with what an older one left: its settings, the names of its keys, its ledger.

``left_by_0_1_0`` holds files as that version wrote them. They never change; whoever changes a form of ours, changes how
they are read.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from proxy_core.config import key_store, keys
from proxy_core.config.settings import AtLimit, Engine, Role
from proxy_core.config.settings_file import change, load
from proxy_core.ledger import ledger_file, reading, schema
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.request_events import BodyKind
from proxy_core.ledger.rows import Billing
from tests.ledger.records import NOON, story_of, told, with_bodies, written

LEFT: Final = Path(__file__).with_name("left_by_0_1_0")
OLD: Final = with_bodies("r1"), told("r2", NOON + 60)
"""The requests in that version's ledger."""

NEXT: Final = (
    "ALTER TABLE requests ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';\nCREATE INDEX requests_mood ON requests (mood);"
)
"""What a next version of the tables might be."""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The ledger that 0.1.0 left."""
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript((LEFT / "ledger.sql").read_text("utf-8"))
    connection.close()
    return path


def use(monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """Have tables as they will be after these migrations; their version."""
    version = schema.VERSION + len(more)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, *more))
    monkeypatch.setattr(schema, "VERSION", version)
    monkeypatch.setattr(reading, "VERSION", version)
    return version


def asked(path: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_every_setting_stays_and_so_does_what_else_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    before = (LEFT / "settings.toml").read_text("utf-8")
    path.write_text(before, "utf-8")
    read = load(path)
    assert read.troubles == ()
    settings = read.settings
    assert settings.active.roles == {
        Role.BIG: "gemini/gemini-2.5-pro",
        Role.SMALL: "ollama/qwen3",
        Role.THINKER: "passthrough",
        Role.LONG: "openai/gpt-4.1",
    }
    assert (settings.proxy.port, settings.proxy.outgoing_proxy) == (9000, "http://proxy.example:3128")
    assert settings.timeouts.between_chunks == 90.0
    general = settings.general
    assert (general.start_at_login, general.start_hidden, general.language) == (True, True, "zh")
    assert (settings.log.days, settings.terminal.terminal) == (30, "xterm")
    assert (settings.budget.daily, settings.budget.at_limit) == (5.0, AtLimit.DOWNGRADE)
    work = settings.providers["work"]
    assert (work.base_url, work.engine, work.custom) == ("https://models.example/v1", Engine.DIRECT, True)
    change(path, lambda old: replace(old, proxy=replace(old.proxy, port=9001)))
    assert path.read_text("utf-8") == before.replace("port = 9000", "port = 9001")


def test_keys_are_looked_for_under_the_names_they_were_kept_under() -> None:
    assert (key_store.SERVICE, keys.LOCAL_TOKEN) == ("understudy", "local-token")


def test_the_ledger_is_read_whole_and_written_on(ledger: Path) -> None:
    reading = Ledger(ledger)
    assert reading.body("r1", BodyKind.REQUEST) == b'{"say":"hi"}'
    written(ledger, told("r3", NOON + 120))
    rows = {row.record.id: row.record for row in reading.page()}
    reading.close()
    assert rows == {events[0].id: story_of(events) for events in (*OLD, told("r3", NOON + 120))}


REFUSED_BY_0_1_0: Final = (
    ("r3", "/v1/messages", "openai", 402, "billing_error", "", 0.0, 0, Billing.NOT_BILLED),
    ("r4", "/v1/messages", "openai", 429, "rate_limit_error", '[[1.0,1,429,"no",0.0]]', 0.0, 0, Billing.NOT_BILLED),
    ("r5", "/v1/messages", "openai", 502, "api_error", '[[1.0,1,500,"no",0.0]]', 0.0, 0, Billing.UNPRICED),
    ("r6", "/v1/messages", "openai", 504, "timeout_error", '[[1.0,1,408,"no",0.0]]', 0.0, 0, Billing.UNPRICED),
    ("r7", "/v1/messages", "openai", 504, "timeout_error", '[[1.0,1,null,"late",0.0]]', None, 1, Billing.UNPRICED),
    ("r8", "/v1/messages", "openai", 529, "overloaded_error", '[[1.0,1,429,"no",0.0]]', 0.0, 0, Billing.UNPRICED),
    ("r9", "/v1/messages", "ollama", 502, "api_error", '[[1.0,1,500,"no",0.0]]', 0.0, 0, Billing.PRICED),
    (
        "r10",
        "/v1/messages/count_tokens",
        "openai",
        502,
        "api_error",
        '[[1.0,1,500,"",0.0]]',
        0.0,
        0,
        Billing.NOT_BILLED,
    ),
)
"""Requests that failed, as that version wrote them: id, path, provider, status, error, tries, cost, whether estimated;
and what is known of their cost.
"""


def test_what_an_older_version_took_for_free_is_told_as_what_it_was(ledger: Path) -> None:
    connection = sqlite3.connect(ledger)
    for number, (id_, path, provider, status, error, tries, cost, estimated, _) in enumerate(REFUSED_BY_0_1_0, 3):
        texts = (path, "", "/p", "Work", "BIG", "", provider, "m", "direct", "", error, "", "", "")
        connection.execute(f"INSERT INTO kinds VALUES (?, ?{', ?' * len(texts)})", (number, b"%d" % number, *texts))
        times = (20231115, NOON + number, None, NOON + number + 1)
        row = (number, id_, 1, number, 1, 2, *times, status, 1, "", "", tries, 1, cost, estimated, None, 0)
        connection.execute(f"INSERT INTO requests VALUES ({'?, ' * len(row)}{', '.join(['NULL'] * 8)})", row)
    connection.commit()
    connection.close()
    reading = Ledger(ledger)
    rows = {row.record.id: row for row in reading.page()}
    known, total = {id_: row.billing for id_, row in rows.items()}, reading.total()
    reading.close()
    assert {id_: known[id_] for id_, *_ in REFUSED_BY_0_1_0} == {id_: told for id_, *_, told in REFUSED_BY_0_1_0}
    assert (rows["r9"].cost, rows["r9"].estimated) == (0.0, True)
    assert (total.requests, total.priced, total.unpriced, total.not_billed) == (10, 1, 6, 3)


def test_a_migration_keeps_every_row_and_what_is_written_next_is_of_the_new_form(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = use(monkeypatch, NEXT)
    written(ledger, told("r3", NOON + 120))
    assert asked(ledger, "PRAGMA user_version") == [(version,)]
    assert asked(ledger, "SELECT id, mood FROM requests ORDER BY number") == [
        ("r1", "calm"),
        ("r2", "calm"),
        ("r3", "calm"),
    ]
    assert asked(ledger, "SELECT sum(requests), sum(output) FROM tallies") == [(3, 15)]
    reading = Ledger(ledger)
    assert {row.record.id for row in reading.page()} == {"r1", "r2", "r3"}
    reading.close()


def test_a_migration_that_fails_half_way_leaves_the_ledger_as_it_was(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asked(ledger, "SELECT sql FROM sqlite_master ORDER BY name")
    with monkeypatch.context() as newer:
        use(newer, NEXT, "INSERT INTO nowhere VALUES (1);")
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            ledger_file.connect(ledger)
    assert asked(ledger, "PRAGMA user_version") == [(1,)]
    assert asked(ledger, "SELECT sql FROM sqlite_master ORDER BY name") == before
    written(ledger, told("r3", NOON + 120))
    assert asked(ledger, "SELECT id FROM requests ORDER BY number") == [("r1",), ("r2",), ("r3",)]
