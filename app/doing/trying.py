"""Models really tried: roles with small calls through the proxy, and first run's one request, told as it streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QCoreApplication

from app.answers import FirstWords
from app.choices import Choice
from app.doing.proxy import token_of
from app.doing.tools import Tools
from app.lanes import Post
from app.news import RoleTried
from app.said import said
from app.state import Phase, Trial, TrialStep, Verdict
from app.trial.of_role import tried_of
from proxy_core.config.settings import PASSTHROUGH, Role

if TYPE_CHECKING:
    from app.trial.checks import Check

translate = QCoreApplication.translate

_PACE: Final = 0.1
"""Seconds between two tellings of an answer that streams."""

_FIRST: Final = "Say in two or three short sentences, to the person reading this, that you can hear them and are ready."


class TryingDoing:
    """``post`` brings what is known so far into Qt's thread while a job goes on."""

    def __init__(self, tools: Tools, post: Post) -> None:
        self._tools = tools
        self._post = post

    def role(self, role: Role | None) -> None:
        """Try a role's model, or every role's; one model that plays several is tried once."""
        self._once_settled(lambda: self._role(role))

    def first_request(self) -> None:
        """A real request to BIG, told as it streams."""
        self._once_settled(self._first_request)

    def _once_settled(self, go_on: Callable[[], None]) -> None:
        """After the changes of settings that were wished for before: what they chose is what is tried."""
        self._tools.lanes.settings.run(lambda: None, lambda _: go_on())

    def _role(self, role: Role | None) -> None:
        choice, address = self._tools.choice, self._address()
        if address is None:
            return
        roles = choice.roles()
        wanted = [one for one in roles if role in (None, one)]
        for target in dict.fromkeys(roles[one] for one in wanted):
            played = [one for one in wanted if roles[one] == target]
            self._tell(played, Trial(target, Verdict.RUNNING, at=time.time()))
            self._try(choice, address, played, target)

    def _first_request(self) -> None:
        address = self._address(self._first_failed)
        if address is None:
            return
        tools, post = self._tools, self._post

        def job() -> FirstWords:
            from app.trial.call import Caller  # noqa: PLC0415
            from proxy_core.routing.model_ids import role_id  # noqa: PLC0415

            pace = _Pace(lambda text: post(lambda: tools.screen.hear(FirstWords(text))))
            body = {
                "model": role_id(Role.BIG),
                "max_tokens": 1024,
                "messages": [{"role": "user", "content": _FIRST}],
            }
            heard = Caller(address, token_of(tools)).ask(body, pace.tell)
            good = not heard.refusal and bool(heard.text.strip())
            sentence = heard.refusal or ("" if good else translate("Doing", "The answer is empty."))
            return FirstWords(heard.text, ended=True, good=good, sentence=sentence)

        tools.lanes.calls.run(job, tools.screen.hear, self._first_failed)

    def _first_failed(self, sentence: str) -> None:
        self._tools.screen.hear(FirstWords("", ended=True, good=False, sentence=sentence))

    def _address(self, failed: Callable[[str], None] | None = None) -> str | None:
        proxy = self._tools.stage.state.proxy
        if proxy.phase is Phase.RUNNING:
            return proxy.address
        (failed or self._tools.complain)(translate("Doing", "The proxy does not run: start it first."))
        return None

    def _try(self, choice: Choice, address: str, roles: list[Role], target: str) -> None:
        tools, post = self._tools, self._post

        def job() -> Trial:
            trial = Trial(target, Verdict.RUNNING, at=time.time())
            for check in _checks(tools, choice, address, roles):
                trial = with_check(trial, check)
                post(partial(self._tell, roles, replace(trial, verdict=Verdict.RUNNING)))
            return ended(trial)

        def failed(sentence: str) -> None:
            self._tell(roles, Trial(target, Verdict.BAD, at=time.time(), sentence=sentence))

        tools.lanes.calls.run(job, lambda trial: self._tell(roles, trial), failed)

    def _tell(self, roles: list[Role], trial: Trial) -> None:
        for role in roles:
            self._tools.stage.learn(RoleTried(role, trial))


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


def _checks(tools: Tools, choice: Choice, address: str, roles: list[Role]) -> Iterator[Check]:
    from app.trial.call import Caller  # noqa: PLC0415
    from app.trial.checks import Check, Outcome, checks  # noqa: PLC0415

    anthropic = choice.known.provider("anthropic") if choice.roles()[roles[0]] == PASSTHROUGH else None
    has_key = anthropic is not None and tools.keys.for_provider(anthropic).secret is not None
    tried = tried_of(roles[0], choice.roles(), choice.known, choice.settings, has_anthropic_key=has_key)
    if tried is None:
        sentence = translate("Doing", "Anthropic answers with Claude Code's own login: there is nothing to try here.")
        yield Check("answer", Outcome.SKIPPED, sentence)
        return
    yield from checks(Caller(address, token_of(tools)), tried)


_VERDICTS: Final[Mapping[str, Verdict]] = {
    "passed": Verdict.GOOD,
    "noted": Verdict.NOTED,
    "failed": Verdict.BAD,
    "skipped": Verdict.SKIPPED,
}


def with_check(trial: Trial, check: Check) -> Trial:
    """A trial with one more check: the first one gives the times, the others are its steps; costs add up."""
    verdict = _VERDICTS[check.outcome]
    cost = trial.cost if check.cost is None else (trial.cost or 0.0) + check.cost
    if check.name == "answer":
        sentence = " ".join(part for part in (said(check.sentence), said(check.mend)) if part)
        return replace(
            trial, first_token=check.first, duration=check.whole, cost=cost, sentence=sentence, verdict=verdict
        )
    sentence = " ".join(part for part in (said(check.sentence), said(check.mend)) if part)
    return replace(trial, cost=cost, steps=(*trial.steps, TrialStep(check.name, verdict, sentence)))


def ended(trial: Trial) -> Trial:
    """A trial that is over: as bad as its worst step."""
    verdicts = [trial.verdict, *(step.verdict for step in trial.steps)]
    worst = next((one for one in (Verdict.BAD, Verdict.NOTED) if one in verdicts), trial.verdict)
    first_bad = next((step.sentence for step in trial.steps if step.verdict is Verdict.BAD), trial.sentence)
    return replace(trial, verdict=worst, sentence=first_bad)
