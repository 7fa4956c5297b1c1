"""A whole home that 0.1.0 left opens unchanged: its settings, a ledger of a thousand requests, its keys.

``home_of_0_1_0`` was made by the code of that version (commit 6882817): a settings file with every field, comments and
keys of a later version; its ledger; and ``rows.json``, what that version's reader said of each request.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import pytest

from app.cli.cli_context import CliContext, load
from proxy_core.config import key_store, paths
from proxy_core.config.key_store import KeyOrigin
from proxy_core.config.paths import Paths
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
from proxy_core.config.settings_file import good_copy
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.rows import RequestRow
from proxy_core.ledger.store import LedgerFile
from tests.ledger.records import on_event, told

LEFT: Final = Path(__file__).with_name("home_of_0_1_0")

SETTINGS: Final = Settings(
    profile="Work",
    profiles={
        "Default": Profile(),
        "Work": Profile(
            {
                Role.BIG: "gemini/gemini-2.5-pro",
                Role.SMALL: "ollama/qwen3",
                Role.THINKER: "passthrough",
                Role.OPUS: "openai/gpt-4.1",
                Role.SUBAGENT: "openrouter/anthropic/claude-sonnet-4.5:free",
                Role.LONG: "openai/gpt-4.1",
                Role.VISION: "openai/gpt-4o",
            }
        ),
    },
    proxy=ProxySettings("127.0.0.1", 9000, True, True, "https://anthropic.example", "http://proxy.example:3128"),
    timeouts=Timeouts(5.0, 300.0, 90.0, 30.0),
    routing=RoutingSettings(ThinkingRule.HIGH_EFFORT, 150_000),
    providers={
        "openai": ProviderSettings(base_url="https://gateway.example/v1"),
        "work": ProviderSettings("The one at work", "https://models.example/v1", Engine.DIRECT, True),
    },
    general=GeneralSettings(True, True, False, False, "zh_CN", Appearance.DARK),
    log=LogSettings(False, 30, 512),
    budget=BudgetSettings(5.0, 100.0, AtLimit.DOWNGRADE),
    terminal=TerminalSettings("xterm", "foot -D {folder} {script}"),
    prices={"work/large": Price(1.5, 6.0, 0.15, 1.9)},
    projects={"/home/me/a project": ProjectSettings("Default")},
)

KEPT: Final = {
    ("understudy", "openai"): "sk-of-openai-0123456789",
    ("understudy", "work"): "sk-of-work-0123456789",
    ("understudy", "local-token"): "a-token-that-clients-have",
}
"""What the keyring holds, by service and name, as that version kept it."""


class FakeKeyring:
    """A keyring that answers, and is only read."""

    def get_password(self, service: str, username: str) -> str | None:
        return KEPT.get((service, username))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr(key_store, "_backend", FakeKeyring)
    found = paths.find({"UNDERSTUDY_HOME": str(tmp_path)})
    found.ledger_file.parent.mkdir(parents=True)
    found.settings_file.write_bytes((LEFT / "settings.toml").read_bytes())
    found.ledger_file.write_bytes(lzma.decompress((LEFT / "ledger.sqlite.xz").read_bytes()))
    return found


@pytest.fixture
def context(places: Paths) -> CliContext:
    return load({"UNDERSTUDY_HOME": str(places.settings_file.parent)})


def rows_then() -> Iterator[dict[str, Any]]:
    """What 0.1.0 said of each request."""
    table = json.loads(lzma.decompress((LEFT / "rows.json.xz").read_bytes()))
    return (dict(zip(table["columns"], row, strict=True)) for row in table["rows"])


def row_now(row: RequestRow) -> dict[str, Any]:
    """The same columns, as this version reads them."""
    record = json.loads(json.dumps(asdict(row.record)))
    record.pop("text_bytes")
    for attempt in record["attempts"]:
        attempt.pop("sent")
    return {**record, "priced": row.cost, "estimated": row.estimated, "bodies": sorted(row.bodies)}


def test_the_settings_are_those_that_were_written_and_the_file_is_not_touched(
    places: Paths, context: CliContext
) -> None:
    assert context.snapshot.file == context.configuration.settings == SETTINGS
    assert context.troubles == []
    assert places.settings_file.read_bytes() == (LEFT / "settings.toml").read_bytes()
    assert good_copy(places.settings_file).read_bytes() == (LEFT / "settings.toml").read_bytes()


def test_a_change_touches_its_own_line_alone(places: Paths, context: CliContext) -> None:
    before = places.settings_file.read_text("utf-8")
    context.proxy.settings.change(lambda old: replace(old, proxy=replace(old.proxy, port=9001)))
    assert places.settings_file.read_text("utf-8") == before.replace("port = 9000 #", "port = 9001 #")


def test_every_request_of_the_ledger_is_read_as_it_was_then_also_after_it_was_written_to(places: Paths) -> None:
    then = list(rows_then())
    ledger = LedgerFile(places.ledger_file, log=lambda: LogSettings(days=99_999))  # bodies older than that go
    on_event(ledger, told("newest", then[0]["began"] + 60))
    ledger.close(10)
    assert ledger.state.ok
    reading = Ledger(places.ledger_file)
    newest, *rows = reading.every()
    total = reading.total()
    reading.close()
    assert newest.record.id == "newest"
    assert [row_now(row) for row in rows] == then
    assert (len(rows), total.requests) == (1000, 1001)


def test_the_keys_are_found_where_they_were_kept(context: CliContext) -> None:
    for id_ in ("openai", "work"):
        provider = context.known.provider(id_)
        assert provider is not None
        found = context.key_of(provider)
        assert (found.origin, found.secret and found.secret.reveal()) == (KeyOrigin.KEYRING, KEPT["understudy", id_])
    token = context.keys.local_token().secret
    assert token is not None
    assert token.reveal() == KEPT["understudy", "local-token"]
