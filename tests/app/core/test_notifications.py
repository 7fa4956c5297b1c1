"""What a person is notified of, once, and what not."""

from __future__ import annotations

import pytest

from app.platform.notifications import NotificationFilter, notes, of_budget
from app.state.app_state import AppState, CheckVerdict, Phase, ProviderCheck, ProxyView, Trouble
from app.state.commands import ShowRequests, ShowSettings, ShowWatch
from app.state.events import ErrorOccurred, ModelsListed, ProviderChecked, ProxyChanged, RequestEvents, SettingsRead
from app.state.reduce import reduce
from proxy_core.config.settings import BudgetSettings, Configuration, Role
from proxy_core.ledger.budget import BudgetState, Crossing, Level, Period, Spent
from proxy_core.ledger.request_events import AttemptMade, Finished, RequestEvent, Routed, Started, State

RUNNING = reduce(AppState(), ProxyChanged(ProxyView(Phase.RUNNING, "http://127.0.0.1:8082")))


def request(id_: str, *attempts: int, state: State = State.FAILED) -> tuple[RequestEvent, ...]:
    return (
        Started(id_, 1.0, "/v1/messages", "claude", True),
        Routed(id_, 1.0, "big", "why", "openai", "gpt-4.1", "direct"),
        *(AttemptMade(id_, 2.0, number, status, "refused") for number, status in enumerate(attempts)),
        Finished(id_, 3.0, state, 400, error_type="invalid_request_error", error="OpenAI refused the key: 401."),
    )


def test_a_proxy_that_fails_or_was_restarted_is_told() -> None:
    failed = reduce(RUNNING, ProxyChanged(ProxyView(Phase.ATTENTION, sentence="It failed.")))
    again = reduce(RUNNING, ProxyChanged(ProxyView(Phase.STARTING, sentence="It stopped by itself and starts again.")))
    assert [(note.key, note.text, note.opens) for note in notes(RUNNING, failed)] == [
        ("proxy", "It failed.", ShowWatch())
    ]
    assert [note.key for note in notes(RUNNING, again)] == ["restart"]


@pytest.mark.parametrize("phase", [Phase.STOPPING, Phase.STOPPED, Phase.STARTING, Phase.RUNNING])
def test_what_a_person_did_is_no_news_to_them(phase: Phase) -> None:
    assert not list(notes(RUNNING, reduce(RUNNING, ProxyChanged(ProxyView(phase)))))
    assert not list(notes(AppState(), RUNNING))


@pytest.mark.parametrize("status", [401, 403])
def test_a_rejected_key_is_told_and_leads_to_the_keys(status: int) -> None:
    after = reduce(RUNNING, RequestEvents(request("a", status)))
    note = next(notes(RUNNING, after))
    assert (note.key, note.opens, note.urgent) == ("key-openai", ShowSettings("models"), True)
    assert note.text == "OpenAI refused the key: 401."


def test_a_model_that_is_gone_is_told() -> None:
    after = reduce(RUNNING, RequestEvents(request("a", 404)))
    assert [(note.key, note.opens) for note in notes(RUNNING, after)] == [("gone-openai/gpt-4.1", ShowRequests(id="a"))]


@pytest.mark.parametrize("status", [429, 500, 200])
def test_other_failures_and_good_ends_are_for_the_log(status: int) -> None:
    for state in (State.FAILED, State.DONE, State.CANCELLED):
        if state is State.FAILED or status == 200:
            assert not list(notes(RUNNING, reduce(RUNNING, RequestEvents(request("a", status, state=state)))))


def test_a_request_that_still_runs_is_not_judged() -> None:
    after = reduce(RUNNING, RequestEvents(request("a", 401)[:-1]))
    assert not list(notes(RUNNING, after))


def test_a_roles_model_that_its_provider_no_longer_lists_is_told() -> None:
    before = reduce(RUNNING, SettingsRead(Configuration(), {Role.BIG: "openai/gpt-4.1", Role.SMALL: "gemini/flash"}))
    before = reduce(before, ProviderChecked("openai", ProviderCheck(CheckVerdict.GOOD, models=2)))
    gone = reduce(before, ModelsListed(frozenset({"openai/gpt-5", "openai/gpt-5-mini"}), ()))
    there = reduce(before, ModelsListed(frozenset({"openai/gpt-5", "openai/gpt-4.1"}), ()))
    assert [note.key for note in notes(before, gone)] == ["gone-openai/gpt-4.1"]
    assert not list(notes(before, there))
    assert not list(notes(gone, gone))


def test_a_budget_is_told_with_what_follows() -> None:
    limits = BudgetSettings(daily=2.0)
    near = Crossing(Period.DAY, Level.NEAR, BudgetState(today=Spent(1.7, 3, 3), limits=limits))
    over = Crossing(Period.DAY, Level.SPENT, BudgetState(today=Spent(2.1, 4, 4), limits=limits))
    assert of_budget(near).key != of_budget(over).key
    assert of_budget(over).urgent
    assert of_budget(over).text == over.sentence
    assert of_budget(over).opens == ShowWatch("usage")


def test_nothing_is_told_twice_in_ten_minutes() -> None:
    now = [0.0]
    notices = NotificationFilter(lambda: now[0])
    after = reduce(RUNNING, RequestEvents((*request("a", 401), *request("b", 401))))
    assert len(notices.due(notes(RUNNING, after))) == 1
    now[0] = 599.0
    assert notices.due(notes(RUNNING, after)) == ()
    now[0] = 601.0
    assert len(notices.due(notes(RUNNING, after))) == 1


def test_a_wish_that_failed_is_told_where_no_window_says_so() -> None:
    after = reduce(RUNNING, ErrorOccurred(Trouble("Claude Code is not installed.", 1.0)))
    assert [note.text for note in notes(RUNNING, after, seen=False)] == ["Claude Code is not installed."]
    assert not list(notes(RUNNING, after, seen=True))
    assert not list(notes(after, after, seen=False))
    request_failed = reduce(RUNNING, RequestEvents(request("a", 500)))
    assert not list(notes(RUNNING, request_failed, seen=False))


def test_a_proxy_that_failed_is_told_once() -> None:
    after = reduce(RUNNING, ProxyChanged(ProxyView(Phase.ATTENTION, sentence="Port taken.")))
    after = reduce(after, ErrorOccurred(Trouble("Port taken.", 1.0)))
    assert [note.key for note in notes(RUNNING, after, seen=False)] == ["proxy"]
