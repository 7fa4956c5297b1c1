"""What a person typed into a field, read as the value it stands for, or told to be wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlsplit

from PySide6.QtCore import QCoreApplication

from proxy_core.config.setting_rules import is_url

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
    if isinstance(number, Wrong):
        return number
    if number is not None and number > 0:
        return number
    return Wrong(translate("Reading", "Write a number of seconds above 0."))


def amount(text: str) -> Value | Wrong:
    """USD, pasted with its sign or name too; nothing stands for 0."""
    plain = re.sub(r"(?i)^(us)?\$|^usd|\$$|usd$", "", text.strip()).strip()
    number = 0.0 if not text else _number(plain)
    if isinstance(number, Wrong):
        return number
    if number is not None and number >= 0:
        return number
    return Wrong(translate("Reading", "Write an amount in US dollars, 0 or more."))


def count(text: str) -> Value | Wrong:
    """A whole number above 0; its thousands may stand apart."""
    if re.fullmatch(r"[0-9]{1,9}|[1-9][0-9]{0,2}([,\s'][0-9]{3}){1,2}", text):
        number = int(re.sub(r"[^0-9]", "", text))
        if number > 0:
            return number
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
    """A value as it stands in a field and can be read again: ``10``, not ``10.0``; ``0.000001``, not ``1e-06``."""
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    plain = f"{Decimal(f'{value:.10g}'):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def place_of(address: str) -> str:
    """The host of an address, for a person; the address itself where it has none."""
    return urlsplit(address).netloc.rpartition("@")[2] or address


def _number(text: str) -> float | Wrong | None:
    """A number as people write it, with a point or a comma before its decimals; None where it is none.

    A single comma before three digits is thousands to some and decimals to others: nobody's price is guessed.
    """
    plain = re.sub(r"(?<=[0-9])[\s'](?=[0-9]{3}(?![0-9]))", "", text)
    if re.fullmatch(r"[1-9][0-9]{0,2},[0-9]{3}", plain):
        whole, _, rest = plain.partition(",")
        sentence = translate("Reading", "Write {0} or {1}: {2} can mean both.")
        return Wrong(sentence.format(f"{whole}{rest}", f"{whole}.{rest}", plain))
    if re.fullmatch(r"[1-9][0-9]{0,2}(,[0-9]{3})+(\.[0-9]*)?", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[1-9][0-9]{0,2}(\.[0-9]{3})+,[0-9]*", plain):
        plain = plain.replace(".", "").replace(",", ".")
    else:
        plain = plain.replace(",", ".", 1)
    return float(plain) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,12})?|\.[0-9]{1,12}", plain) else None


def _url_wanted() -> str:
    return translate("Reading", "Write an http or https address without a user name or password.")
