"""A user's own ``--settings`` in every form it is given in, and what of it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proxy_core.errors import LaunchError
from proxy_core.launch.users_settings import merged, split, taken
from tests.launch.recorder import PLAN

OWN = {"env": {"MINE": "1"}}
TEXT = json.dumps(OWN)


@pytest.mark.parametrize(
    "given",
    [
        ["--settings", TEXT],
        ["--settings", f" {TEXT}\n"],
        [f"--settings={TEXT}"],
        ["--settings", "mine.json"],
        ["--settings=sub/../mine.json"],
        ["--settings", '{"env":{"FIRST":"1"}}', "--settings", "mine.json"],
        ["--settings", "gone.json", f"--settings={TEXT}"],
    ],
    ids=range(7),
)
def test_it_is_taken_out_wherever_it_stands(given: list[str], tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "mine.json").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert taken(["-p", *given, "hi"], tmp_path) == (OWN, ["-p", "hi"])
    assert taken([*given, "--", "--settings", "x"], tmp_path) == (OWN, ["--", "--settings", "x"])
    made, others = merged(PLAN, given, tmp_path)
    assert (made.settings["env"]["MINE"], others) == ("1", [])
    assert made.settings["env"]["ANTHROPIC_BASE_URL"] == PLAN.variables["ANTHROPIC_BASE_URL"]


@pytest.mark.parametrize(
    "arguments",
    [[], ["-p", "hi"], ["--", "--settings", "x"], ["-p", "--settings"], ["--setting-sources", "user"]],
    ids=str,
)
def test_without_it_nothing_is_changed(arguments: list[str], tmp_path: Path) -> None:
    assert split(arguments) == (None, arguments)
    assert merged(PLAN, arguments, tmp_path) == (PLAN, arguments)


@pytest.mark.parametrize("empty", ["", "  ", "{}"])
def test_one_that_says_nothing_says_nothing(empty: str, tmp_path: Path) -> None:
    assert taken(["--settings", empty], tmp_path) == ({}, [])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("gone.json", "gone.json cannot be read: No such file or directory."),
        (".", "cannot be read: Is a directory."),
        ("broken.json", "broken.json is not valid JSON: "),
        ("bytes.json", "bytes.json is not valid JSON: "),
        ("deep.json", "deep.json is not valid JSON: too many levels."),
        ("list.json", "list.json holds no JSON object."),
        ("{bad}", "The text after --settings is not valid JSON: "),
        ('{"a":' * 100_000 + "}", "The text after --settings is not valid JSON: too many levels."),
        ('{"env":[]}', "a wrong env: it has to be an object."),
        ('{"permissions":"x"}', "a wrong permissions: it has to be an object."),
    ],
    ids=range(10),
)
def test_what_cannot_be_read_is_refused_in_words(given: str, sentence: str, tmp_path: Path) -> None:
    for name, content in {"broken": b'{"env": ', "bytes": b"\xff", "list": b"[]", "deep": b"[" * 100_000}.items():
        (tmp_path / f"{name}.json").write_bytes(content)
    with pytest.raises(LaunchError) as told:
        merged(PLAN, ["--settings", given], tmp_path)
    assert sentence in told.value.message
