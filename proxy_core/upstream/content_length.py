"""A ``Content-Length`` that an answer gives more than once."""

from __future__ import annotations

import re
from typing import Final

_NOTICE: Final = re.compile(rb"HTTP/1\.[01] 1\d\d\b")
_LENGTH: Final = re.compile(rb"(?im)^content-length:([^\r\n]*)\r?$\n?")
_DIGITS: Final = re.compile(rb"\d{1,19}")


def with_one_length(data: bytes) -> bytes | None:
    """The beginning of an answer with its length said once; None while its head is not whole.

    ``data`` starts with the status line, or with the notices (1xx) before it. As RFC 9110, 8.6 allows, equal values in
    one header (``5, 5``) or in several are taken for one. Anything else comes back unchanged, for the parser to refuse.
    """
    start = 0
    while (end := data.find(b"\r\n\r\n", start)) >= 0 and _NOTICE.match(data, start):
        start = end + 4
    if end < 0:
        return None
    head = data[start : end + 2]
    values: set[bytes] = {value.strip() for said in _LENGTH.findall(head) for value in said.split(b",")}
    if len(values) != 1 or not _DIGITS.fullmatch(value := values.pop()):
        return data
    return data[:start] + _LENGTH.sub(b"", head) + b"content-length: " + value + b"\r\n" + data[end + 2 :]
