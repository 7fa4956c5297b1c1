"""A user's own ``--settings``, taken out of their arguments so that they are merged below ours instead of replacing
them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from proxy_core.errors import LaunchError
from proxy_core.launch import settings_files
from proxy_core.launch.claude_code import LaunchPlan

OPTION: Final = "--settings"
_BOTH_FORMS: Final = f"{OPTION}="


def merged(plan: LaunchPlan, arguments: Sequence[str], folder: Path) -> tuple[LaunchPlan, list[str]]:
    """Return the plan over the settings in a user's ``arguments``, and the arguments without them.

    Raises LaunchError as :func:`taken` does.
    """
    theirs, others = taken(arguments, folder)
    return (plan if theirs is None else plan.over(theirs)), others


def taken(arguments: Sequence[str], folder: Path) -> tuple[Mapping[str, Any] | None, list[str]]:
    """Return the settings in a user's ``arguments``, None if there are none, and the arguments without them.

    ``folder`` is where the session starts: a file's name is relative to it. Raises LaunchError for settings that cannot
    be read.
    """
    given, others = split(arguments)
    return (None if given is None else _read(given, folder)), others


def split(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Return the value of ``--settings``, None if it is not given, and all other arguments.

    Of several the last one counts, as in Claude Code. After ``--`` nothing is an option; a final ``--settings`` without
    a value is kept, for Claude Code to report.
    """
    given: str | None = None
    others: list[str] = []
    rest: Iterator[str] = iter(arguments)
    for argument in rest:
        if argument == "--":
            others += [argument, *rest]
        elif argument.startswith(_BOTH_FORMS):
            given = argument.removeprefix(_BOTH_FORMS)
        elif argument == OPTION:
            value = next(rest, None)
            if value is None:
                others.append(argument)
            else:
                given = value
        else:
            others.append(argument)
    return given, others


def _read(given: str, folder: Path) -> Mapping[str, Any]:
    """Return the settings from a file or a JSON text, which Claude Code distinguishes by the braces."""
    text = given.strip()
    inline = text.startswith("{") and text.endswith("}")
    try:
        found = _parsed(text) if inline else settings_files.read(folder / text) if text else {}
    except OSError as error:
        raise LaunchError(f"The settings file {folder / text} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        what = "The text after --settings" if inline else f"The settings file {folder / text}"
        raise LaunchError(f"{what} is not valid JSON: {error}. Correct it, or leave --settings out.") from error
    if not isinstance(found, dict):
        raise LaunchError(f"The settings file {folder / text} holds no JSON object. Correct it, or leave it out.")
    for name in ("env", "permissions"):
        if not isinstance(found.get(name, {}), dict):
            raise LaunchError(f"The settings given with --settings have a wrong {name}: it has to be an object.")
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("too many levels") from error
