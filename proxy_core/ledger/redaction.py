"""Secrets taken out of what is written down: those that are known by heart, and what looks like a credential.

Looking through a megabyte with one large regular expression would hold Python's lock for tens of milliseconds, and
every stream of the proxy would wait. So the rules stand together by one letter that each must have and that is seldom
or cheap to find: where an expression begins with a single letter, Python looks for it as fast as memory can be read.
Around it the rest is tried, slice by slice.
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

_SLICE: Final = 16 * 1024
"""Bytes that are looked through in one step."""

_URL: Final = 512
"""Bytes before an ``@`` in which the beginning of its address may stand."""


_NOT_INSIDE: Final = rb"(?<![A-Za-z0-9])"
_WITH_DIGIT: Final = rb"(?=[A-Za-z0-9_.~+/=\-]*[0-9])"
_WITH_LETTER: Final = rb"(?=[A-Za-z0-9_.~+/=\-]*[A-DF-Za-df-z])"
_VALUE: Final = rb"[A-Za-z0-9_.~+/=\-]"
_GIVEN: Final = rb"""[\\"']{0,8}\s{0,4}[:=]\s{0,4}[\\"']{0,8}"""
"""Between a name and its value: in JSON, in JSON within JSON, in a header, in a URL, in code."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A credential whose ``head`` ends with the mark of its search; ``rest`` follows. What goes is the one group of the
    rest, with the last ``taken`` bytes of the head. The head is an expression of bytes whose number never differs.
    """

    head: bytes
    rest: bytes
    taken: int = 0


def _key(prefix: bytes, rest: bytes, taken: int | None = None) -> _Rule:
    """A key that begins so; ``prefix`` may have classes of letters, and then ``taken`` is how long it is."""
    return _Rule(_NOT_INSIDE + prefix, b"(" + rest + b")", len(prefix) if taken is None else taken)


def _named(head: bytes, tail: bytes = b"") -> _Rule:
    """A value that is called so; a bare number stays, for in JSON nothing else may stand in its place."""
    scheme = rb"(?:bearer|basic|token)\s{1,4}"
    value = rb"(?:(?<=[\"'])" + _WITH_DIGIT + rb"|" + _WITH_DIGIT + _WITH_LETTER + rb")" + _VALUE + rb"{8,}"
    return _Rule(head, tail + _GIVEN + rb"(" + scheme + _VALUE + rb"{8,}|" + value + rb")")


class _Search:
    """Rules with one mark: a single byte, or a word that is seldom. ``any_case``: all is given in lower case."""

    def __init__(self, mark: bytes, *rules: _Rule, any_case: bool = False) -> None:
        self._any_case = any_case
        self._mark = mark
        self._is_word = len(mark) > 1
        self._taken = tuple(rule.taken for rule in rules)
        heads = [rb"(?<=" + rule.head + rb")" for rule in rules]
        tried = [head + rule.rest for head, rule in zip(heads, rules, strict=True)]
        mark = re.escape(mark)
        self._places = re.compile(mark + rb"(?:" + rb"|".join(heads) + rb")")
        self._rules = re.compile(mark + rb"(?:" + rb"|".join(tried) + rb")", re.IGNORECASE if any_case else 0)

    def spans(self, body: bytes, low: bytes, start: int) -> Iterable[tuple[int, int]]:
        """What goes of those whose mark stands in the slice at ``start``; ``low`` is the body in lower case."""
        searched = low if self._any_case else body
        if self._is_word:
            end = start + _SLICE + len(self._mark) - 1
            return () if searched.find(self._mark, start, end) < 0 else self._tried(body, searched, start, end)
        end = start + _SLICE
        return () if self._places.search(searched, start, end) is None else self._tried(body, searched, start, end)

    def _tried(self, body: bytes, searched: bytes, start: int, end: int) -> Iterable[tuple[int, int]]:
        for place in self._places.finditer(searched, start, end):
            found = self._rules.match(body, place.start())
            if found is not None and found.lastindex is not None:
                first, last = found.span(found.lastindex)
                yield first - self._taken[found.lastindex - 1], last


_PEM_LINE: Final = rb"(?:[A-Za-z0-9+/=:,\s\-]|\\+[nrt])"
_PEM: Final = _Rule(
    rb"-----",
    rb"BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY-----"
    rb"(" + _PEM_LINE + rb"{0,16384}?)(?=-----END|[^A-Za-z0-9+/=:,\s\-\\]|\\[^nrt\\]|\Z)",
)
_BEARER: Final = _Rule(b"bearer ", rb"\s{0,3}((?:" + _WITH_DIGIT + _VALUE + rb"{12,})|" + _VALUE + rb"{24,})")

_SEARCHES: Final = (
    _Search(
        b"-",
        _key(b"sk-", _WITH_DIGIT + rb"[A-Za-z0-9_\-]{12,}"),
        _key(b"pk-", _WITH_DIGIT + rb"[A-Za-z0-9_\-]{16,}"),
        _key(b"xai-", rb"[A-Za-z0-9_\-]{16,}"),
        _key(b"glpat-", rb"[A-Za-z0-9_\-]{16,}"),
        _key(b"pplx-", rb"[A-Za-z0-9]{16,}"),
        _key(b"nvapi-", rb"[A-Za-z0-9_\-]{16,}"),
        _key(b"xox[abeoprs]-", rb"[A-Za-z0-9\-]{10,}", 5),
        _key(b"us-", rb"launch\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]+)?|[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])"),
        _PEM,
    ),
    _Search(
        b"_",
        _key(b"sk_", rb"(?:live|test)_[A-Za-z0-9]{12,}"),
        _key(b"gh[pos]_", rb"[A-Za-z0-9]{16,}", 4),
        _key(b"github_pat_", rb"[A-Za-z0-9_]{16,}"),
        _key(b"gsk_", rb"[A-Za-z0-9]{16,}"),
        _key(b"hf_", rb"[A-Za-z0-9]{16,}"),
    ),
    _Search(
        b"A",
        _key(b"A", rb"Iza[A-Za-z0-9_\-]{20,}"),
        _key(b"A", rb"(?:KIA|SIA)[A-Z0-9]{12,}"),
    ),
    _Search(b"J", _key(b"eyJ", rb"[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*")),
    _Search(
        b"k",
        *(_named(head + b"k", b"ey") for head in (b"api_", b"api-", b"api", b"secret_", b"access_", rb"[?&]")),
        _named(b"tok", b"en"),
        any_case=True,
    ),
    _Search(b"bearer ", _BEARER, any_case=True),
    *(_Search(name, _named(name), any_case=True) for name in (b"authorization", b"client_secret", b"password")),
)

_ADDRESS: Final = re.compile(rb"""://([^\s/"'\\@:<>]{0,128}:[^\s/"'\\@<>]{1,256})@""")
"""Of a user and a password before a host."""


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
        for start in range(0, len(body), _SLICE):
            for search in _SEARCHES:
                spans += search.spans(body, low, start)
            for place in _places(body, b"@", start, start + _SLICE):
                begun = body.rfind(b"://", max(0, place - _URL), place)
                if begun >= 0 and (found := _ADDRESS.match(body, begun)) is not None:
                    spans.append(found.span(1))
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
