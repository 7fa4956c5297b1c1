"""From what a provider answered to what went wrong: a table of statuses, and the answers that mean something else.

Pure: values in, an error of :mod:`proxy_core.errors` out. What the wordings are is told by their own rooms:
:mod:`proxy_core.upstream.overflow`, :mod:`proxy_core.upstream.plain_words`, :mod:`proxy_core.upstream.retry_after`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, assert_never

from proxy_core.anthropic_api.json_text import loads
from proxy_core.config.secret import Secret
from proxy_core.errors import (
    ContextOverflow,
    KeyRefused,
    MaxTokensTooHigh,
    ModelUnknown,
    OutOfCredit,
    Overloaded,
    PromptTooLong,
    ProviderError,
    ProviderFailed,
    ProviderRejected,
    ProviderTimeout,
    RateLimited,
)
from proxy_core.messages import Message, sentences
from proxy_core.upstream.overflow import InputTooLong, OutputTooHigh, SumTooLong, too_big
from proxy_core.upstream.plain_words import said
from proxy_core.upstream.port import UpstreamCall
from proxy_core.upstream.retry_after import retry_after

NO_ANSWER: Final = Message("answer.not_an_answer")


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked for what: all that the wording of an error needs.

    ``name`` is the provider as a person knows it; ``max_tokens`` what the request asked for and ``window`` the model's
    context window, both in tokens, None where unknown.
    """

    provider: str
    name: str
    model: str = ""
    secret: Secret | None = None
    max_tokens: int | None = None
    window: int | None = None


