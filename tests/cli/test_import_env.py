"""``understudy import-env``: a file's keys into a real keyring, its settings into the settings, and nothing else."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.test_keys import Person
from tests.support.processes import understudy
from tests.support.secret_service import SecretService, secret_service

__all__ = ["secret_service"]

KEY = "sk-proj-abcdefghijklmnop-WXYZ"
FILE = f"""
OPENAI_API_KEY="{KEY}"
ANTHROPIC_API_KEY=your-anthropic-key
PREFERRED_PROVIDER="google"
BIG_MODEL=gemini-2.5-pro
SMALL_MODEL=gpt-4.1-mini
OPENAI_BASE_URL=https://gateway.example/v1
HOST=0.0.0.0
PORT=9000
LOG_LEVEL=DEBUG
UNDERSTUDY_TOKEN=us-somebody-elses
DATABASE_PASSWORD=hunter2
EMPTY=
"""
MOVED = {
    "version": 1,
    "profiles": {
        "Default": {
            "big": "gemini/gemini-2.5-pro",
            "small": "openai/gpt-4.1-mini",
        }
    },
    "proxy": {"port": 9000},
    "providers": {"openai": {"base_url": "https://gateway.example/v1"}},
}


@pytest.fixture
def person(secret_service: SecretService) -> Person:
    return Person(secret_service)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "old.env"
    path.write_text(FILE)
    return path


@pytest.mark.keyring
def test_everything_goes_where_it_belongs(person: Person, file: Path) -> None:
    home = Path(person.service.environ["UNDERSTUDY_HOME"])
    done = person.types("import-env", str(file), "--yes")
    assert done.returncode == 0, done.stderr
    assert tomllib.loads((home / "settings.toml").read_text()) == MOVED
    keys = json.loads(person.types("keys", "list", "--json").stdout)["keys"]
    assert keys == [{"provider": "openai", "last_four": "WXYZ", "origin": "keyring", "variable": ""}]
    assert "…WXYZ" in done.stdout
    assert "can be deleted" in done.stdout
    assert file.read_text() == FILE
    for secret in (KEY, KEY[:-4], "hunter2", "us-somebody-elses"):
        assert secret not in person.printed
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.keyring
def test_a_key_that_would_be_replaced_is_said(person: Person, file: Path) -> None:
    person.types("keys", "set", "openai", stdin="sk-proj-another-key-0000")
    done = person.types("import-env", str(file), "--dry-run")
    assert "takes the place of another, which ends in …0000" in done.stderr
    assert json.loads(person.types("keys", "list", "--json").stdout)["keys"][0]["last_four"] == "0000"


@pytest.mark.keyring
@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("", False)])
def test_it_asks_before_it_writes(person: Person, file: Path, answer: str, written: bool) -> None:
    done = person.types("import-env", str(file), stdin=answer)
    assert done.returncode == (0 if written else 1)
    assert (Path(person.service.environ["UNDERSTUDY_HOME"]) / "settings.toml").exists() is written
    assert bool(json.loads(person.types("keys", "list", "--json").stdout)["keys"]) is written


@pytest.mark.keyring
def test_a_dry_run_writes_nothing(person: Person, file: Path) -> None:
    done = person.types("import-env", str(file), "--dry-run")
    assert done.returncode == 0
    assert "Nothing was written" in done.stdout
    assert not (Path(person.service.environ["UNDERSTUDY_HOME"]) / "settings.toml").exists()
    assert json.loads(person.types("keys", "list", "--json").stdout)["keys"] == []


async def test_without_a_keyring_nothing_is_written_and_this_is_said(scratch: Path, file: Path) -> None:
    done = await understudy("import-env", str(file), "--yes", home=scratch)
    assert done.status == 1
    assert "There is no keyring" in done.err
    assert "Keys are not written to a file, so nothing was written." in done.err
    assert not (scratch / "settings.toml").exists()


async def test_the_settings_alone_need_no_keyring(scratch: Path, file: Path) -> None:
    done = await understudy("import-env", str(file), "--yes", "--settings-only", home=scratch)
    assert done.status == 0, done.err
    assert tomllib.loads((scratch / "settings.toml").read_text()) == MOVED
    assert "its keys are still needed" in done.out


async def test_what_goes_nowhere_is_named_with_why(scratch: Path, file: Path) -> None:
    done = await understudy("import-env", str(file), "--dry-run", "--settings-only", home=scratch)
    left = dict(line.split(maxsplit=1) for line in done.out.partition("alone:\n")[2].splitlines()[:-1])
    assert left["ANTHROPIC_API_KEY"] == "holds a placeholder, not a key"
    assert "other machines" in left["HOST"]
    assert left["LOG_LEVEL"] == left["DATABASE_PASSWORD"] == "means nothing here"
    assert "process's environment" in left["UNDERSTUDY_TOKEN"]
    assert left["EMPTY"] == "is empty"


async def test_what_the_settings_say_besides_is_kept(scratch: Path, file: Path) -> None:
    before = "version = 1\nprofile = 'Work'\n# mine\n[profiles.Work]\nopus = 'openai/gpt-5'\nbig = 'openai/o3'\n"
    (scratch / "settings.toml").write_text(before)
    done = await understudy("import-env", str(file), "--yes", "--settings-only", home=scratch)
    text = (scratch / "settings.toml").read_text()
    assert "# mine" in text
    work = tomllib.loads(text)["profiles"]["Work"]
    assert (work["opus"], work["big"]) == ("openai/gpt-5", "gemini/gemini-2.5-pro")
    assert "instead of openai/o3" in done.out


async def test_the_environment_of_the_moment_is_not_moved(scratch: Path, tmp_path: Path) -> None:
    path = tmp_path / "small.env"
    path.write_text("PORT=9001\n")
    await understudy("import-env", str(path), "--yes", home=scratch, variables={"BIG_MODEL": "demo/fast"})
    assert tomllib.loads((scratch / "settings.toml").read_text()) == {"version": 1, "proxy": {"port": 9001}}


@pytest.mark.parametrize(
    ("text", "said"),
    [("PORT=seventy\n", "PORT in .env is 'seventy'"), ("OPENAI_BASE_URL=ftp://x\n", "OPENAI_BASE_URL in .env")],
)
async def test_a_value_that_makes_no_sense_stops_it(scratch: Path, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.env"
    path.write_text(text)
    done = await understudy("import-env", str(path), "--yes", home=scratch)
    assert done.status == 1
    assert said in done.err
    assert not (scratch / "settings.toml").exists()


async def test_no_file_and_nothing_in_it(scratch: Path, tmp_path: Path) -> None:
    gone = await understudy("import-env", str(tmp_path / "gone.env"), home=scratch)
    assert (gone.status, gone.out) == (1, "")
    (tmp_path / "empty.env").write_text("# nothing\nFOO=1\n")
    empty = await understudy("import-env", str(tmp_path / "empty.env"), home=scratch)
    assert empty.status == 0
    assert "There is nothing to move." in empty.out
