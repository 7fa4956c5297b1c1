"""``understudy keys`` and ``understudy token``, with a real keyring and without one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import UNDERSTUDY, understudy
from tests.support.secret_service import SecretService, secret_service

__all__ = ["secret_service"]

KEY = "sk-proj-abcdefghijklmnop-WXYZ"


class Person:
    """Somebody at a machine with this keyring."""

    def __init__(self, service: SecretService) -> None:
        self.service = service
        self.printed = ""

    def types(self, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [UNDERSTUDY, *arguments],
            env={**self.service.environ, **more},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.printed += done.stdout + done.stderr
        return done


@pytest.fixture
def person(secret_service: SecretService) -> Person:
    return Person(secret_service)


@pytest.mark.keyring
def test_a_key_goes_in_is_listed_masked_and_goes_out(person: Person) -> None:
    assert person.types("keys", "set", "openai", stdin=f"  {KEY}\n").returncode == 0
    listed = person.types("keys", "list")
    assert listed.stdout.split() == ["openai", "…WXYZ", "keyring"]
    told = json.loads(person.types("keys", "list", "--json").stdout)
    assert told["keys"] == [{"provider": "openai", "last_four": "WXYZ", "origin": "keyring", "variable": ""}]
    assert person.types("keys", "remove", "openai").returncode == 0
    assert person.types("keys", "remove", "openai").returncode == 1
    assert json.loads(person.types("keys", "list", "--json").stdout)["keys"] == []
    assert KEY[:-4] not in person.printed
    home = Path(person.service.environ["UNDERSTUDY_HOME"])
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


@pytest.mark.keyring
def test_a_key_that_the_environment_overrules_is_told(person: Person) -> None:
    done = person.types("keys", "set", "openai", stdin=KEY, OPENAI_API_KEY="sk-proj-another-key-0000")
    assert done.returncode == 0
    assert "OPENAI_API_KEY in the environment is used before it." in done.stderr


@pytest.mark.keyring
def test_the_token_lasts_until_it_is_renewed(person: Person) -> None:
    first = person.types("token").stdout
    assert first.startswith("us-")
    assert person.types("token").stdout == first
    renewed = person.types("token", "--renew").stdout
    assert renewed != first
    assert person.types("token").stdout == renewed


@pytest.mark.keyring
def test_a_locked_keyring_is_said(person: Person) -> None:
    person.types("keys", "set", "openai", stdin=KEY)
    person.service.lock()
    for _ in range(2):
        done = person.types("keys", "list")
        assert done.stderr.count("The keyring is locked.") == 1
        assert "No key" not in done.stdout
    for arguments in (("token",), ("token", "--renew")):
        done = person.types(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "The keyring is locked. Unlock it" in done.stderr
    done = person.types("doctor")
    assert done.stdout.count("The keyring is locked.") == 1
    assert "has no key" not in done.stdout
    assert "its key cannot be read from the keyring" in done.stdout
    done = person.types("models")
    assert "The keyring is locked." in done.stderr
    assert "No key" not in done.stderr


async def test_without_a_keyring_no_key_is_kept_and_this_is_said(scratch: Path) -> None:
    done = await understudy("keys", "set", "openai", home=scratch, stdin=KEY.encode())
    assert done.status == 1
    assert done.err.startswith("understudy: There is no keyring to keep keys in.")
    assert KEY not in done.out + done.err


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "sk-ü\n"])
async def test_what_cannot_be_a_key_is_refused_without_repeating_it(scratch: Path, text: str) -> None:
    done = await understudy("keys", "set", "openai", home=scratch, stdin=text.encode())
    assert done.status == 1
    assert done.err.startswith("understudy: The key ")
    assert not text.strip() or text.strip() not in done.err


async def test_a_provider_that_is_none_is_refused(scratch: Path) -> None:
    done = await understudy("keys", "set", "opneai", home=scratch, stdin=KEY.encode())
    assert done.status == 1
    assert "no provider called 'opneai'" in done.err


async def test_keys_of_the_environment_are_listed_by_variable(scratch: Path) -> None:
    done = await understudy("keys", "list", "--json", home=scratch, variables={"OPENAI_API_KEY": KEY})
    told = json.loads(done.out)
    assert told["keys"] == [
        {"provider": "openai", "last_four": "WXYZ", "origin": "environment", "variable": "OPENAI_API_KEY"}
    ]
    assert any("no keyring" in trouble for trouble in told["troubles"])


async def test_a_token_that_nothing_keeps_is_not_printed(scratch: Path) -> None:
    done = await understudy("token", home=scratch)
    assert (done.status, done.out) == (1, "")
    assert "Set UNDERSTUDY_TOKEN" in done.err


async def test_the_environments_token_is_the_token(scratch: Path) -> None:
    done = await understudy("token", home=scratch, variables={"UNDERSTUDY_TOKEN": "us-mine-0123456789"})
    assert done.out == "us-mine-0123456789\n"
