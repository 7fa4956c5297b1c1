"""The system's keyring for real: kept, read, removed; locked, absent and plain-text ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.secret_service import SecretService, need, python, session_bus, without_a_bus

pytestmark = pytest.mark.keyring

STORE = """
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError
store = KeyringStore()
"""

REFUSED = """
for question in (
    lambda: store.get("openai"),
    lambda: store.set("openai", Secret("sk-never-shown")),
    lambda: store.remove("openai"),
    lambda: store.names(("openai",)),
):
    try:
        question()
    except ConfigError as error:
        print(error.message)
    else:
        raise AssertionError("the keyring was used")
"""


def test_a_key_is_kept_read_listed_and_removed_by_several_processes(secret_service: SecretService) -> None:
    secret_service.run(STORE + 'store.set("openai", Secret("sk-kept"))')
    secret_service.run(
        STORE
        + """
assert store.get("openai").reveal() == "sk-kept"
assert store.get("groq") is None
assert store.names(("groq", "openai")) == ("openai",)
store.set("openai", Secret("sk-newer"))
assert store.get("openai").reveal() == "sk-newer"
"""
    )
    secret_service.run(
        STORE
        + """
assert store.remove("openai") is True
assert store.remove("openai") is False
assert store.get("openai") is None
assert store.names(("groq", "openai")) == ()
"""
    )


def test_a_locked_keyring_says_so_at_once(secret_service: SecretService) -> None:
    secret_service.run(STORE + 'store.set("openai", Secret("sk-kept"))')
    secret_service.lock()
    said = secret_service.run(STORE + REFUSED).stdout.splitlines()
    assert len(said) == 4
    assert set(said) == {
        "The keyring is locked. Unlock it (on most desktops: log in again, or open its passwords app)."
    }


LATE = """
import subprocess
from proxy_core.errors import KeyringClosed, NoKeyring

def kind(question):
    try:
        return question()
    except ConfigError as error:
        return type(error).__name__

assert kind(lambda: store.get("openai")) == "NoKeyring"
unlock = ["--unlock"] * UNLOCKED
daemon = subprocess.Popen(
    ["gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
)
daemon.stdin.write(b"a password\\n" * UNLOCKED)
daemon.stdin.close()
daemon.stdout.readline()
try:
    print(kind(lambda: store.set("openai", Secret("sk-kept"))), kind(lambda: store.names(("openai",))))
finally:
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()
for _ in range(500):
    if (gone := kind(lambda: store.get("openai"))) == "KeyringClosed":
        break
print(gone)
"""


@pytest.mark.parametrize(("unlocked", "said"), [(1, "None ('openai',)"), (0, "NoKeyring NoKeyring")])
def test_a_keyring_that_is_started_later_is_found_and_one_that_ends_may_come_back(
    tmp_path: Path, unlocked: int, said: str
) -> None:
    """Without a collection, and nobody to agree to a first one, there is none to keep anything in."""
    need()
    with session_bus(tmp_path / "home") as environ:
        done = python(STORE + LATE.replace("UNLOCKED", str(unlocked)), environ)
    assert done.stdout.splitlines() == [said, "KeyringClosed"]


def test_no_bus_is_no_keyring(tmp_path: Path) -> None:
    said = python(STORE + REFUSED, without_a_bus(tmp_path)).stdout.splitlines()
    assert len(said) == 4
    assert all(line.startswith("There is no keyring to keep keys in.") for line in said)


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "tests.config.plain_backend.PlaintextKeyring"])
def test_a_backend_that_is_not_the_systems_is_refused(tmp_path: Path, backend: str) -> None:
    environ = {**without_a_bus(tmp_path), "PYTHON_KEYRING_BACKEND": backend, "PLAIN_FILE": str(tmp_path / "plain")}
    said = python(STORE + REFUSED, environ).stdout.splitlines()
    assert len(said) == 4
    assert all(backend in line and "not the system's keyring" in line for line in said)
    assert not (tmp_path / "plain").exists()


def test_a_chain_uses_its_system_link_alone(secret_service: SecretService, tmp_path: Path) -> None:
    """keyring chains what it finds, and writes into the next link where one cannot: that may be a plain file."""
    plain = tmp_path / "plain"
    secret_service.run(
        "import tests.config.plain_backend, keyring\n"
        "from keyring.backends.chainer import ChainerBackend\n"
        "assert isinstance(keyring.get_keyring(), ChainerBackend)\n"
        + STORE
        + 'store.set("openai", Secret("sk-kept"))\n'
        + 'assert store.get("openai").reveal() == "sk-kept"\n'
        + 'assert store.backend().startswith("SecretService")\n',
        PLAIN_FILE=str(plain),
    )
    assert not plain.exists()


def test_a_chain_of_plain_links_is_no_keyring(tmp_path: Path) -> None:
    script = (
        "import tests.config.plain_backend, keyring\n"
        "from keyring.backends.chainer import ChainerBackend\n"
        "keyring.set_keyring(ChainerBackend())\n" + STORE + REFUSED
    )
    said = python(script, {**without_a_bus(tmp_path), "PLAIN_FILE": str(tmp_path / "plain")}).stdout.splitlines()
    assert all(line.startswith("There is no keyring to keep keys in.") for line in said)
    assert len(said) == 4
    assert not (tmp_path / "plain").exists()


def test_a_plain_backend_found_by_itself_is_refused(tmp_path: Path) -> None:
    """What keyrings.alt does when it is installed on a machine without a Secret Service."""
    script = "import tests.config.plain_backend\n" + STORE + REFUSED
    said = python(script, {**without_a_bus(tmp_path), "PLAIN_FILE": str(tmp_path / "plain")}).stdout.splitlines()
    assert len(said) == 4
    assert all("not the system's keyring" in line for line in said)
    assert not (tmp_path / "plain").exists()


def test_the_local_token_is_made_once_and_shared(secret_service: SecretService) -> None:
    script = """
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys
found = Keys({}, {}, KeyringStore()).local_token()
print(found.origin, found.trouble, found.secret.reveal())
"""
    first, second = secret_service.run(script).stdout, secret_service.run(script).stdout
    assert first == second
    assert first.startswith("keyring  us-")


def test_a_locked_keyrings_local_token_is_not_replaced(secret_service: SecretService) -> None:
    script = """
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys
found = Keys({}, {}, KeyringStore()).local_token()
print(found.origin, "locked" in found.trouble)
"""
    secret_service.run(script)
    secret_service.lock()
    assert secret_service.run(script).stdout == "nowhere True\n"


def test_importing_and_asking_the_environment_touch_no_keyring(tmp_path: Path) -> None:
    script = """
import sys
from proxy_core.catalogue.values import Provider
from proxy_core.config.key_store import KeyringStore
from proxy_core.config.keys import Keys
from proxy_core.config.settings import Engine
provider = Provider("openai", "OpenAI", Engine.DIRECT, key_variables=("OPENAI_API_KEY",))
found = Keys({"OPENAI_API_KEY": "sk-env"}, {}, KeyringStore()).for_provider(provider)
assert found.secret.reveal() == "sk-env"
assert "keyring" not in sys.modules, "keyring was imported"
"""
    python(script, without_a_bus(tmp_path))
