"""From an exception of LiteLLM to what went wrong: its words are taken off, and what the provider said is read."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from proxy_core.anthropic_api.json_text import loads
from proxy_core.config.outbound_policy import is_loopback
from proxy_core.errors import ProviderError, ProviderFailed, ProviderTimeout, StreamBroken, Unreachable
from proxy_core.messages import Message
from proxy_core.upstream.connection_faults import place, unanswered, without_tls
from proxy_core.upstream.faults import Asked, BadAnswer, from_answer, from_object
from proxy_core.upstream.litellm_setup import missing_here, not_sent

_OWN_WORDS: Final = re.compile(r"^(?:litellm\.\w+: |\w+Error: |\w*Exception(?: \w+)?(?: -|:) ?|Error code: \d+ - )+")
_STATUSES: Final = {"ContextWindowExceededError": 400, "ContentPolicyViolationError": 400}
_BEFORE_SENDING: Final = frozenset({0, 400, 401, 403, 404, 422, 500})
"""Statuses that LiteLLM gives its own complaints: 401 for a project that is not set, 500 for an address."""

_READERS_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_TOO_LATE: Final = frozenset({"ConnectTimeout", "ConnectionTimeoutError"})
_CONNECTION_WORDS: Final = re.compile(
    r"(?i)connection error|cannot connect to host|connect call failed|connection refused|name or service not known"
    r"|nodename nor servname|all connection attempts failed|server disconnected|connection reset"
)


def translated(
    failed: Exception, asked: Asked, base_url: str, at: float, *, begun: bool = False, sent: bool = True
) -> ProviderError:
    """The error for an exception of any class that came out of LiteLLM.

    ``at`` is Unix time in seconds; ``begun`` says that chunks had come before it, which makes a lost connection a
    :class:`StreamBroken`; ``sent`` that a request had left this machine.
    """
    failed = _unwrapped(failed)
    if missing := missing_here(_causes(failed), asked):
        return missing
    status = _STATUSES.get(type(failed).__name__) or _status(failed)
    message = _OWN_WORDS.sub("", str(getattr(failed, "message", failed)))
    headers = {
        str(name).lower(): str(value)
        for name, value in (getattr(failed, "litellm_response_headers", None) or {}).items()
    }
    if not begun and _kinds(failed) & _TOO_LATE:
        return _unreachable(asked, Message("reach.too_slow", place=_place(base_url)))
    if type(failed).__name__ == "Timeout" or (begun and _is_silence(failed)):
        silent = Message("provider.went_silent", name=asked.name)
        late = Message("provider.no_answer_in_time", name=asked.name)
        return ProviderTimeout(silent if begun else late, provider=asked.provider)
    if _ended_early(failed):
        return ended_early(asked) if begun else no_answer(asked)
    if _lost_connection(failed) or (status in {0, 500} and _CONNECTION_WORDS.search(message)):
        return _lost(failed, asked, base_url, begun=begun)
    if not sent and status in _BEFORE_SENDING and not _was_answered(failed):
        return not_sent(_first_line(message), asked)
    if status in {0, 500} and (body := _error_object(failed)):
        return from_object(body, asked, at, headers)
    if unreadable := _stumbled(failed, status):
        return _not_read(unreadable, asked, begun=begun)
    return from_answer(BadAnswer(status or 502, _body(failed, message), headers, at), asked)


def ended_early(asked: Asked) -> StreamBroken:
    """The error for a stream that ended well as HTTP, but without a reason."""
    return StreamBroken(Message("provider.stream_ended_early", name=asked.name), provider=asked.provider)


def no_answer(asked: Asked) -> ProviderFailed:
    """The error for a stream that ended before its first chunk."""
    return ProviderFailed(Message("provider.no_answer", name=asked.name), provider=asked.provider)


def _unwrapped(failed: Exception) -> Exception:
    """The exception inside LiteLLM's ``MidStreamFallbackError``, which its router would choose another model by."""
    while isinstance(inner := getattr(failed, "original_exception", None), Exception):
        failed = inner
    return failed


def _ended_early(failed: Exception) -> bool:
    """Whether a stream ended well as HTTP, but without a reason."""
    return any(isinstance(each, StopAsyncIteration) for each in _causes(failed))


def _was_answered(failed: Exception) -> bool:
    """Whether something was answered after all, to a client of LiteLLM's that we do not watch (its synchronous one)."""
    return any("HTTPStatusError" in {kind.__name__ for kind in type(each).__mro__} for each in _causes(failed))


def _error_object(failed: Exception) -> Any:
    """The error object inside an answer. Exceptions for a bad status have one too, and a number beside it."""
    for each in _causes(failed):
        body = getattr(each, "body", None)
        if isinstance(body, dict) and body and not isinstance(getattr(each, "status_code", None), int):
            return body
    return None


