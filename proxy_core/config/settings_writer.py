"""Writes changes into the text of a settings file; comments, order and unknown keys are kept."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from typing import Any, Final

from proxy_core.config.settings import VERSION
from proxy_core.config.settings_schema import Changes

_HEADER: Final = "Understudy's settings. Keys are not kept here: they are in the system's keyring."


def updated(text: str, parsed: Mapping[str, Any], changes: Changes) -> tuple[str, Mapping[str, Any]] | None:
    """Return ``text`` with the changes made, and what it says when it is parsed; None where that cannot be done.

    ``text`` is valid TOML that says ``parsed``; an empty one is a new file.
    """
    import tomlkit  # noqa: PLC0415 - most runs only read

    wanted: dict[str, Any] = {**deepcopy(parsed)} if text else {"version": VERSION}
    _apply(wanted, changes, dict)
    # A table cannot stand below an inline table or dotted keys; there an inline one can.
    for new_table in (tomlkit.table, tomlkit.inline_table):
        document = tomlkit.parse(text)
        if not text:
            document.add(tomlkit.comment(_HEADER))
            document.add("version", tomlkit.item(VERSION))
        with contextlib.suppress(ValueError):  # also what TOMLDecodeError is
            _apply(document, changes, new_table)
            written = tomlkit.dumps(document)
            found = tomllib.loads(written)
            if _without_empty_tables(found) == _without_empty_tables(wanted):
                return written, found
    return None


def _without_empty_tables(document: Mapping[str, Any]) -> dict[str, Any]:
    """tomlkit drops a table that loses its last child; whether an empty one matters, the settings read from it say."""
    pruned = {
        name: _without_empty_tables(value) if isinstance(value, Mapping) else value for name, value in document.items()
    }
    return {name: value for name, value in pruned.items() if value != {}}


def _apply(document: MutableMapping[str, Any], changes: Changes, new_table: Callable[[], Any]) -> None:
    for (*tables, last), value in changes.items():
        here = document
        for name in tables:
            if not isinstance(here.get(name), MutableMapping):
                here[name] = new_table()
            here = here[name]
        match value:
            case None:
                here.pop(last, None)
            case Mapping():
                if not isinstance(here.get(last), MutableMapping):
                    here[last] = new_table()
            case _:
                here[last] = value
