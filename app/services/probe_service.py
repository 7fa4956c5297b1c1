"""Models really tried: roles with small calls through the proxy, and first run's one request, told as it streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from app.i18n.said import said
from app.services.context import ServiceContext
from app.services.model_probe.role_probe import probe_target
from app.services.proxy_service import token_of
from app.services.worker_queue import Post
from app.state.app_state import CheckVerdict, Phase, ProbeStep, ProbeView
from app.state.events import RoleProbed
from app.state.query_results import FirstRequestProgress
from proxy_core.config.settings import PASSTHROUGH, Role
from proxy_core.server.settings_snapshot import SettingsSnapshot

if TYPE_CHECKING:
    from app.services.model_probe.checks import Check

translate = QCoreApplication.translate

_PACE: Final = 0.1
"""Seconds between two tellings of an answer that streams."""

_FIRST: Final = "Say in two or three short sentences, to the person reading this, that you can hear them and are ready."


class ProbeService:
    """``post`` brings what is known so far into Qt's thread while a job goes on."""

    def __init__(self, context: ServiceContext, post: Post) -> None:
        self._context = context
        self._post = post

    def role(self, role: Role | None) -> None:
        """Try a role's model, or every role's; one model that plays several is tried once."""
        self._once_settled(lambda: self._role(role))

    def first_request(self) -> None:
        """A real request to BIG, told as it streams."""
        self._once_settled(self._first_request)

    def _once_settled(self, go_on: Callable[[], None]) -> None:
        """After the changes of settings that were wished for before: what they chose is what is tried."""
        self._context.queues.settings.run(lambda: None, lambda _: go_on())

    def _role(self, role: Role | None) -> None:
        choice, address = self._context.settings.current, self._address()
        if address is None:
            return
        roles = choice.roles()
        wanted = [one for one in roles if role in (None, one)]
        for target in dict.fromkeys(roles[one] for one in wanted):
            played = [one for one in wanted if roles[one] == target]
            self._tell(played, ProbeView(target, CheckVerdict.RUNNING, at=time.time()))
            self._try(choice, address, played, target)

    def _first_request(self) -> None:
        address = self._address(self._first_failed)
        if address is None:
            return
        context, post = self._context, self._post

        def job() -> FirstRequestProgress:
            from app.services.model_probe.probe_call import ProbeClient  # noqa: PLC0415
            from proxy_core.routing.model_ids import role_id  # noqa: PLC0415

            pace = _Pace(lambda text: post(lambda: context.screen.on_result(FirstRequestProgress(text))))
            body = {
                "model": role_id(Role.BIG),
                "max_tokens": 1024,
                "messages": [{"role": "user", "content": _FIRST}],
            }
            heard = ProbeClient(address, token_of(context)).ask(body, pace.tell)
            good = not heard.refusal and bool(heard.text.strip())
            sentence = heard.refusal or ("" if good else translate("Doing", "The answer is empty."))
            return FirstRequestProgress(heard.text, ended=True, good=good, sentence=sentence)

        context.queues.calls.run(job, context.screen.on_result, self._first_failed)

    def _first_failed(self, sentence: str) -> None:
        self._context.screen.on_result(FirstRequestProgress("", ended=True, good=False, sentence=sentence))

    def _address(self, failed: Callable[[str], None] | None = None) -> str | None:
        proxy = self._context.store.state.proxy
        if proxy.phase is Phase.RUNNING:
            return proxy.address
        (failed or self._context.report_error)(translate("Doing", "The proxy does not run: start it first."))
        return None

    def _try(self, choice: SettingsSnapshot, address: str, roles: list[Role], target: str) -> None:
        context, post = self._context, self._post

        def job() -> ProbeView:
            trial = ProbeView(target, CheckVerdict.RUNNING, at=time.time())
            for check in _checks(context, choice, address, roles):
                trial = with_check(trial, check)
                post(partial(self._tell, roles, replace(trial, verdict=CheckVerdict.RUNNING)))
            return ended(trial)

        def failed(sentence: str) -> None:
            self._tell(roles, ProbeView(target, CheckVerdict.BAD, at=time.time(), sentence=sentence))

        context.queues.calls.run(job, lambda trial: self._tell(roles, trial), failed)

    def _tell(self, roles: list[Role], trial: ProbeView) -> None:
        for role in roles:
            self._context.store.apply(RoleProbed(role, trial))


class _Pace:
    """Passes on a text that grows, not more often than a person can see."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last = float("-inf")

    def tell(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= _PACE:
            self._last = now
            self._tell(text)


def _checks(context: ServiceContext, choice: SettingsSnapshot, address: str, roles: list[Role]) -> Iterator[Check]:
    from app.services.model_probe.checks import Check, Outcome, checks  # noqa: PLC0415
    from app.services.model_probe.probe_call import ProbeClient  # noqa: PLC0415

    anthropic = choice.known.provider("anthropic") if choice.roles()[roles[0]] == PASSTHROUGH else None
    has_key = anthropic is not None and context.keys.for_provider(anthropic).secret is not None
    tried = probe_target(roles[0], choice.roles(), choice.known, choice.settings, has_anthropic_key=has_key)
    if tried is None:
        sentence = translate("Doing", "Anthropic answers with Claude Code's own login: there is nothing to try here.")
        yield Check("answer", Outcome.SKIPPED, sentence)
        return
    yield from checks(ProbeClient(address, token_of(context)), tried)


_VERDICTS: Final[Mapping[str, CheckVerdict]] = {
    "passed": CheckVerdict.GOOD,
    "noted": CheckVerdict.NOTED,
    "failed": CheckVerdict.BAD,
    "skipped": CheckVerdict.SKIPPED,
}


def with_check(trial: ProbeView, check: Check) -> ProbeView:
    """A trial with one more check: the first one gives the times, the others are its steps; costs add up."""
    verdict = _VERDICTS[check.outcome]
    cost = trial.cost if check.cost is None else (trial.cost or 0.0) + check.cost
    if check.name == "answer":
        sentence = " ".join(part for part in (said(check.sentence), said(check.mend)) if part)
        return replace(
            trial, first_token=check.first, duration=check.whole, cost=cost, sentence=sentence, verdict=verdict
        )
    sentence = " ".join(part for part in (said(check.sentence), said(check.mend)) if part)
    return replace(trial, cost=cost, steps=(*trial.steps, ProbeStep(check.name, verdict, sentence)))


def ended(trial: ProbeView) -> ProbeView:
    """A trial that is over: as bad as its worst step."""
    verdicts = [trial.verdict, *(step.verdict for step in trial.steps)]
    worst = next((one for one in (CheckVerdict.BAD, CheckVerdict.NOTED) if one in verdicts), trial.verdict)
    first_bad = next((step.sentence for step in trial.steps if step.verdict is CheckVerdict.BAD), trial.sentence)
    return replace(trial, verdict=worst, sentence=first_bad)
