"""From an exception of LiteLLM to what went wrong: its words are taken off, and what the provider said is read."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from proxy_core.errors import ProviderError, ProviderTimeout, StreamBroken, Unreachable
from proxy_core.upstream.connection_faults import place
from proxy_core.upstream.faults import Asked, BadAnswer, from_answer, from_object
from proxy_core.upstream.http import is_loopback
from proxy_core.wire.json_text import loads

_OWN_WORDS: Final = re.compile(r"^(?:litellm\.\w+: |\w+Error: |\w*Exception(?: \w+)?(?: -|:) ?|Error code: \d+ - )+")
_STATUSES: Final = {"ContextWindowExceededError": 400, "ContentPolicyViolationError": 400}
_CONNECTION_WORDS: Final = re.compile(
    r"(?i)connection error|cannot connect to host|connect call failed|connection refused|name or service not known"
    r"|nodename nor servname|all connection attempts failed|server disconnected|connection reset"
)


def translated(failed: Exception, asked: Asked, base_url: str, at: float, *, begun: bool = False) -> ProviderError:
    """The error for an exception of LiteLLM.

    ``at`` is Unix time in seconds; ``begun`` says that chunks had come before it, which makes a lost connection a
    :class:`StreamBroken`.
    """
    status = _STATUSES.get(type(failed).__name__) or _status(failed)
    message = _OWN_WORDS.sub("", str(getattr(failed, "message", failed)))
    headers = {
        str(name).lower(): str(value)
        for name, value in (getattr(failed, "litellm_response_headers", None) or {}).items()
    }
    if type(failed).__name__ == "Timeout" or (begun and _is_silence(failed)):
        what = "stopped answering: nothing more came in time" if begun else "did not answer in time"
        return ProviderTimeout(f"{asked.name} {what}.", provider=asked.provider)
    if _lost_connection(failed) or (status in {0, 500} and _CONNECTION_WORDS.search(message)):
        return _lost(failed, asked, base_url, begun=begun)
    if begun and any(isinstance(each, json.JSONDecodeError) for each in _causes(failed)):
        message = f"{asked.name} sent something that is no chunk: its answer is damaged."
        return StreamBroken(message, provider=asked.provider)
    if status in {0, 500} and isinstance(body := getattr(failed, "body", None), dict) and body:
        return from_object(body, asked, at, headers)
    return from_answer(BadAnswer(status or 502, _body(failed, message), headers, at), asked)


def _lost(failed: Exception, asked: Asked, base_url: str, *, begun: bool) -> ProviderError:
    where = place(base_url) if base_url else "the provider"
    if begun:
        message = f"{asked.name} broke off its answer: the connection to {where} ended early."
        return StreamBroken(message, provider=asked.provider)
    refused = any(getattr(each, "errno", None) == errno.ECONNREFUSED for each in _causes(failed))
    what = f"{where} refused the connection" if refused else f"the connection to {where} failed"
    local = base_url and is_loopback(where.rpartition(":")[0] or where)
    advice = "Is the local server running?" if local else "Check the network and the provider's base URL."
    return Unreachable(f"{asked.name} cannot be reached: {what}. {advice}", provider=asked.provider)


def _lost_connection(failed: Exception) -> bool:
    # By name: httpx, aiohttp and the OpenAI SDK each have their own, and none is ours to import.
    kinds = {kind.__name__ for each in _causes(failed) for kind in type(each).__mro__}
    return bool(
        kinds & {"ConnectError", "ReadError", "RemoteProtocolError", "ClientConnectionError", "ClientPayloadError"}
    )


def _is_silence(failed: Exception) -> bool:
    kinds = {kind.__name__ for each in _causes(failed) for kind in type(each).__mro__}
    return bool(kinds & {"ReadTimeout", "APITimeoutError", "SocketTimeoutError"})


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
