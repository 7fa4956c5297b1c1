"""Secrets taken out of what is written down: those that are known by heart, and what looks like a credential.

Looking through a megabyte with one large regular expression would hold Python's lock for tens of milliseconds, and
every stream of the proxy would wait. So each rule has a few bytes that must stand in what it finds; these are searched
for, slice by slice, and only where they stand the rule is tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "[hidden]"
"""What stands in place of a secret: nothing in it that JSON or CSV would have to escape."""

SHORTEST: Final = 8
"""Characters of a known secret; a shorter one is a word that may stand anywhere."""

_SLICE: Final = 256 * 1024
_SMALL: Final = 4096
"""Bytes up to which one search for all anchors at once is cheaper than one for each."""


_NOT_INSIDE: Final = rb"(?<![A-Za-z0-9])"
_WITH_DIGIT: Final = rb"(?=[A-Za-z0-9_.~+/=\-]*[0-9])"
_WITH_LETTER: Final = rb"(?=[A-Za-z0-9_.~+/=\-]*[A-DF-Za-df-z])"
_VALUE: Final = rb"[A-Za-z0-9_.~+/=\-]"
_GIVEN: Final = rb"""[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}"""
"""Between a name and its value: in JSON, in JSON within JSON, in a header, in a URL, in code."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Where ``anchor`` stands, ``pattern`` is tried; its first group, or all that it matches, goes.

    ``any_case`` anchors are given in lower case and found in any.
    """

    anchor: bytes
    pattern: re.Pattern[bytes]
    any_case: bool = False


def _key(prefix: str, rest: bytes) -> _Rule:
    anchor = prefix.encode()
    return _Rule(anchor, re.compile(_NOT_INSIDE + re.escape(anchor) + rest))


def _named(name: str) -> _Rule:
    """A value that is called so; a bare number stays, for in JSON nothing else may stand in its place."""
    scheme = rb"(?:bearer|basic|token)\s{1,4}"
    value = rb"(?:(?<=[\"'])" + _WITH_DIGIT + rb"|" + _WITH_DIGIT + _WITH_LETTER + rb")" + _VALUE + rb"{8,}"
    pattern = re.escape(name.encode()) + _GIVEN + rb"(" + scheme + _VALUE + rb"{8,}|" + value + rb")"
    return _Rule(name.encode(), re.compile(pattern, re.IGNORECASE), any_case=True)


_PEM_LINE: Final = rb"(?:[A-Za-z0-9+/=:,\s\-]|\\+[nrt])"

_RULES: Final = (
    _key("sk-", _WITH_DIGIT + rb"[A-Za-z0-9_\-]{12,}"),
    _key("sk_", rb"(?:live|test)_[A-Za-z0-9]{12,}"),
    _key("pk-", _WITH_DIGIT + rb"[A-Za-z0-9_\-]{16,}"),
    _key("AIza", rb"[A-Za-z0-9_\-]{20,}"),
    _key("ghp_", rb"[A-Za-z0-9]{16,}"),
    _key("gho_", rb"[A-Za-z0-9]{16,}"),
    _key("ghs_", rb"[A-Za-z0-9]{16,}"),
    _key("github_pat_", rb"[A-Za-z0-9_]{16,}"),
    _key("glpat-", rb"[A-Za-z0-9_\-]{16,}"),
    _key("AKIA", rb"[A-Z0-9]{12,}"),
    _key("ASIA", rb"[A-Z0-9]{12,}"),
    _key("xai-", rb"[A-Za-z0-9_\-]{16,}"),
    _key("gsk_", rb"[A-Za-z0-9]{16,}"),
    _key("hf_", rb"[A-Za-z0-9]{16,}"),
    _key("pplx-", rb"[A-Za-z0-9]{16,}"),
    _key("nvapi-", rb"[A-Za-z0-9_\-]{16,}"),
    _key("xox", rb"[abeoprs]-[A-Za-z0-9\-]{10,}"),
    _key("eyJ", rb"[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"),
    _key("us-launch.", rb"[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]+)?"),
    _key("us-", rb"[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])"),
    _Rule(b"://", re.compile(rb"""://([^\s/"'\\@:<>]{0,128}:[^\s/"'\\@<>]{1,256})@""")),
    _Rule(
        b"-----BEGIN",
        re.compile(
            rb"-----BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY-----"
            rb"(" + _PEM_LINE + rb"{0,16384}?)(?=-----END|[^A-Za-z0-9+/=:,\s\-\\]|\\[^nrt\\]|\Z)"
        ),
    ),
    _Rule(
        b"bearer ",
        re.compile(rb"bearer\s{1,4}((?:" + _WITH_DIGIT + _VALUE + rb"{12,})|" + _VALUE + rb"{24,})", re.IGNORECASE),
        any_case=True,
    ),
    *(_named(name) for name in ("api_key", "api-key", "apikey", "authorization", "access_token", "auth_token")),
    *(_named(name) for name in ("secret_key", "client_secret", "access_key", "password", "?key", "&key", "token")),
)

