"""The pure step from one state of the app to the next; it gives back the same state where nothing changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never

from app.news import (
    AppNews,
    FirstRunIs,
    FolderChosen,
    KeysFound,
    LaunchSeen,
    LedgerSaid,
    ModelsReached,
    PageTaken,
    ProviderChecked,
    ProxyStands,
    ReportKept,
    RequestsTold,
    RoleTried,
    Said,
    SettingsRead,
    Summed,
    TrayFound,
    TroubleFound,
    VersionFound,
    WentWrong,
)
from app.state import AppState, Phase, Proxy, Trouble
from proxy_core.ledger.journal import Began, Ended, News, State, Story, fold, summed

MOST_ENDED: Final = 500
"""How many stories that have ended are held beside those under way: the ledger has them all."""


def reduce(state: AppState, news: AppNews) -> AppState:
    """``state`` with one more piece of news."""
    changed = _changed(state, news)
    return state if changed == {} else replace(state, **changed)  # type: ignore[arg-type]  # by field name


def _changed(state: AppState, news: AppNews) -> Mapping[str, object]:
    """The fields that are not what they were, with what they are now."""
    match news:
        case ProxyStands(proxy):
            return _proxy(state, proxy)
        case RequestsTold():
            return _requests(state, news.news)
        case PageTaken():
            return _page(state, news.ids)
        case SettingsRead():
            return _settings(state, news)
        case ProviderChecked():
            return _fresh(state, checks={**state.checks, news.provider: news.check})
        case RoleTried():
            return _fresh(state, trials={**state.trials, news.role: news.trial})
        case TroubleFound():
            return {} if news.sentence in state.troubles else {"troubles": (*state.troubles, news.sentence)}
        case _:
            return _fresh(state, **_plain(news))


def _plain(
    news: KeysFound
    | Summed
    | LedgerSaid
    | ModelsReached
    | FolderChosen
    | LaunchSeen
    | WentWrong
    | TrayFound
    | FirstRunIs
    | ReportKept
    | Said
    | VersionFound,
) -> Mapping[str, object]:
    """News that takes the place of what was known before, by the state's fields."""
    match news:
        case KeysFound():
            return {
                "providers": news.providers,
                "keys": news.keys,
                "keys_kept_in": news.kept_in,
                "token": news.token,
            }
        case Summed():
            return {
                "today": news.today,
                "today_by_hour": news.by_hour,
                "hour_first_token": news.first_token,
                "budget": news.budget,
            }
        case LedgerSaid(sentence):
            return {"ledger_sentence": sentence}
        case ModelsReached(models, servers):
            return {"reached": models, "local_servers": servers}
        case FolderChosen(folder, recent):
            return {"folder": folder, "recent_folders": recent}
        case LaunchSeen():
            return {
                "obstacles": news.obstacles,
                "claude_installed": news.claude_installed,
                "terminals": news.terminals,
            }
        case WentWrong(trouble):
            return {"trouble": trouble}
        case TrayFound(has_tray):
            return {"has_tray": has_tray}
        case FirstRunIs(due):
            return {"first_run": due}
        case ReportKept(path):
            return {"report": path}
        case Said(sentence):
            return {"said": sentence}
        case VersionFound(newer):
            return {"newer_version": newer}
        case _:
            assert_never(news)


def _fresh(state: AppState, **fields: object) -> Mapping[str, object]:
    return {name: value for name, value in fields.items() if getattr(state, name) != value}


def _proxy(state: AppState, proxy: Proxy) -> Mapping[str, object]:
    """A proxy that does not stand any more has no requests under way; how they ended, the ledger says."""
    over = proxy.phase in (Phase.STOPPED, Phase.ATTENTION)
    live = {id_: story for id_, story in state.live.items() if story.ended is not None} if over else state.live
    return _fresh(state, proxy=proxy, live=live)


def _settings(state: AppState, news: SettingsRead) -> Mapping[str, object]:
    """What was tried of a model says nothing of another that plays the role now."""
    kept = {role: trial for role, trial in state.trials.items() if news.roles.get(role) == trial.model}
    new = tuple(trouble for trouble in news.troubles if trouble not in state.troubles)
    return _fresh(
        state,
        configuration=news.configuration,
        roles=news.roles,
        trials=kept,
        troubles=(*state.troubles, *new),
    )


def _requests(state: AppState, told: Iterable[News]) -> Mapping[str, object]:
    """Not compared with what was there, as everything else is: two hundred requests a second make that dear."""
    live: dict[str, Story] = dict(state.live)
    begun: dict[str, list[News]] = {}
    changed: dict[str, object] = {}
    for news in told:
        if isinstance(news, Began):
            begun[news.id] = [news]
        elif (sofar := begun.get(news.id)) is not None:
            sofar.append(news)
        elif (story := live.get(news.id)) is not None:
            live[news.id] = fold(story, news)
            changed["live"] = live
        if isinstance(news, Ended) and news.state is State.FAILED:
            changed["trouble"] = Trouble(news.error, news.at, news.id)
    for id_, sofar in begun.items():  # a short request begins and ends in one batch: one story is made, not five
        live[id_] = summed(sofar)
        changed["live"] = live
    _bound(live)
    return changed


def _bound(live: dict[str, Story]) -> None:
    """Take the oldest of too many that have ended out of it."""
    ended = [id_ for id_, story in live.items() if story.ended is not None]
    for id_ in ended[: max(0, len(ended) - MOST_ENDED)]:
        del live[id_]


def _page(state: AppState, ids: frozenset[str]) -> Mapping[str, object]:
    live = {id_: story for id_, story in state.live.items() if story.ended is None or id_ not in ids}
    return {"live": live} if len(live) != len(state.live) else {}