def _stumbled(failed: Exception, status: int) -> BaseException | None:
    """The exception of Python's own that LiteLLM's reader of an answer raised; it wraps some of them."""
    if status == 0:
        return failed
    inner = failed.__cause__ or failed.__context__
    wrapped = type(failed).__name__ == "APIConnectionError" and isinstance(inner, _READERS_FAULTS)
    return inner if wrapped else None


def _not_read(fault: BaseException, asked: Asked, *, begun: bool) -> ProviderError:
    if begun:
        return StreamBroken(Message("provider.damaged_chunk", name=asked.name), provider=asked.provider)
    # The exception's words may quote the answer.
    message = Message("provider.litellm_unreadable", name=asked.name, kind=type(fault).__name__)
    return ProviderFailed(message, provider=asked.provider)


def _first_line(message: str) -> str:
    """What is said before the stack trace that LiteLLM puts into some messages."""
    return message.partition("\nTraceback")[0]


def _lost(failed: Exception, asked: Asked, base_url: str, *, begun: bool) -> ProviderError:
    where = _place(base_url)
    if begun:
        message = Message("provider.broke_off", name=asked.name, place=where)
        return StreamBroken(message, provider=asked.provider)
    kinds = _kinds(failed)
    if kinds & _NO_TLS:
        return without_tls(_why_no_tls(failed), asked, base_url)
    if not kinds & _NOT_CONNECTED and (kinds & _LOST or "closed" in str(failed)):
        return unanswered(asked, where)
    refused = any(getattr(each, "errno", None) == errno.ECONNREFUSED for each in _causes(failed))
    why = Message("reach.refused", place=where) if refused else Message("reach.failed", place=where)
    if base_url and is_loopback(where.rpartition(":")[0] or where):
        local = Message("provider.local_unreachable", name=asked.name, why=why, server=Message("server.local"))
        return Unreachable(local, provider=asked.provider)
    return _unreachable(asked, why)


def _unreachable(asked: Asked, why: Message) -> Unreachable:
    return Unreachable(Message("provider.unreachable", name=asked.name, why=why), provider=asked.provider)


def _place(base_url: str) -> str:
    return place(base_url) if base_url else Message("place.the_provider")


# By name: httpx, aiohttp and the OpenAI SDK each have their own, and none is ours to import.
_LOST: Final = frozenset(
    {"ConnectError", "ReadError", "RemoteProtocolError", "ClientConnectionError", "ClientPayloadError"}
)
_NOT_CONNECTED: Final = frozenset({"ClientConnectorError", "ConnectionTimeoutError", "ConnectTimeout", "gaierror"})
_NO_TLS: Final = frozenset({"ClientSSLError", "ClientConnectorCertificateError", "SSLError"})


def _kinds(failed: BaseException) -> set[str]:
    return {kind.__name__ for each in _causes(failed) for kind in type(each).__mro__}


def _lost_connection(failed: Exception) -> bool:
    return bool(_kinds(failed) & (_LOST | _NO_TLS))


def _why_no_tls(failed: Exception) -> str:
    said = (getattr(each, name, "") for each in _causes(failed) for name in ("verify_message", "reason"))
    return next((each for each in said if isinstance(each, str) and each), "TLS")


def _is_silence(failed: Exception) -> bool:
    return bool(_kinds(failed) & {"ReadTimeout", "APITimeoutError", "SocketTimeoutError"})


def _causes(failed: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [failed]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]


def _status(failed: Exception) -> int:
    status = getattr(failed, "status_code", None)
    if type(failed).__name__ == "ServiceUnavailableError":  # Bedrock's 500, too
        answered = (
            each for each in _causes(failed) if "BaseLLMException" in {kind.__name__ for kind in type(each).__mro__}
        )
        status = getattr(next(answered, failed), "status_code", status)
    try:
        return int(status) if status is not None else 0
    except (TypeError, ValueError):
        return 0


def _body(failed: Exception, message: str) -> bytes:
    """What the provider sent: the SDK keeps it as ``body``; LiteLLM puts it into its message."""
    body = getattr(failed, "body", None)
    if isinstance(body, dict) and body:
        return json.dumps({"error": body} if "error" not in body else body, default=str).encode()
    embedded = _embedded_json(message)
    return message.encode("utf-8", "replace") if embedded is None else json.dumps(embedded).encode()


def _embedded_json(message: str) -> Any:
    start, end = message.find("{"), message.rfind("}")
    if start < 0 or end < start:
        return None
    text = message[start : end + 1]
    for each in (text, text.replace("\\n", "\n").replace("\\'", "'")):
        try:
            return loads(each)
        except ValueError:
            continue
    return None
