"""LiteLLM's data files, located and read without importing LiteLLM (which takes seconds and 150 MB)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Engine

_PRICES: Final = "model_prices_and_context_window_backup.json"
_COMPATIBLE: Final = "llms/openai_like/providers.json"
_FORMS: Final = "proxy/public_endpoints/provider_create_fields.json"
_IDS: Final = "types/utils.py"

_IDS_CLASS: Final = re.compile(r"^class LlmProviders\([^\n]*\n((?:[ \t]+[^\n]*\n|[ \t]*\n)+)", re.MULTILINE)
_ID: Final = re.compile(r"""^[ \t]+\w+(?:[ \t]*:[^=\n]+)?[ \t]*=[ \t]*["']([^"'\n]+)["']""", re.MULTILINE)
"""The enum behind ``litellm.provider_list``. Parsing the whole module takes twenty times as long as a search."""

_BLANK: Final = re.compile(r"[ \t\r\n]*")


def model_entries() -> Iterator[tuple[str, Any]]:
    """Yield the entries of the price list one at a time: as objects, all at once, they would take 20 MB.

    Yields nothing if LiteLLM has no such file. Raises ValueError if it is not a JSON object.
    """
    text = _text(_PRICES)
    return iter(()) if text is None else entries(text)


def entries(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of a JSON object one after the other. Raises ValueError."""
    read = json.JSONDecoder().raw_decode
    at = _expect(text, 0, "{")
    if text.startswith("}", at):
        return
    while True:
        key, at = read(text, at)
        at = _expect(text, at, ":")
        value, at = read(text, at)
        yield key, value
        at = _after_blank(text, at)
        if text.startswith("}", at):
            return
        at = _expect(text, at, ",")


def provider_ids() -> tuple[str, ...]:
    """Return the ids of ``litellm.provider_list``; none if LiteLLM stores them differently."""
    block = _IDS_CLASS.search(_text(_IDS) or "")
    return tuple(_ID.findall(block[1])) if block else ()


@cache
def other_providers() -> Mapping[str, Provider]:
    """Return LiteLLM's providers by id, with the facts of its data; all are reached through LiteLLM.

    ``needs_key`` is True only where its data names the variable of the key: for the others LiteLLM looks for
    credentials itself. Raises ValueError if a file is not valid JSON.
    """
    found = {id_: _from_form(id_, id_) for id_ in provider_ids()}
    for form in json.loads(_text(_FORMS) or "[]"):
        id_ = form["litellm_provider"]
        found[id_] = _from_form(id_, form["provider_display_name"])
    for id_, entry in json.loads(_text(_COMPATIBLE) or "{}").items():
        found[id_] = Provider(
            id=id_,
            name=found[id_].name if id_ in found else id_,
            engine=Engine.LITELLM,
            base_url=entry["base_url"].rstrip("/"),
            key_variables=(entry["api_key_env"],),
            base_url_variables=(entry["api_base_env"],) if "api_base_env" in entry else (),
        )
    return found


def _from_form(id_: str, name: str) -> Provider:
    variable = re.sub(r"[^A-Za-z0-9]", "_", id_).upper()
    return Provider(id_, name, Engine.LITELLM, key_variables=(f"{variable}_API_KEY",), needs_key=False)


def _text(file: str) -> str | None:
    """Return the text of a file in LiteLLM's package; None if it is missing, as releases may move it."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], file)
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _after_blank(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _expect(text: str, at: int, mark: str) -> int:
    """Return the position of the next value after ``mark``."""
    at = _after_blank(text, at)
    if not text.startswith(mark, at):
        raise ValueError(f"expected {mark!r} at character {at}")
    return _after_blank(text, at + 1)
