"""What is tried of a model: an answer that streams, a tool call, a picture; each judged in one sentence."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.services.model_probe.probe_call import ProbeAnswer, ProbeClient
from app.services.model_probe.test_image import COLOURS, png
from proxy_core.catalogue.values import ModelFacts
from proxy_core.ledger.pricing import cost
from proxy_core.ledger.request_events import RecordedUsage

_MOST: Final = 2_048
"""Tokens of an answer: a model that thinks spends hundreds before its first word."""

_WORD: Final = "rehearsal"
_TOOL: Final = {
    "name": "note_word",
    "description": "Notes a word.",
    "input_schema": {
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [_WORD], "description": "The word."}},
        "required": ["word"],
    },
}

_TOGETHER: Final = 0.002
"""Seconds: content that came within so short a time came at once, in however many reads."""


class Outcome(StrEnum):
    """How a check ended. NOTED is worth knowing, and Claude Code works without it."""

    PASSED = "passed"
    NOTED = "noted"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    ``mend`` says what to do, where there is something to do. ``usage`` is None where nothing was asked; ``cost`` is in
    USD, None where it is not known. ``first`` and ``whole`` are seconds.
    """

    name: str
    outcome: Outcome
    sentence: str
    mend: str = ""
    usage: RecordedUsage | None = None
    cost: float | None = None
    first: float | None = None
    whole: float | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """A model to try: the name that reaches it through the proxy, and what is known of it.

    ``tariff`` has the prices that hold for this user; it is None where none do.
    """

    asked_for: str
    model: ModelFacts
    tariff: ModelFacts | None


def checks(caller: ProbeClient, tried: Tried) -> Iterator[Check]:
    """Each check as soon as it is done; without an answer to the first the others are not asked."""
    plain = caller.ask(_request(tried, "Write the numbers from one to twenty as English words, separated by commas."))
    if plain.refusal or not plain.text.strip():
        yield _failed("answer", plain, tried, plain.refusal or "The answer is empty.")
        return
    yield _check("answer", Outcome.PASSED, "It answers.", plain, tried)
    yield _streaming(plain)
    yield _context(caller, tried)
    yield _vision(caller, tried)


def _streaming(plain: ProbeAnswer) -> Check:
    spread = plain.last - (plain.first or 0.0)
    if plain.pieces > 1 and spread > _TOGETHER:
        return Check("streaming", Outcome.PASSED, f"It comes in {plain.pieces} pieces over {spread:.2f} s.")
    return Check(
        "streaming",
        Outcome.NOTED,
        "The whole answer came at once.",
        "Nothing has to be done; nothing is seen of an answer until it is complete.",
    )


def _context(caller: ProbeClient, tried: Tried) -> Check:
    if tried.model.tools is False:
        mend = "Claude Code does its work with tools: choose another model for this role."
        return Check("tools", Outcome.FAILED, "The catalogue says that it cannot use tools.", mend)
    prompt = f"Call the tool note_word with the word {_WORD}."
    forced = {"type": "tool", "name": _TOOL["name"]}
    heard = caller.ask({**_request(tried, prompt), "tools": [_TOOL], "tool_choice": forced})
    unforced = ""
    if heard.refusal and 400 <= heard.status < 500:  # some models that think take no forced tool; nor does Claude Code
        heard = caller.ask({**_request(tried, prompt), "tools": [_TOOL]})
        unforced = " It does not let itself be forced to."
    if heard.refusal:
        return _failed("tools", heard, tried, heard.refusal)
    match heard.calls:
        case ((name, {"word": word}), *_) if (name, word) == (_TOOL["name"], _WORD):
            return _check("tools", Outcome.PASSED, f"It calls a tool with what was asked for.{unforced}", heard, tried)
        case ():
            sentence = "It called no tool, though it was told to."
        case _:
            sentence = "It called a tool with something else than it was told."
    return _check("tools", Outcome.FAILED, sentence, heard, tried, mend="Choose a model that is made for tools.")


def _vision(caller: ProbeClient, tried: Tried) -> Check:
    if tried.model.vision is False:
        return Check("vision", Outcome.SKIPPED, "It cannot see: pictures are left out of what is sent to it.")
    colour = secrets.choice(tuple(COLOURS))
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(png(colour)).decode()}
    question = {"type": "text", "text": f"Which colour is this square: {', '.join(COLOURS)}? Answer with one word."}
    body = _request(tried, "")
    body["messages"] = [{"role": "user", "content": [{"type": "image", "source": source}, question]}]
    heard = caller.ask(body)
    said = [name for name in COLOURS if name in heard.text.lower()]
    if not heard.refusal and said == [colour]:
        return _check("vision", Outcome.PASSED, f"It sees that a square is {colour}.", heard, tried)
    sentence = heard.refusal or f"It took a {colour} square for {' or '.join(said) or 'something else'}."
    outcome = Outcome.FAILED if tried.model.vision else Outcome.NOTED  # of an unknown model nothing was promised
    mend = "For pictures, set the role VISION to a model that sees."
    return _check("vision", outcome, sentence, heard, tried, mend=mend)


def _request(tried: Tried, prompt: str) -> dict[str, Any]:
    return {"model": tried.asked_for, "max_tokens": _MOST, "messages": [{"role": "user", "content": prompt}]}


def _check(name: str, outcome: Outcome, sentence: str, heard: ProbeAnswer, tried: Tried, *, mend: str = "") -> Check:
    used = heard.usage if heard.usage != RecordedUsage() else None
    return Check(
        name,
        outcome,
        sentence,
        "" if outcome is Outcome.PASSED else mend,
        used,
        cost(used, tried.tariff, time.time()) if used and tried.tariff else None,
        heard.first,
        heard.last if heard.pieces else None,
    )


def _failed(name: str, heard: ProbeAnswer, tried: Tried, sentence: str) -> Check:
    mend = _MENDS.get(heard.status, "`understudy log` shows the request; `understudy doctor` looks at the rest.")
    return _check(name, Outcome.FAILED, sentence, heard, tried, mend=mend)


_MENDS: Final[Mapping[int, str]] = {
    400: "",  # the sentence says it: a key is missing or was refused, or the provider does not take the request
    404: "`understudy models` shows what your key reaches.",
    402: "Add credit at the provider.",
    429: "Wait, or choose a plan with higher limits.",
}
