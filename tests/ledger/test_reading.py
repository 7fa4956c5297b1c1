"""The ledger's answers against the same questions put to plain Python."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from proxy_core.ledger import latency, ledger_file, query_filter
from proxy_core.ledger.reading import Ledger
from proxy_core.ledger.record_repository import RecordRepository
from proxy_core.ledger.request_events import AttemptMade, RecordedUsage, RequestRecord, State
from proxy_core.ledger.row_writing import PricedRecord
from proxy_core.ledger.rows import Billing, Filter, Grouping, RequestRow, Sum, billing_of
from tests.ledger.records import NOON

REQUESTS = 600


def _usage(chance: random.Random) -> RecordedUsage:
    input_, output, cache_read, cache_write, reasoning = (chance.randrange(1000) for _ in range(5))
    return RecordedUsage(input_, output, cache_read, cache_write, reasoning)


def _entries(seed: int) -> Iterator[PricedRecord]:
    """Six days of requests of every kind."""
    chance = random.Random(seed)
    for number in range(REQUESTS):
        began = NOON + number * 6 * 86_400 / REQUESTS
        state = chance.choice((*State, State.DONE, State.DONE, State.DONE))
        ended = state is not State.RUNNING
        session = chance.choice(("", "s1", "s2", "s3"))
        record = RequestRecord(
            id=f"req_{number:04}",
            began=began,
            path="/v1/messages",
            asked_for=chance.choice(("claude-opus-5", "claude-haiku-5")),
            streamed=chance.random() < 0.8,
            session=session,
            agent=chance.choice(("", "a1", "a2")) if session else "",
            project=chance.choice(("/p/one", "/p/two", "")),
            profile=chance.choice(("Work", "")),
            role=chance.choice(("BIG", "SMALL", "")),
            why=chance.choice(("opus plays BIG", "ÜBER alles 100%_ plays")),
            provider=chance.choice(("openai", "gemini")),
            model=chance.choice(("gpt-4.1", "pro")),
            engine="direct",
            attempts=tuple(
                AttemptMade(f"req_{number:04}", began, n, chance.choice((200, 400))) for n in range(chance.randrange(3))
            ),
            first_token=began + chance.random() if ended and chance.random() < 0.9 else None,
            ended=began + 2 + chance.random() if ended else None,
            state=state,
            status=200 if ended else 0,
            error=f"fault {number} of the provider" if state is State.FAILED else "",
            usage=_usage(chance) if ended and chance.random() < 0.8 else None,
        )
        cost = chance.choice((None, 0.25, 1.5)) if ended and not record.is_not_billed else None
        yield PricedRecord(record, cost, chance.random() < 0.7)


@pytest.fixture(scope="module")
def entries() -> list[PricedRecord]:
    return [*_entries(7)]


@pytest.fixture(scope="module")
def file(entries: list[PricedRecord], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.sqlite"
    connection = ledger_file.connect(path)
    book = RecordRepository(connection, 1, NOON, lambda text: text)
    connection.execute("BEGIN")
    running = [PricedRecord(replace(each.record, state=State.RUNNING, ended=None)) for each in entries]
    book.write(running)  # as they begin, one after the other
    book.write(entries)  # and as they end
    connection.execute("COMMIT")
    connection.close()
    return path


@pytest.fixture
def ledger(file: Path) -> Iterator[Ledger]:
    found = Ledger(file)
    yield found
    found.close()


def _meets(record: RequestRecord, wanted: Filter) -> bool:
    target = "/".join(part for part in (record.provider, record.model) if part)
    texts = [
        target,
        record.asked_for,
        record.role,
        record.why,
        record.engine,
        record.project,
        record.profile,
        record.error,
    ]
    said = "\n".join(texts).casefold()
    return (
        all(word in said for word in wanted.text.casefold().split())
        and (not wanted.role or record.role.casefold() == wanted.role.casefold())
        and (not wanted.provider or record.provider == wanted.provider)
        and (not wanted.model or target == wanted.model)
        and (not wanted.session or record.session == wanted.session)
        and (not wanted.project or record.project == wanted.project)
        and (not wanted.profile or record.profile == wanted.profile)
        and (not wanted.states or record.state in wanted.states)
        and (wanted.since is None or record.began >= wanted.since)
        and (wanted.until is None or record.began < wanted.until)
    )


def _midnight(days: int) -> float:
    day = datetime.fromtimestamp(NOON).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006
    return (day + timedelta(days=days)).timestamp()


def _named(wanted: Filter) -> str:
    """The fields that are set; the same in every process, as tests that run side by side want it."""
    said = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    shown = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in said.items() if value}
    return ",".join(f"{name}={value}" for name, value in shown.items()) or "all"


FILTERS = [
    Filter(),
    Filter(text="big OPENAI"),
    Filter(text="über"),
    Filter(text="%_"),
    Filter(text="fault 1"),
    Filter(text="nowhere"),
    Filter(role="big"),
    Filter(provider="gemini"),
    Filter(model="openai/pro"),
    Filter(model="openai/none"),
    Filter(session="s2"),
    Filter(session="none"),
    Filter(project="/p/one", profile="Work"),
    Filter(states=frozenset({State.FAILED})),
    Filter(states=frozenset({State.RUNNING, State.CANCELLED})),
    Filter(states=frozenset(State)),
    Filter(since=_midnight(2)),
    Filter(until=_midnight(2)),
    Filter(since=_midnight(1), until=_midnight(4)),
    Filter(since=_midnight(1) + 5000, until=_midnight(4) + 7000),
    Filter(since=_midnight(1) + 5000, until=_midnight(1) + 7000),
    Filter(since=_midnight(1) + 5000, until=_midnight(2) + 7000),
    Filter(since=_midnight(1) + 5000, until=_midnight(1) + 5000),
    Filter(since=_midnight(90)),
    Filter(until=_midnight(-9)),
    Filter(since=_midnight(3), states=frozenset({State.DONE}), session="s1"),
    Filter(since=_midnight(3) + 1, model="gemini/gpt-4.1", text="small", states=frozenset({State.DONE})),
]


@pytest.fixture(params=FILTERS, ids=_named)
def wanted(request: pytest.FixtureRequest) -> Filter:
    found: Filter = request.param
    return found


@pytest.fixture
def right(entries: list[PricedRecord], wanted: Filter) -> list[PricedRecord]:
    return [entry for entry in entries if _meets(entry.record, wanted)]


def test_pages_and_what_is_new(ledger: Ledger, right: list[PricedRecord], wanted: Filter) -> None:
    ids = [entry.record.id for entry in right]
    assert [row.record.id for row in ledger.page(wanted, limit=1000)] == ids[::-1]
    assert [row.record.id for row in ledger.after(0, wanted, limit=1000)] == ids
    paged: list[RequestRow] = []
    while rows := ledger.page(wanted, before=paged[-1].number if paged else None, limit=37):
        paged += rows
    assert [row.record.id for row in paged] == ids[::-1]
    followed: list[RequestRow] = []
    while rows := ledger.after(followed[-1].number if followed else 0, wanted, limit=41):
        followed += rows
    assert [row.record.id for row in followed] == ids
    assert [(row.record, row.cost) for row in followed] == [(entry.record, entry.cost) for entry in right]


def test_far_from_the_newest_it_is_the_same(
    ledger: Ledger, right: list[PricedRecord], wanted: Filter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_filter, "_NEAR", 10)
    ids = [entry.record.id for entry in right]
    assert [row.record.id for row in ledger.page(wanted, limit=25)] == ids[::-1][:25]
    assert [row.record.id for row in ledger.after(0, wanted, limit=25)] == ids[:25]


def _summed(entries: list[PricedRecord], key: str = "", day: str = "") -> Sum:
    usages = [entry.record.usage or RecordedUsage() for entry in entries]
    priced = [entry for entry in entries if entry.cost is not None]
    billings = [billing_of(entry.record, entry.cost) for entry in entries]
    waits = [wait for entry in entries if (wait := entry.record.time_to_first_token) is not None]
    return Sum(
        key,
        day,
        requests=len(entries),
        failed=sum(entry.record.state is State.FAILED for entry in entries),
        retried=sum(len(entry.record.attempts) > 1 for entry in entries),
        priced=len(priced),
        unpriced=billings.count(Billing.UNPRICED),
        not_billed=billings.count(Billing.NOT_BILLED),
        estimated=sum(entry.estimated for entry in priced),
        cost=sum(entry.cost or 0.0 for entry in priced),
        input=sum(usage.input for usage in usages),
        output=sum(usage.output for usage in usages),
        cache_read=sum(usage.cache_read for usage in usages),
        cache_write=sum(usage.cache_write for usage in usages),
        reasoning=sum(usage.reasoning for usage in usages),
        first_token=round(median(waits), 9) if waits else None,
    )


def _rounded(found: Sum) -> Sum:
    return replace(found, output_speed=None, first_token=found.first_token and round(found.first_token, 9))


def test_count_and_total(ledger: Ledger, right: list[PricedRecord], wanted: Filter) -> None:
    assert ledger.count(wanted) == len(right)
    assert _rounded(ledger.total(wanted)) == _summed(right)


@pytest.mark.parametrize("per_day", [False, True])
@pytest.mark.parametrize("by", Grouping)
def test_sums(ledger: Ledger, right: list[PricedRecord], wanted: Filter, by: Grouping, per_day: bool) -> None:
    def day_of(record: RequestRecord) -> str:
        return datetime.fromtimestamp(record.began).strftime("%Y-%m-%d")  # noqa: DTZ006

    keys: dict[Grouping, Callable[[RequestRecord], str]] = {
        Grouping.MODEL: lambda record: f"{record.provider}/{record.model}",
        Grouping.PROJECT: lambda record: record.project,
        Grouping.SESSION: lambda record: record.session,
        Grouping.PROFILE: lambda record: record.profile,
        Grouping.DAY: day_of,
    }
    groups: dict[tuple[str, str], list[PricedRecord]] = defaultdict(list)
    for entry in right:
        day = day_of(entry.record) if per_day or by is Grouping.DAY else ""
        groups[keys[by](entry.record), day].append(entry)
    expected = [_summed(group, *key) for key, group in groups.items()]
    expected.sort(key=lambda each: (each.day, -each.cost, -(each.input + each.output), each.key))
    assert [_rounded(each) for each in ledger.sums(by, wanted, per_day=per_day)] == expected


def test_sessions(ledger: Ledger, right: list[PricedRecord], wanted: Filter) -> None:
    found = ledger.sessions(wanted)
    groups: dict[str, list[PricedRecord]] = defaultdict(list)
    for entry in right:
        groups[entry.record.session].append(entry)
    groups.pop("", None)
    assert {session.id for session in found} == set(groups)
    assert [session.latest for session in found] == sorted((session.latest for session in found), reverse=True)
    for session in found:
        group = groups[session.id]
        assert session.total.requests == len(group)
        assert session.total.cost == pytest.approx(sum(entry.cost or 0.0 for entry in group))
        assert session.running == sum(entry.record.state is State.RUNNING for entry in group)
        assert set(session.models) == {f"{entry.record.provider}/{entry.record.model}" for entry in group}
        assert session.agents == ("a1", "a2")
    assert ledger.sessions(wanted, limit=1) == found[:1]
    if len(found) > 1:
        assert ledger.sessions(wanted, before=found[0].latest) == found[1:]


def test_names_for_menus(ledger: Ledger) -> None:
    assert ledger.names(Grouping.MODEL) == ("gemini/gpt-4.1", "gemini/pro", "openai/gpt-4.1", "openai/pro")
    assert ledger.names(Grouping.PROJECT) == ("/p/one", "/p/two")
    assert ledger.names(Grouping.PROFILE) == ("Work",)
    assert set(ledger.names(Grouping.SESSION)) == {"s1", "s2", "s3"}
    days = ledger.names(Grouping.DAY)
    assert days == tuple(sorted(days, reverse=True))
    assert len(days) == 7


def test_the_sample_of_many_is_near_the_median_of_all(
    ledger: Ledger, entries: list[PricedRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "EXACT", 10)
    found, right = ledger.total().first_token, _summed(entries).first_token
    assert found is not None
    assert right is not None
    assert abs(found - right) < 0.3


def test_one_request_by_its_id_and_by_the_beginning_of_it(ledger: Ledger, entries: list[PricedRecord]) -> None:
    row = ledger.row("req_0005")
    assert row is not None
    assert row.record == entries[5].record
    assert ledger.row("req_000") is None
    assert [found.record.id for found in ledger.starting("req_000", limit=3)] == ["req_0000", "req_0001", "req_0002"]
    assert ledger.starting("_") == ()
    assert ledger.starting("") != ()