@dataclass(frozen=True, slots=True)
class BadAnswer:
    """An answer that is no good. ``headers`` have lower-case names; ``at`` is when it came, Unix time in seconds."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0


def asked_by(call: UpstreamCall) -> Asked:
    """What the wording of an error needs of a call."""
    limit = call.body.get("max_completion_tokens", call.body.get("max_tokens"))
    return Asked(
        provider=call.provider,
        name=call.provider_name or call.provider,
        model=call.model,
        secret=call.api_key,
        max_tokens=limit if isinstance(limit, int) else None,
        window=call.window,
    )


def from_answer(answer: BadAnswer, asked: Asked) -> ProviderError:
    """The error that an answer with a bad status stands for."""
    if 300 <= answer.status < 400:
        return elsewhere(answer.status, asked)
    try:
        parsed = loads(answer.body)
    except ValueError:
        parsed = None
    return _error(answer, asked, parsed)


def from_object(error: Any, asked: Asked, at: float = 0.0, headers: Mapping[str, str] | None = None) -> ProviderError:
    """The error that an ``error`` object inside an answer stands for, which has a 200 before it and a code in it."""
    text = str(error) if not isinstance(error, str) else error
    status = _IN_BAND.get(_code(error), 0) or _status_in(error)
    return _error(BadAnswer(status, text.encode("utf-8", "replace"), headers or {}, at), asked, error)


def elsewhere(status: int, asked: Asked) -> ProviderError:
    """The error for a redirect. It is not followed, since the key would go with it, and not tried again."""
    message = Message("provider.redirects", name=asked.name, status=status)
    return ProviderRejected(message, provider=asked.provider, upstream_status=status)


def no_answer(asked: Asked, what: str = NO_ANSWER) -> ProviderError:
    """The error for a good status before something that no request will ever get an answer from."""
    message = Message("provider.not_an_api", name=asked.name, what=what)
    return ProviderRejected(message, provider=asked.provider, upstream_status=200)


def _error(answer: BadAnswer, asked: Asked, parsed: Any) -> ProviderError:
    text = answer.body[:65536].decode("utf-8", "replace")
    wait = retry_after(answer.headers, text, answer.at)
    kind = _kind(answer.status, text, _code(parsed), waits=wait is not None)
    message = None
    if answer.status in _MAY_MEAN_SIZE and kind in {ContextOverflow, ProviderRejected, ProviderFailed}:
        kind, message = _size(text, asked) or (kind, None)
    if message is None:
        words = said(parsed, answer.body[:65536], asked.secret)
        message = _message(kind, answer.status, words, asked, per_minute=_over_the_minute(text))
    error = kind(
        message,
        provider=asked.provider,
        upstream_status=answer.status or None,
        retry_after=wait if kind.try_again else None,
    )
    if answer.headers.get("x-should-retry", "").strip().lower() == "false":
        error.try_again = False
    return error


_MAY_MEAN_SIZE: Final = frozenset({0, 400, 413, 422, 500})
"""Statuses under which providers say that a request is too big; 0 is an error inside an answer."""

_KINDS: Final[Mapping[int, type[ProviderError]]] = MappingProxyType(
    {
        401: KeyRefused,
        402: OutOfCredit,
        403: KeyRefused,
        404: ModelUnknown,
        408: ProviderTimeout,
        413: ContextOverflow,
        429: RateLimited,
        503: Overloaded,
        504: ProviderTimeout,
        522: ProviderTimeout,
        524: ProviderTimeout,
        529: Overloaded,
    }
)
"""What a status stands for. Others: 4xx is :class:`ProviderRejected`, all else :class:`ProviderFailed`."""

_IN_BAND: Final[Mapping[str, int]] = MappingProxyType(
    {
        "authentication_error": 401,
        "invalid_api_key": 401,
        "unauthorized": 401,
        "permission_error": 403,
        "permission_denied": 403,
        "insufficient_quota": 402,
        "billing_error": 402,
        "model_not_found": 404,
        "not_found_error": 404,
        "invalid_request_error": 400,
        "invalid_argument": 400,
        "bad_request": 400,
        "badrequesterror": 400,
        "context_length_exceeded": 400,
        "content_filter": 400,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "rate_limit_exceeded": 429,
        "rate_limited": 429,
        "too_many_requests": 429,
        "resource_exhausted": 429,
        "overloaded_error": 529,
        "overloaded": 529,
        "unavailable": 503,
        "service_unavailable": 503,
        "timeout": 504,
        "timeout_error": 504,
        "deadline_exceeded": 504,
    }
)
"""Codes and types of error objects inside an answer, as the status that they would have had in front of one."""

_CODES: Final[Mapping[str, type[ProviderError]]] = MappingProxyType(
    {
        "insufficient_quota": OutOfCredit,
        "billing_error": OutOfCredit,
        "billing_hard_limit_reached": OutOfCredit,
        "insufficient_user_quota": OutOfCredit,
        "model_not_found": ModelUnknown,
        "invalid_api_key": KeyRefused,
        "content_filter": ProviderRejected,
        "content_policy_violation": ProviderRejected,
    }
)
"""Codes that say more than the status they come with."""

_PHRASES: Final[tuple[tuple[str, type[ProviderError]], ...]] = (
    ("api key not valid", KeyRefused),  # Gemini, with 400
    ("api_key_invalid", KeyRefused),
    ("incorrect api key", KeyRefused),  # xAI, with 400
    ("credit balance is too low", OutOfCredit),  # Anthropic, with 400
    ("insufficient balance", OutOfCredit),  # DeepSeek, Moonshot
    ("insufficient credits", OutOfCredit),  # OpenRouter
    ("requires more credits", OutOfCredit),
    ("is not a valid model", ModelUnknown),  # OpenRouter, with 400
    ("invalid model name", ModelUnknown),  # LiteLLM's proxy, with 400
    ("model does not exist", ModelUnknown),
    ("requires moderation", ProviderRejected),  # OpenRouter, with 403
    ("flagged as potentially violating", ProviderRejected),
    ("safety system", ProviderRejected),
)
"""Wordings, in lower case, that say more than the status they come with."""


def _kind(status: int, text: str, code: str, *, waits: bool) -> type[ProviderError]:
    """``waits``: the provider said when to ask again."""
    by_status = _KINDS.get(status) or (ProviderRejected if 400 <= status < 500 else ProviderFailed)
    if not 400 <= status < 500:
        return by_status
    lower = text.lower()
    if named := _CODES.get(code) or next((kind for phrase, kind in _PHRASES if phrase in lower), None):
        return named
    if _over_the_minute(text):
        return ProviderRejected
    if by_status is RateLimited and "exceeded your current quota" in lower and not waits:
        # Gemini words its limit per minute in the same way, but says when it ends.
        return OutOfCredit
    return by_status


def _over_the_minute(text: str) -> bool:
    """One request is larger than all that the account may send in a minute (OpenAI 429, Groq 413)."""
    lower = text.lower()
    return "request too large" in lower and "per min" in lower


def _code(parsed: Any, depth: int = 8) -> str:
    """The code of an error object, the outer or a nested one; its type where it has no code."""
    match parsed:
        case [first, *_] if depth:
            return _code(first, depth - 1)
        case Mapping():
            inner = parsed.get("error")
            if isinstance(inner, Mapping) and depth:
                return _code(inner, depth - 1)
            for name in ("code", "status", "type"):
                value = parsed.get(name)
                if isinstance(value, str) and value and not value.isdigit():
                    return value.lower()
            return ""
        case _:
            return ""


def _status_in(error: Any) -> int:
    """A status that an error object carries as its code (OpenRouter, llama.cpp, vLLM)."""
    if isinstance(error, Mapping):
        for name in ("code", "status", "status_code"):
            value = error.get(name)
            if isinstance(value, str) and value.isdigit():
                value = int(value)
            if isinstance(value, int) and 400 <= value < 600:
                return value
    return 0


def _size(text: str, asked: Asked) -> tuple[type[ProviderError], str] | None:
    """Worded as Anthropic words it, which is what makes Claude Code compact, or ask for less output."""
    found = too_big(text)
    match found:
        case None:
            return None
        case InputTooLong(tokens, window):
            window = window or asked.window
            if tokens and window:
                return ContextOverflow, PromptTooLong(tokens, window).message
            return ContextOverflow, Message("provider.prompt_too_long")
        case SumTooLong(tokens, wanted, window):
            return (
                ContextOverflow,
                Message("provider.sum_too_long", tokens=tokens, max_tokens=wanted, window=window),
            )
        case OutputTooHigh(limit, wanted):
            wanted = wanted or asked.max_tokens
            return (ProviderRejected, MaxTokensTooHigh(wanted, limit, asked.model).message) if wanted else None
        case _:
            assert_never(found)


def _message(kind: type[ProviderError], status: int, words: str, asked: Asked, *, per_minute: bool) -> Message:
    if kind is ContextOverflow:
        return Message("provider.prompt_too_long")
    message = _kind_message(
        kind, str(status) if status else Message("status.inside_answer"), asked, per_minute=per_minute
    )
    return sentences(message, Message("provider.words", words=words)) if words else message


def _kind_message(kind: type[ProviderError], status: str, asked: Asked, *, per_minute: bool) -> Message:
    name = asked.name
    if kind is KeyRefused:
        return Message("provider.key_refused", name=name, status=status, provider=asked.provider)
    if kind is OutOfCredit:
        return Message("provider.out_of_credit", name=name, status=status)
    if kind is ModelUnknown and asked.model:
        return Message("provider.model_unknown", name=name, model=asked.model, status=status)
    if kind is ModelUnknown:
        return Message("provider.requested_model_unknown", name=name, status=status)
    if kind is ProviderRejected and per_minute:
        return Message("provider.over_minute_limit", name=name, status=status)
    if kind is ProviderRejected:
        return Message("provider.rejected", name=name, status=status)
    if kind is RateLimited:
        return Message("provider.rate_limited", name=name, status=status)
    if kind is Overloaded:
        return Message("provider.overloaded", name=name, status=status)
    if kind is ProviderTimeout:
        return Message("provider.timed_out", name=name, status=status)
    return Message("provider.failed", name=name, status=status)
