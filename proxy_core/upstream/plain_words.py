"""What a provider said, as a short plain sentence without secrets."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

from proxy_core.config.secret import Secret
from proxy_core.messages import Message

LONGEST: Final = 600
"""Characters of a provider's sentence that are shown."""

_READ: Final = 4 * LONGEST
"""Characters in which secrets are looked for; what is behind them is dropped unread, since looking costs time."""

_DEPTH: Final = 16
"""Levels of an error body that are looked into."""

_KEY_LETTERS: Final = string.ascii_letters + string.digits + "_-.*~+/="

_PART: Final = 8
"""So many characters in a row that a key and a sentence share are taken for the key."""

_KEY_LIKE: Final = re.compile(
    r"""(?ix)
    \b(?:bearer|basic|token)\s+[\w.~+/=-]{12,}
    | \b(?:sk|rk|pk|gsk|xai|key|pplx|csk|fw|nvapi|hf|ghp|gho|github_pat|understudy)[-_][\w*.-]{8,}
    | \bAIza[\w*-]{10,}
    | \b(?:AKIA|ASIA)[A-Z0-9]{12,}
    | \beyJ[\w-]{8,}\.[\w.-]+
    | (?<=[?&]key=)[^&\s"']+
    | (?<![A-Za-z0-9_-])[A-Za-z0-9_-]*\*{4,}[A-Za-z0-9_-]*
    | (?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}
    """
)
_TITLE: Final = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_HEADING: Final = re.compile(r"(?is)<h1[^>]*>(.*?)</h1>")
_TAG: Final = re.compile(r"(?s)<[^>]*>")
_TRACE: Final = re.compile(r'Traceback \(most recent call last\)|\n[ \t]{1,40}at \S{1,200} ?\(|\n[ \t]{1,40}File "')
_REPR: Final = re.compile(r"(?:Received Chunk=)?(?:\b[A-Z]\w*\(\w+=|<[\w.]+ object at 0x|\{'\w+': |\b\w+=None\b)")
"""How Python shows a value of its own: nothing for people, and at times long."""
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_LONE_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def said(parsed: Any, body: bytes, secret: Secret | None = None) -> str:
    """The provider's own sentence, or empty when it said nothing readable.

    ``parsed`` is the body as JSON, None when it is none. At most :data:`LONGEST` characters, on one line.
    """
    text = _sentence(parsed) if parsed is not None else body.decode("utf-8", "replace")
    if parsed is None and looks_like_html(body):
        title = _plain(_title(text), secret)
        return Message("answer.web_page_titled", title=title) if title else Message("answer.web_page")
    before = _without_trace(text)
    return _plain(before, secret) if before or not text.strip() else Message("answer.unreadable")


def scrubbed(text: str, secret: Secret | None = None) -> str:
    """``text`` with the secret, each part of it, and whatever looks like a key replaced by an ellipsis."""
    text = _KEY_LIKE.sub("…", text)
    return _without(text, secret.reveal()) if secret else text


def shortened(text: str, longest: int = LONGEST) -> str:
    """``text`` on one line, cut at a word."""
    line = _LONE_SURROGATE.sub("\ufffd", _CONTROL.sub(" ", text)).strip()
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip() + "…"


def looks_like_html(body: bytes) -> bool:
    """Whether a body is a web page, as captive portals and gateways send them."""
    start = body.lstrip()[:200].lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (
        start.startswith(b"<") and b"<html" in body[:2000].lower()
    )


def _without_trace(text: str) -> str:
    """What is said before a stack trace; its last line where nothing is, since that names the fault. No Python values
    either.
    """
    if (shown := _REPR.search(text)) is not None:
        text = text[: shown.start()].rstrip(" :,-([=")
    found = _TRACE.search(text)
    if found is None:
        return text
    before = text[: found.start()].strip()
    return before or text.rstrip().rpartition("\n")[2].strip()


def _title(page: str) -> str:
    """Return the title of a web page, or its first heading; empty where it has none."""
    found = _TITLE.search(page) or _HEADING.search(page)
    return unescape(_TAG.sub(" ", found[1])).strip() if found else ""


def _plain(text: str, secret: Secret | None) -> str:
    if len(text) > _READ:
        text = text[:_READ].rstrip(_KEY_LETTERS)  # the last word may be half of a key
    return shortened(scrubbed(text, secret))


def _sentence(value: Any, depth: int = _DEPTH) -> str:
    """The sentence in an error body: ``{"error": {"message"}}``, ``{"error": "…"}``, ``{"detail": …}``, ``[{…}]``."""
    match value:
        case str():
            return value
        case [first, *_] if depth:
            return _sentence(first, depth - 1)
        case Mapping() if depth:
            nested = _nested(value, depth)
            for name in ("message", "msg", "error_msg", "error", "detail", "errors", "title", "reason"):
                if value.get(name):
                    found = _sentence(value[name], depth - 1)
                    return f"{found} ({nested})" if nested and nested not in found else found
            return ""
        case _:
            return ""


def _nested(value: Mapping[str, Any], depth: int) -> str:
    """OpenRouter wraps the sentence of the provider behind it in ``metadata.raw``, often as JSON in a string."""
    metadata = value.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    return raw if isinstance(raw, str) else _sentence(raw, depth - 1)


def _without(text: str, key: str) -> str:
    if len(key) <= _PART:
        return text.replace(key, "…") if len(key) > 3 else text
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at : at + _PART] in key and at + _PART <= len(text):
            end = at + _PART
            while end < len(text) and text[at : end + 1] in key:
                end += 1
            out.append("…")
            at = end
        else:
            out.append(text[at])
            at += 1
    return "".join(out)
