"""Every sentence of ours that reaches a window has a template, and every template has a sentence that is said.

The rule: in the rooms below, a text (a constant or an f-string, docstrings and what Qt translates aside) in which a
sentence ends is shown, each of its sentences, unless it is named here with the reason why nobody sees it in a window.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from app.i18n.said import SENTENCES
from app.i18n.said_clauses import CLAUSES

ROOT = Path(__file__).resolve().parents[2]

ROOMS = ("proxy_core", "app/services")
"""Where sentences are made that windows show."""

SCRIPT = "proxy_core/launch/launch_script.py"
"""What it writes is said by a shell; what it raises is said by us."""
UNSEEN_ROOMS = {
    "proxy_core/upstream/demo_script.py": "the demo model's lines are answers, in the language of a model",
    "proxy_core/upstream/overflow.py": "patterns of what providers say",
    "proxy_core/launch/users_settings.py": "about arguments of `understudy claude`; windows give none",
    SCRIPT: "what a shell says in the terminal",
}
UNSEEN = {
    "proxy_core/config/settings_writer.py": {
        "Understudy's settings.",
        "Keys are not kept here: they are in the system's keyring.",
    },
    "proxy_core/translate/content.py": {
        "{}[A PDF document stood here; the model cannot read PDF.",
        "Convert it to text first.]",
    },
    "proxy_core/translate/schemas.py": {"As {}.", "Again as {}.", "Format: {}."},
    "app/services/model_probe/checks.py": {
        "Notes a word.",
        "The word.",
        "Call the tool note_word with the word {}.",
        "Which colour is this square: {}?",
        "Answer with one word.",
        "Write the numbers from one to twenty as English words, separated by commas.",
    },
    "app/services/probe_service.py": {
        "Say in two or three short sentences, to the person reading this, that you can hear them and are ready."
    },
    "app/services/ledger_service.py": {"{}: {}."},
    "proxy_core/ledger/row_writing.py": {"{} = excluded."},
    "proxy_core/ledger/schema.py": {", {} = {} + excluded."},
    "proxy_core/upstream/connection_faults.py": {"LM Studio"},
}
"""By file: what is written into the settings file or said to a model, and what has no words of ours, or is SQL."""

CLAUSE_ROOMS = (
    "proxy_core/routing/roles.py",
    "proxy_core/upstream/connection_faults.py",
    "proxy_core/config/settings.py",
    "proxy_core/config/settings_schema.py",
)
"""Where every text with a blank in it is a part of a sentence that is shown."""

SPELLED_OUT = {
    "{}, which other machines can reach, and access from the LAN is off: the proxy listens on {}.": (
        (
            "The settings' host is {}, which other machines can reach, and access from the LAN is off: "
            "the proxy listens on {}."
        ),
        "{} is {}, which other machines can reach, and access from the LAN is off: the proxy listens on {}.",
    ),
    "{}.": (
        "{} did not answer in time.",
        "{} stopped answering: nothing more came in time.",
        "{} ended its answer before it began.",
        "{} answered with nothing at all.",
        "{} answered with something that is no answer.",
    ),
    "{}: its answer is damaged.": (
        "{} sent an event without end: its answer is damaged.",
        "{} sent an answer without end: its answer is damaged.",
        "{} sent something that is no chunk: its answer is damaged.",
    ),
}
"""Sentences whose verb stands in a place, and what becomes of them."""

_PLACE = re.compile(r"\{[^{}]*\}")
_ENDS = re.compile(r"\S[.?!](?= |$)|[a-z][.?!](?=\{\}$)")
_SQL = re.compile(r"\s*(?:SELECT|INSERT|UPDATE|DELETE|WITH|AND|PRAGMA|DROP|CREATE)\b|.*[<>=] \?")


@cache
def texts(file: str) -> frozenset[str]:
    """The texts of a file, their places empty; not its docstrings, nor what Qt translates."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    aside: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                aside.add(docstring)
            case ast.JoinedStr(values=parts):
                aside.update(part for part in parts if isinstance(part, ast.Constant))
            case ast.Call(func=ast.Name(id="translate"), args=arguments):
                aside.update(arguments)
            case _:
                pass
    return frozenset(text for node in ast.walk(tree) if node not in aside for text in _text(node))


