"""Messages keep their code and parameters wherever they go, and the catalogue fits the code that uses it."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
import proxy_core
from proxy_core.messages import (
    ENGLISH,
    SENTENCES,
    Message,
    cleaned,
    decode,
    encode,
    from_header,
    header_value,
    sentences,
)
from proxy_core.messages.english_app import APP
from proxy_core.messages.english_providers import PROVIDERS
from proxy_core.messages.english_requests import REQUESTS
from proxy_core.messages.english_settings import SETTINGS

TABLES = (REQUESTS, PROVIDERS, SETTINGS, APP)
ROLE = Message("route.role", asked="claude-sonnet-5", role="BIG")


def places(template: str) -> set[str]:
    """The names of the places in a template."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def uses() -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of ``Message`` in the product, with the file that it stands in."""
    for package in (app, proxy_core):
        for path in sorted(Path(str(package.__file__)).parent.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Message":
                    yield path.name, node


def test_a_message_is_its_english_text() -> None:
    assert Message("route.follows_big", reason=ROLE) == "claude-sonnet-5 → BIG (not set, same as BIG)"
    assert sentences("One.", "", "Two.") == "One. Two."


def test_what_is_not_in_the_catalogue_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        Message("no.such.code")
    with pytest.raises(KeyError):
        Message("route.role", asked="claude-sonnet-5")


@pytest.mark.parametrize("text", [ROLE, Message("route.follows_big", reason=ROLE), sentences(ROLE, "It said: 7.")])
def test_code_and_parameters_survive_the_file_and_the_pickle(text: Message) -> None:
    for copy in (decode(encode(text)), pickle.loads(pickle.dumps(text))):
        assert isinstance(copy, Message)
        assert (copy, copy.code, copy.params) == (text, text.code, text.params)


@given(st.text() | st.sampled_from(['{"code":', '{"code": "route.role", "params": {}}', '{"code": 1}', '{"code": []}']))
def test_a_text_that_is_not_ours_comes_back_as_it_was(text: str) -> None:
    copy = decode(encode(text))
    assert copy == text
    assert not isinstance(copy, Message)


@given(st.text())
def test_what_a_file_holds_never_raises(text: str) -> None:
    assert isinstance(decode(f'{{"code":{text}'), str)


def test_a_message_of_another_version_is_shown_as_it_stands() -> None:
    unknown = '{"code": "of.a.later.version", "params": {"name": "x"}}'
    assert decode(unknown) == unknown


def test_a_message_travels_in_a_header() -> None:
    message = sentences(ROLE, Message("provider.words", words="é “x”\r\n"))
    value = header_value(message)
    assert value.isascii()
    assert value.isprintable()
    copy = from_header(value)
    assert isinstance(copy, Message)
    assert (copy, copy.params) == (message, message.params)


def test_no_header_for_what_is_no_message_or_too_long() -> None:
    assert header_value("Plain.") == ""
    assert header_value(Message("provider.words", words="x" * 9_000)) == ""
    assert from_header("") == from_header("Plain.") == from_header("%7B") == ""


def test_secrets_are_taken_out_of_parameters() -> None:
    message = sentences(Message("guard.no_such_path", path="/sk-1"), "It said: sk-1")
    clean = cleaned(message, lambda text: text.replace("sk-1", "…"))
    assert isinstance(clean, Message)
    assert clean == "There is nothing at /…. It said: …"
    assert "sk-1" not in encode(clean)


def test_a_secret_that_only_the_whole_text_shows_costs_the_code() -> None:
    """GIVEN a rule that knows a secret by the words before it WHEN a template has these THEN it goes."""
    message = Message("provider.words", words="sk-1")
    clean = cleaned(message, lambda text: text.replace("It said: sk-1", "It said: …"))
    assert clean == "It said: …"
    assert "sk-1" not in encode(clean)


def test_every_use_names_a_code_and_fills_its_places() -> None:
    wrong = []
    for file, call in uses():
        code = str(call.args[0].value) if len(call.args) == 1 and isinstance(call.args[0], ast.Constant) else ""
        given_ = {keyword.arg for keyword in call.keywords}
        if code not in ENGLISH or given_ != places(ENGLISH[code]):
            wrong.append(f"{file}:{call.lineno}: {code!r} with {sorted(map(str, given_))}")
    # proxy_core/messages makes messages anew from their parts
    assert [line for line in wrong if not line.startswith("__init__.py")] == []


def test_no_code_stands_in_two_tables() -> None:
    assert sum(map(len, TABLES)) == len(ENGLISH)


def test_every_template_is_used() -> None:
    used = {call.args[0].value for _, call in uses() if call.args and isinstance(call.args[0], ast.Constant)}
    assert set(ENGLISH) - used - {SENTENCES} == set()