_ANY: Final = re.compile(b"|".join(re.escape(rule.anchor.lower()) for rule in _RULES))


@dataclass(frozen=True, slots=True)
class Redacted:
    """A body without secrets, and how many there were."""

    body: bytes
    hidden: int


class Redaction:
    """Takes secrets out of bytes and texts.

    ``known`` gives the secrets that are known now; it is asked for each body, and for texts after :meth:`look_again`.
    """

    def __init__(self, known: Callable[[], Iterable[str]] = tuple) -> None:
        self._known = known
        self._forms: dict[str, tuple[bytes, ...]] = {}
        self._now: tuple[bytes, ...] | None = None

    def look_again(self) -> None:
        """Ask for the known secrets again, when the next thing is looked through."""
        self._now = None

    def text(self, text: str) -> str:
        """A sentence without secrets."""
        if len(text) < SHORTEST:
            return text
        redacted = _finish(self._steps(text.encode("utf-8", "surrogatepass")))
        return redacted.body.decode("utf-8", "surrogatepass") if redacted.hidden else text

    def body(self, body: bytes) -> Redacted:
        """A body without secrets; JSON stays JSON."""
        return _finish(self.steps(body))

    def steps(self, body: bytes) -> Generator[None, None, Redacted]:
        """As :meth:`body`, in steps of well under a millisecond, so that other threads get their turn in between."""
        self.look_again()
        return self._steps(body)

    def _steps(self, body: bytes) -> Generator[None, None, Redacted]:
        spans: list[tuple[int, int]] = []
        for secret in self._secrets():
            spans += [(start, start + len(secret)) for start in _places(body, secret)]
            yield
        low = body.lower()
        yield
        if len(body) < _SMALL and _ANY.search(low) is None:
            return _without(body, spans)
        for rule in _RULES:
            searched = low if rule.any_case else body
            for start in range(0, len(body), _SLICE):
                end = start + _SLICE + len(rule.anchor) - 1
                for place in _places(searched, rule.anchor, start, end):
                    found = rule.pattern.match(body, place)
                    if found is not None:
                        spans.append(found.span(found.re.groups and 1))
                yield
        return _without(body, spans)

    def _secrets(self) -> tuple[bytes, ...]:
        """Every form in which a known secret may stand."""
        if self._now is not None:
            return self._now
        forms: set[bytes] = set()
        for secret in self._known():
            if len(secret) >= SHORTEST:
                known = self._forms.get(secret)
                if known is None:
                    known = self._forms[secret] = _forms_of(secret)
                forms.update(known)
        self._now = tuple(forms)
        return self._now


def _finish(steps: Generator[None, None, Redacted]) -> Redacted:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            redacted: Redacted = end.value
            return redacted


def _forms_of(secret: str) -> tuple[bytes, ...]:
    """As it stands, in JSON, in JSON within JSON, and in a URL."""
    escaped = json.dumps(secret)[1:-1]
    forms = {secret, escaped, json.dumps(escaped)[1:-1], quote(secret, safe=""), escaped.replace("/", "\\/")}
    return tuple(form.encode("utf-8", "surrogatepass") for form in forms)


def _places(body: bytes, wanted: bytes, start: int = 0, end: int | None = None) -> Iterable[int]:
    place = body.find(wanted, start, end)
    while place >= 0:
        yield place
        place = body.find(wanted, place + 1, end)


def _without(body: bytes, spans: list[tuple[int, int]]) -> Redacted:
    if not spans:
        return Redacted(body, 0)
    spans.sort()
    pieces, at, hidden = list[bytes](), 0, 0
    for start, end in spans:
        if end <= at or start == end:
            continue
        if start >= at:
            # Where a known secret is made of digits alone, it may stand as a number in JSON.
            pieces += (body[at:start], b"1" if body[start:end].isdigit() else HIDDEN.encode())
            hidden += 1
        at = end
    pieces.append(body[at:])
    return Redacted(b"".join(pieces), hidden)