def _text(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)):
            yield _PLACE.sub("{}", text)
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def merged(text: str) -> str:
    """Places side by side are one."""
    return re.sub(r"\{\}(?: \{\})+", "{}", text)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text; a place that stands alone is a sentence of others."""
    for one in re.split(r"(?<=[.?!])\s*(?=\{\}$)|(?<=[.?!]) +", merged(text)):
        own = re.sub(r"^\{\} (?=[A-Z])", "", one).strip()
        if own not in {"", "{}"}:
            yield own


@cache
def said_in(file: str) -> frozenset[str]:
    """The sentences of a file that are shown."""
    shown = (text for text in texts(file) if " " in text.strip() and _ENDS.search(text) and not _SQL.match(text))
    found = {sentence for text in shown for sentence in sentences(text)} - UNSEEN.get(file, set())
    return frozenset(each for one in found for each in SPELLED_OUT.get(one, (one,)))


def rooms() -> list[str]:
    paths = (
        path for room in ROOMS for path in ([ROOT / room] if room.endswith(".py") else (ROOT / room).rglob("*.py"))
    )
    return sorted({str(path.relative_to(ROOT)) for path in paths} - set(UNSEEN_ROOMS))


def shape(template: object) -> str:
    return _PLACE.sub("{}", str(template))


SHAPES = {shape(template) for template in SENTENCES}
PARTS = {shape(template) for template in CLAUSES}


def test_every_sentence_that_is_shown_has_a_template() -> None:
    missing = [(file, one) for file in rooms() for one in sorted(said_in(file)) if one not in SHAPES]
    assert missing == [], "add it to app/said_of_*.py, or name it in UNSEEN; then run resources/translations/renew.py"


def test_every_part_of_a_sentence_that_is_shown_has_a_template() -> None:
    parts = [
        (file, text)
        for file in CLAUSE_ROOMS
        for text in sorted(texts(file) - UNSEEN.get(file, set()))
        if " " in text.strip()
    ]
    missing = [(file, text) for file, text in parts if not _ENDS.search(text) and text not in PARTS]
    assert missing == []
    assert len(parts) > 30


def test_what_a_provider_did_is_spelled_out() -> None:
    """The verbs that :mod:`proxy_core.upstream.direct` puts after a provider's name."""
    tree = ast.parse((ROOT / "proxy_core/upstream/direct.py").read_text("utf-8"))
    ends = {"_failed": ".", "_broken": ": its answer is damaged."}
    made = [
        f"{{}} {text}{ends[maker]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        for maker in [node.func.attr]
        if maker in ends
        for argument in node.args
        for text in _text(argument)
    ]
    assert len(made) > 4
    assert [one for text in made for one in sentences(text) if one not in SHAPES] == []


def test_every_template_of_a_sentence_has_a_source() -> None:
    said = {one for file in [*rooms(), SCRIPT] for one in said_in(file)}
    loose = {one for file in rooms() for text in texts(file) for one in (merged(text.strip()), *sentences(text))}
    unsaid = [one for one in sorted(SHAPES - said) if one not in loose]
    assert unsaid == []


def test_every_template_of_a_part_has_a_source() -> None:
    loose = {text.casefold() for file in [*rooms(), SCRIPT] for text in texts(file)}
    assert [one for one in sorted(PARTS) if one.casefold() not in loose] == []


def test_what_is_named_as_unseen_is_there() -> None:
    assert all((ROOT / file).is_file() for file in UNSEEN_ROOMS)
    for file, unseen in UNSEEN.items():
        assert unseen <= {one for text in texts(file) for one in sentences(text)}, file
    assert set(SPELLED_OUT) <= {one for file in rooms() for text in texts(file) for one in sentences(text)}


def test_a_place_is_numbered_from_the_left_and_named_as_ours_where_it_is_one() -> None:
    for template, ours in (*SENTENCES.items(), *((str(part), ours) for part, ours in CLAUSES.items())):
        numbers = [int(number) for number in re.findall(r"\{(\d)\}", template)]
        assert numbers == list(range(len(numbers))), template
        assert set(ours) <= set(numbers), template
