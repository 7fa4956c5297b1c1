"""What a person typed into a field, read as the value it stands for, or told to be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from proxy_core.config.settings_form import is_url

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class Wrong:
    """It is no such value; ``sentence`` says what the field wants."""

    sentence: str


Value = str | int | float
Reading = Callable[[str], Value | Wrong]


def port(text: str) -> Value | Wrong:
    """A port that a server may have; 0 would be another one at every start."""
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
        return int(text)
    return Wrong(translate("Reading", "A port is a number from 1 to 65535."))


def host(text: str) -> Value | Wrong:
    """A host name or an address."""
    if text and not re.search(r"[\s/@]", text):
        return text
    return Wrong(translate("Reading", "Write an address such as 127.0.0.1."))


def url(text: str) -> Value | Wrong:
    """An address that keys may be sent to."""
    return text if is_url(text) else Wrong(_url_wanted())


def url_or_nothing(text: str) -> Value | Wrong:
    """Likewise; nothing stands for the usual one."""
    return text if not text or is_url(text) else Wrong(_url_wanted())


def proxy_url_or_nothing(text: str) -> Value | Wrong:
    """The address of an outgoing proxy, which may carry a user name; nothing for none."""
    name, at, place = text.rpartition("@")
    scheme = name.partition("://")[0] + "://" if at and "://" in name else ""
    if not text or is_url(f"{scheme}{place}"):
        return text
    return Wrong(translate("Reading", "Write an http or https address, such as http://proxy.example:3128."))


def seconds(text: str) -> Value | Wrong:
    """Seconds, parts of them too."""
    number = _number(text)
    if number is not None and number > 0:
        return number
    return Wrong(translate("Reading", "Write a number of seconds above 0."))


def amount(text: str) -> Value | Wrong:
    """USD; nothing stands for 0."""
    number = 0.0 if not text else _number(text.removeprefix("$").strip())
    if number is not None and number >= 0:
        return number
    return Wrong(translate("Reading", "Write an amount in US dollars, 0 or more."))


def count(text: str) -> Value | Wrong:
    """A whole number above 0."""
    plain = text.replace(",", "").replace(" ", "")
    if re.fullmatch(r"[0-9]{1,9}", plain) and int(plain) > 0:
        return int(plain)
    return Wrong(translate("Reading", "Write a whole number above 0."))


def command(text: str) -> Value | Wrong:
    """A terminal's command line; nothing for a terminal that was found."""
    if not text or "{script}" in text:
        return text
    return Wrong(translate("Reading", "{script} has to stand in it: that is what the terminal runs."))


def provider_id(text: str) -> Value | Wrong:
    """The id of a provider of the user's own."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", text):
        return Wrong(translate("Reading", "Small letters, digits, '-', '_' and '.' make an id."))
    if text in {"local-token", "passthrough", "understudy"}:
        return Wrong(translate("Reading", "{0} means something else here.").format(text))
    return text


def written(value: Value) -> str:
    """A value as it stands in a field: ``10``, not ``10.0``."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def place_of(address: str) -> str:
    """The host of an address, for a person; the address itself where it has none."""
    return urlsplit(address).netloc.rpartition("@")[2] or address


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?|\.[0-9]{1,6}", text) else None


def _url_wanted() -> str:
    return translate("Reading", "Write an http or https address without a user name or password.")
