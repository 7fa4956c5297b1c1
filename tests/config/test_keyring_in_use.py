"""A real Secret Service that locks, hangs or is slow while requests run: every client that was let in is served."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.secret_service import SecretService

pytestmark = pytest.mark.keyring


def played(secret_service: SecretService, when: str, trouble: str) -> dict[str, Any]:
    script = (
        f"import runpy, sys\nsys.argv[1:] = [{when!r}, {trouble!r}]\n"
        "runpy.run_module('tests.config.keyring_in_use', run_name='__main__')"
    )
    done = secret_service.run(script, KEYRING_PID=str(secret_service.pid))  # ends, whatever the keyring does
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("trouble", ["locked", "hung", "slow"])
def test_every_valid_client_is_served_all_the_time(secret_service: SecretService, trouble: str) -> None:
    told = played(secret_service, "in use", trouble)
    assert told["first"] == 200
    assert (told["served"], told["statuses"]) == (50, [200])
    assert told["keys"] == ["Bearer sk-of-the-keyring-0123456789"]
    assert told["threads"] <= 1
    assert told["wrong"] == 401


@pytest.mark.parametrize("trouble", ["locked", "hung"])
def test_before_the_first_answer_it_is_told_that_the_keyring_is_locked(
    secret_service: SecretService, trouble: str
) -> None:
    told = played(secret_service, "at first", trouble)
    assert (told["status"], told["retry"], told["type"]) == (503, "true", "error")
    assert "keyring is locked" in told["message"]
    assert "Unlock it" in told["message"]
