"""Whether a process lives, and whose it is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from proxy_core.config.processes import is_alive


@pytest.fixture
def of_another_user() -> Iterator[int]:
    """A process that is not this user's: the system's first, or one of nobody's where we are the system's user."""
    if sys.platform == "win32":
        yield 4  # the kernel
    elif os.geteuid() != 0:
        yield 1
    else:
        process = subprocess.Popen(["sleep", "600"], user=65534)
        yield process.pid
        process.kill()
        process.wait()


def test_a_process_lives_until_it_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_alive(process.pid)
    assert is_alive(process.pid, same_user=True)
    process.communicate()
    assert not is_alive(process.pid)


def test_another_users_lives_and_is_not_ours(of_another_user: int) -> None:
    assert is_alive(of_another_user)
    assert not is_alive(of_another_user, same_user=True)


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**70])
def test_what_is_no_process_number_is_no_process(number: int) -> None:
    assert not is_alive(number)
