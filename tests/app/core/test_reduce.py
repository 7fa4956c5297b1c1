"""The step from one state to the next, without a window: what each piece of news changes and what it leaves alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import news as told
from app.reduce import MOST_ENDED, reduce
from app.state import (
    AppState,
    Budget,
    Door,
    KeyView,
    LocalServerView,
    Phase,
    ProviderCheck,
    Proxy,
    TerminalView,
    Trial,
    Trouble,
    Verdict,
)
from proxy_core.config.settings import Configuration, Profile, Role, Settings
from proxy_core.ledger.journal import Answering, Attempted, Began, Ended, News, Progressed, Routed, State
from proxy_core.ledger.rows import Sum


def began(id_: str, at: float = 1.0) -> Began:
    return Began(id_, at, "/v1/messages", "claude-sonnet-5-5", True)


def failed(id_: str, sentence: str) -> Ended:
    return Ended(id_, 3.0, State.FAILED, 502, error_type="api_error", error=sentence)


def done(id_: str) -> Ended:
    return Ended(id_, 2.0, State.DONE, 200)


def after(state: AppState, *news: Any) -> AppState:
    for one in news:
        state = reduce(state, one)
    return state


def test_a_request_is_followed_from_its_beginning_to_its_end() -> None:
    routed = Routed("a", 1.1, "big", "sonnet plays BIG", "openai", "gpt-4.1", "direct")
    state = after(AppState(), told.RequestsTold((began("a"), routed, Answering("a", 1.5), Progressed("a", 1.9, 120))))
    assert state.live["a"].model == "gpt-4.1"
    assert state.live["a"].text_bytes == 120
    assert [story.id for story in state.running] == ["a"]
    state = after(state, told.RequestsTold((done("a"),)))
    assert state.live["a"].state is State.DONE
    assert state.running == ()
    assert state.trouble is None


@given(cuts=st.lists(st.integers(0, 18)))
def test_however_the_news_are_cut_into_batches_the_state_is_the_same(cuts: list[int]) -> None:
    news: list[News] = []
    for step in range(6):  # three requests, which go on beside each other
        for id_ in "abc":
            routed = Routed(id_, 1.1, "big", "sonnet plays BIG", "openai", "gpt-4.1", "direct", ("odd",))
            told_of: tuple[News, ...] = (
                began(id_, 1.0),
                routed,
                Attempted(id_, 1.2, 1, 200),
                Answering(id_, 1.5, f"up-{id_}"),
                Progressed(id_, 1.9, 120),
                failed(id_, "It broke.") if id_ == "b" else done(id_),
            )
            news.append(told_of[step])
    edges = [0, *sorted(cuts), len(news)]
    batches = [told.RequestsTold(tuple(news[one:other])) for one, other in pairwise(edges)]
    assert after(AppState(), *batches) == after(AppState(), *(told.RequestsTold((one,)) for one in news))


def test_a_request_that_failed_is_the_last_error_and_leads_to_itself() -> None:
    state = after(AppState(), told.RequestsTold((began("a"), failed("a", "OpenAI refused the key."))))
    assert state.trouble == Trouble("OpenAI refused the key.", 3.0, "a")


def test_news_of_a_request_whose_beginning_was_not_heard_makes_no_row() -> None:
    state = after(AppState(), told.RequestsTold((Progressed("a", 1.0, 5), done("a"))))
    assert state == AppState()


def test_what_is_in_the_page_need_not_be_held_once_it_has_ended() -> None:
    state = after(AppState(), told.RequestsTold((began("a"), began("b"), began("c"), done("a"), done("c"))))
    state = after(state, told.PageTaken(frozenset({"a", "b"})))
    assert set(state.live) == {"b", "c"}


def test_of_those_that_ended_the_latest_are_held_and_of_those_under_way_all() -> None:
    many = [f"r{number}" for number in range(MOST_ENDED + 50)]
    state = after(AppState(), told.RequestsTold((began("slow"), *(began(id_) for id_ in many))))
    state = after(state, told.RequestsTold(tuple(done(id_) for id_ in many)))
    assert len(state.live) == MOST_ENDED + 1
    assert "slow" in state.live
    assert "r0" not in state.live
    assert many[-1] in state.live


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.ATTENTION])
def test_a_proxy_that_is_gone_has_no_request_under_way(phase: Phase) -> None:
    state = after(AppState(), told.RequestsTold((began("a"), began("b"), done("b"))))
    state = after(state, told.ProxyStands(Proxy(phase)))
    assert set(state.live) == {"b"}
    late = after(state, told.RequestsTold((done("a"),)))
    assert set(late.live) == {"b"}


def test_a_proxy_that_stops_still_has_its_requests() -> None:
    state = after(AppState(), told.RequestsTold((began("a"),)), told.ProxyStands(Proxy(Phase.STOPPING)))
    assert set(state.live) == {"a"}


def test_what_was_tried_of_a_model_goes_with_it() -> None:
    trial = Trial("openai/gpt-4.1", Verdict.GOOD)
    state = after(AppState(), told.RoleTried(Role.BIG, trial), told.RoleTried(Role.SMALL, trial))
    roles = {Role.BIG: "openai/gpt-4.1", Role.SMALL: "openai/gpt-4.1-mini"}
    state = after(state, told.SettingsRead(Configuration(), roles))
    assert state.trials == {Role.BIG: trial}


def test_the_same_trouble_is_held_once() -> None:
    read = told.SettingsRead(Configuration(), {}, ("The file is broken.",))
    state = after(AppState(), read, read, told.TroubleFound("The file is broken."), told.TroubleFound("No keyring."))
    assert state.troubles == ("The file is broken.", "No keyring.")


SETTINGS = Configuration(Settings(profile="Local", profiles={"Local": Profile()}))
CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (
        told.ProxyStands(Proxy(Phase.RUNNING, "http://127.0.0.1:1")),
        {"proxy": Proxy(Phase.RUNNING, "http://127.0.0.1:1")},
    ),
    (told.SettingsRead(SETTINGS, {Role.BIG: "a/b"}), {"configuration": SETTINGS, "roles": {Role.BIG: "a/b"}}),
    (
        told.KeysFound((), {"openai": KeyView()}, Door.MEMORY, KeyView(last_four="abcd")),
        {"keys": {"openai": KeyView()}, "keys_kept_in": Door.MEMORY, "token": KeyView(last_four="abcd")},
    ),
    (
        told.Summed(Sum(requests=3), (Sum(requests=1),), 0.9, Budget(1.0, 2.0)),
        {
            "today": Sum(requests=3),
            "today_by_hour": (Sum(requests=1),),
            "hour_first_token": 0.9,
            "budget": Budget(1.0, 2.0),
        },
    ),
    (told.LedgerSaid("The disk is full."), {"ledger_sentence": "The disk is full."}),
    (told.ProviderChecked("openai", ProviderCheck(Verdict.GOOD)), {"checks": {"openai": ProviderCheck(Verdict.GOOD)}}),
    (told.RoleTried(Role.BIG, Trial("a/b", Verdict.BAD)), {"trials": {Role.BIG: Trial("a/b", Verdict.BAD)}}),
    (
        told.ModelsReached(frozenset({"a/b"}), (LocalServerView("ollama", "Ollama", "http://x", ()),)),
        {"reached": frozenset({"a/b"}), "local_servers": (LocalServerView("ollama", "Ollama", "http://x", ()),)},
    ),
    (told.FolderChosen("/a", ("/a", "/b")), {"folder": "/a", "recent_folders": ("/a", "/b")}),
    (
        told.LaunchSeen(("No.",), True, (TerminalView("xterm", "xterm"),)),
        {"obstacles": ("No.",), "claude_installed": True, "terminals": (TerminalView("xterm", "xterm"),)},
    ),
    (told.WentWrong(Trouble("Oh.", 1.0)), {"trouble": Trouble("Oh.", 1.0)}),
    (told.TroubleFound("Hm."), {"troubles": ("Hm.",)}),
    (told.TrayFound(True), {"has_tray": True}),
    (told.FirstRunIs(due=True), {"first_run": True}),
    (told.ReportKept("/r.txt"), {"report": "/r.txt"}),
    (told.Said("Saved."), {"said": "Saved."}),
    (told.VersionFound("2.0"), {"newer_version": "2.0"}),
]


@pytest.mark.parametrize(("news", "fields"), CHANGES, ids=lambda value: type(value).__name__)
def test_each_news_changes_its_fields_and_said_again_it_changes_nothing(news: Any, fields: dict[str, Any]) -> None:
    state = reduce(AppState(), news)
    changed = {name: getattr(state, name) for name in fields}
    assert changed == fields
    others = set(AppState.__slots__) - set(fields)
    assert {name: getattr(state, name) for name in others} == {name: getattr(AppState(), name) for name in others}
    assert reduce(state, news) is state
