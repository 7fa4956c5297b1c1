"""The pure step from one state of the app to the next; it gives back the same state where nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never

from app.state.app_state import AppState, Phase, ProxyView, Trouble
from app.state.events import (
    AppEvent,
    CrashReportChanged,
    ErrorOccurred,
    FirstRunChanged,
    FolderChosen,
    KeysLoaded,
    LaunchPreviewed,
    LedgerWarning,
    MessageShown,
    ModelsListed,
    PageLoaded,
    ProviderChecked,
    ProxyChanged,
    RequestEvents,
    RoleProbed,
    SettingsRead,
    TotalsLoaded,
    TrayDetected,
    VersionFound,
    WarningRaised,
)
from proxy_core.ledger.request_events import Finished, RequestEvent, RequestRecord, Started, State, aggregate, apply

MOST_ENDED: Final = 500
"""How many stories that have ended are held beside those under way: the ledger has them all."""


def reduce(state: AppState, events: AppEvent) -> AppState:
    """``state`` with one more piece of news."""
    changed = _changed(state, events)
    return state if changed == {} else replace(state, **changed)  # type: ignore[arg-type]  # by field name


def _changed(state: AppState, events: AppEvent) -> Mapping[str, object]:
    """The fields that are not what they were, with what they are now."""
    match events:
        case ProxyChanged(proxy):
            return _proxy(state, proxy)
        case RequestEvents():
            return _requests(state, events.events)
        case PageLoaded():
            return _page(state, events.ids)
        case SettingsRead():
            return _settings(state, events)
        case ProviderChecked():
            return _fresh(state, checks={**state.checks, events.provider: events.check})
        case RoleProbed():
            return _fresh(state, trials={**state.trials, events.role: events.trial})
        case WarningRaised():
            return {} if events.sentence in state.troubles else {"troubles": (*state.troubles, events.sentence)}
        case _:
            return _fresh(state, **_plain(events))


def _plain(
    events: KeysLoaded
    | TotalsLoaded
    | LedgerWarning
    | ModelsListed
    | FolderChosen
    | LaunchPreviewed
    | ErrorOccurred
    | TrayDetected
    | FirstRunChanged
    | CrashReportChanged
    | MessageShown
    | VersionFound,
) -> Mapping[str, object]:
    """News that takes the place of what was known before, by the state's fields."""
    match events:
        case KeysLoaded():
            return {
                "providers": events.providers,
                "keys": events.keys,
                "keys_kept_in": events.kept_in,
                "token": events.token,
            }
        case TotalsLoaded():
            return {
                "today": events.today,
                "today_by_hour": events.by_hour,
                "hour_first_token": events.first_token,
                "budget": events.budget,
            }
        case LedgerWarning(sentence):
            return {"ledger_sentence": sentence}
        case ModelsListed(models, servers):
            return {"reached": models, "local_servers": servers}
        case FolderChosen(folder, recent):
            return {"folder": folder, "recent_folders": recent}
        case LaunchPreviewed():
            return {
                "obstacles": events.obstacles,
                "claude_installed": events.claude_installed,
                "terminals": events.terminals,
            }
        case ErrorOccurred(trouble):
            return {"trouble": trouble}
        case TrayDetected(has_tray):
            return {"has_tray": has_tray}
        case FirstRunChanged(due):
            return {"first_run": due}
        case CrashReportChanged(path):
            return {"report": path}
        case MessageShown(sentence):
            return {"said": sentence}
        case VersionFound(newer):
            return {"newer_version": newer}
        case _:
            assert_never(events)


def _fresh(state: AppState, **fields: object) -> Mapping[str, object]:
    return {name: value for name, value in fields.items() if getattr(state, name) != value}


def _proxy(state: AppState, proxy: ProxyView) -> Mapping[str, object]:
    """A proxy that does not stand any more has no requests under way; how they ended, the ledger says."""
    over = proxy.phase in (Phase.STOPPED, Phase.ATTENTION)
    live = {id_: record for id_, record in state.live.items() if record.ended is not None} if over else state.live
    return _fresh(state, proxy=proxy, live=live)


def _settings(state: AppState, events: SettingsRead) -> Mapping[str, object]:
    """What was tried of a model says nothing of another that plays the role now."""
    kept = {role: trial for role, trial in state.trials.items() if events.roles.get(role) == trial.model}
    new = tuple(trouble for trouble in events.troubles if trouble not in state.troubles)
    return _fresh(
        state,
        configuration=events.configuration,
        roles=events.roles,
        trials=kept,
        troubles=(*state.troubles, *new),
    )


def _requests(state: AppState, told: Iterable[RequestEvent]) -> Mapping[str, object]:
    """Not compared with what was there, as everything else is: two hundred requests a second make that dear."""
    live: dict[str, RequestRecord] = dict(state.live)
    begun: dict[str, list[RequestEvent]] = {}
    changed: dict[str, object] = {}
    for events in told:
        if isinstance(events, Started):
            begun[events.id] = [events]
        elif (sofar := begun.get(events.id)) is not None:
            sofar.append(events)
        elif (record := live.get(events.id)) is not None:
            live[events.id] = apply(record, events)
            changed["live"] = live
        if isinstance(events, Finished) and events.state is State.FAILED:
            changed["trouble"] = Trouble(events.error, events.at, events.id)
    for id_, sofar in begun.items():  # a short request begins and ends in one batch: one story is made, not five
        live[id_] = aggregate(sofar)
        changed["live"] = live
    _bound(live)
    return changed


def _bound(live: dict[str, RequestRecord]) -> None:
    """Take the oldest of too many that have ended out of it."""
    ended = [id_ for id_, record in live.items() if record.ended is not None]
    for id_ in ended[: max(0, len(ended) - MOST_ENDED)]:
        del live[id_]


def _page(state: AppState, ids: frozenset[str]) -> Mapping[str, object]:
    live = {id_: record for id_, record in state.live.items() if record.ended is None or id_ not in ids}
    return {"live": live} if len(live) != len(state.live) else {}
