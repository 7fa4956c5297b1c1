"""The step from one state to the next, without a window: what each piece of news changes and what it leaves alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.state import events as told
from app.state.app_state import (
    AppState,
    BudgetView,
    CheckVerdict,
    KeyStorage,
    KeyView,
    LocalServerView,
    Phase,
    ProbeView,
    ProviderCheck,
    ProxyView,
    TerminalView,
    Trouble,
)
from app.state.reduce import MOST_ENDED, reduce
from proxy_core.config.settings import Configuration, Profile, Role, Settings
from proxy_core.ledger.request_events import (
    AttemptMade,
    Finished,
    FirstContent,
    Progress,
    RequestEvent,
    Routed,
    Started,
    State,
)
from proxy_core.ledger.rows import Sum


def began(id_: str, at: float = 1.0) -> Started:
    return Started(id_, at, "/v1/messages", "claude-sonnet-5-5", True)


def failed(id_: str, sentence: str) -> Finished:
    return Finished(id_, 3.0, State.FAILED, 502, error_type="api_error", error=sentence)


def done(id_: str) -> Finished:
    return Finished(id_, 2.0, State.DONE, 200)


def after(state: AppState, *events: Any) -> AppState:
    for one in events:
        state = reduce(state, one)
    return state


def test_a_request_is_followed_from_its_beginning_to_its_end() -> None:
    routed = Routed("a", 1.1, "big", "sonnet plays BIG", "openai", "gpt-4.1", "direct")
    state = after(AppState(), told.RequestEvents((began("a"), routed, FirstContent("a", 1.5), Progress("a", 1.9, 120))))
    assert state.live["a"].model == "gpt-4.1"
    assert state.live["a"].text_bytes == 120
    assert [record.id for record in state.running] == ["a"]
    state = after(state, told.RequestEvents((done("a"),)))
    assert state.live["a"].state is State.DONE
    assert state.running == ()
    assert state.trouble is None


@given(cuts=st.lists(st.integers(0, 18)))
def test_however_the_news_are_cut_into_batches_the_state_is_the_same(cuts: list[int]) -> None:
    events: list[RequestEvent] = []
    for step in range(6):  # three requests, which go on beside each other
        for id_ in "abc":
            routed = Routed(id_, 1.1, "big", "sonnet plays BIG", "openai", "gpt-4.1", "direct", ("odd",))
            told_of: tuple[RequestEvent, ...] = (
                began(id_, 1.0),
                routed,
                AttemptMade(id_, 1.2, 1, 200),
                FirstContent(id_, 1.5, f"up-{id_}"),
                Progress(id_, 1.9, 120),
                failed(id_, "It broke.") if id_ == "b" else done(id_),
            )
            events.append(told_of[step])
    edges = [0, *sorted(cuts), len(events)]
    batches = [told.RequestEvents(tuple(events[one:other])) for one, other in pairwise(edges)]
    assert after(AppState(), *batches) == after(AppState(), *(told.RequestEvents((one,)) for one in events))


def test_a_request_that_failed_is_the_last_error_and_leads_to_itself() -> None:
    state = after(AppState(), told.RequestEvents((began("a"), failed("a", "OpenAI refused the key."))))
    assert state.trouble == Trouble("OpenAI refused the key.", 3.0, "a")


def test_news_of_a_request_whose_beginning_was_not_heard_makes_no_row() -> None:
    state = after(AppState(), told.RequestEvents((Progress("a", 1.0, 5), done("a"))))
    assert state == AppState()


def test_what_is_in_the_page_need_not_be_held_once_it_has_ended() -> None:
    state = after(AppState(), told.RequestEvents((began("a"), began("b"), began("c"), done("a"), done("c"))))
    state = after(state, told.PageLoaded(frozenset({"a", "b"})))
    assert set(state.live) == {"b", "c"}


def test_of_those_that_ended_the_latest_are_held_and_of_those_under_way_all() -> None:
    many = [f"r{number}" for number in range(MOST_ENDED + 50)]
    state = after(AppState(), told.RequestEvents((began("slow"), *(began(id_) for id_ in many))))
    state = after(state, told.RequestEvents(tuple(done(id_) for id_ in many)))
    assert len(state.live) == MOST_ENDED + 1
    assert "slow" in state.live
    assert "r0" not in state.live
    assert many[-1] in state.live


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.ATTENTION])
def test_a_proxy_that_is_gone_has_no_request_under_way(phase: Phase) -> None:
    state = after(AppState(), told.RequestEvents((began("a"), began("b"), done("b"))))
    state = after(state, told.ProxyChanged(ProxyView(phase)))
    assert set(state.live) == {"b"}
    late = after(state, told.RequestEvents((done("a"),)))
    assert set(late.live) == {"b"}


def test_a_proxy_that_stops_still_has_its_requests() -> None:
    state = after(AppState(), told.RequestEvents((began("a"),)), told.ProxyChanged(ProxyView(Phase.STOPPING)))
    assert set(state.live) == {"a"}


def test_what_was_tried_of_a_model_goes_with_it() -> None:
    trial = ProbeView("openai/gpt-4.1", CheckVerdict.GOOD)
    state = after(AppState(), told.RoleProbed(Role.BIG, trial), told.RoleProbed(Role.SMALL, trial))
    roles = {Role.BIG: "openai/gpt-4.1", Role.SMALL: "openai/gpt-4.1-mini"}
    state = after(state, told.SettingsRead(Configuration(), roles))
    assert state.trials == {Role.BIG: trial}


def test_the_same_trouble_is_held_once() -> None:
    read = told.SettingsRead(Configuration(), {}, ("The file is broken.",))
    state = after(AppState(), read, read, told.WarningRaised("The file is broken."), told.WarningRaised("No keyring."))
    assert state.troubles == ("The file is broken.", "No keyring.")


SETTINGS = Configuration(Settings(profile="Local", profiles={"Local": Profile()}))
CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (
        told.ProxyChanged(ProxyView(Phase.RUNNING, "http://127.0.0.1:1")),
        {"proxy": ProxyView(Phase.RUNNING, "http://127.0.0.1:1")},
    ),
    (told.SettingsRead(SETTINGS, {Role.BIG: "a/b"}), {"configuration": SETTINGS, "roles": {Role.BIG: "a/b"}}),
    (
        told.KeysLoaded((), {"openai": KeyView()}, KeyStorage.MEMORY, KeyView(last_four="abcd")),
        {"keys": {"openai": KeyView()}, "keys_kept_in": KeyStorage.MEMORY, "token": KeyView(last_four="abcd")},
    ),
    (
        told.TotalsLoaded(Sum(requests=3), (Sum(requests=1),), 0.9, BudgetView(1.0, 2.0)),
        {
            "today": Sum(requests=3),
            "today_by_hour": (Sum(requests=1),),
            "hour_first_token": 0.9,
            "budget": BudgetView(1.0, 2.0),
        },
    ),
    (told.LedgerWarning("The disk is full."), {"ledger_sentence": "The disk is full."}),
    (
        told.ProviderChecked("openai", ProviderCheck(CheckVerdict.GOOD)),
        {"checks": {"openai": ProviderCheck(CheckVerdict.GOOD)}},
    ),
    (
        told.RoleProbed(Role.BIG, ProbeView("a/b", CheckVerdict.BAD)),
        {"trials": {Role.BIG: ProbeView("a/b", CheckVerdict.BAD)}},
    ),
    (
        told.ModelsListed(frozenset({"a/b"}), (LocalServerView("ollama", "Ollama", "http://x", ()),)),
        {"reached": frozenset({"a/b"}), "local_servers": (LocalServerView("ollama", "Ollama", "http://x", ()),)},
    ),
    (told.FolderChosen("/a", ("/a", "/b")), {"folder": "/a", "recent_folders": ("/a", "/b")}),
    (
        told.LaunchPreviewed(("No.",), True, (TerminalView("xterm", "xterm"),)),
        {"obstacles": ("No.",), "claude_installed": True, "terminals": (TerminalView("xterm", "xterm"),)},
    ),
    (told.ErrorOccurred(Trouble("Oh.", 1.0)), {"trouble": Trouble("Oh.", 1.0)}),
    (told.WarningRaised("Hm."), {"troubles": ("Hm.",)}),
    (told.TrayDetected(True), {"has_tray": True}),
    (told.FirstRunChanged(due=True), {"first_run": True}),
    (told.CrashReportChanged("/r.txt"), {"report": "/r.txt"}),
    (told.MessageShown("Saved."), {"said": "Saved."}),
    (told.VersionFound("2.0"), {"newer_version": "2.0"}),
]


@pytest.mark.parametrize(("events", "fields"), CHANGES, ids=lambda value: type(value).__name__)
def test_each_news_changes_its_fields_and_said_again_it_changes_nothing(events: Any, fields: dict[str, Any]) -> None:
    state = reduce(AppState(), events)
    changed = {name: getattr(state, name) for name in fields}
    assert changed == fields
    others = set(AppState.__slots__) - set(fields)
    assert {name: getattr(state, name) for name in others} == {name: getattr(AppState(), name) for name in others}
    assert reduce(state, events) is state
