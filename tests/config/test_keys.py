"""Which key is found where, for how long an answer holds, and what never leaves the keyring."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import pytest

from proxy_core.catalogue.values import Provider
from proxy_core.config.key_store import KeyOrigin, MemoryStore
from proxy_core.config.keys import LOCAL_TOKEN, FoundKey, Keys, Missing, clean
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine
from proxy_core.errors import ConfigError, KeyringClosed, NoKeyring

OPENAI = Provider("openai", "OpenAI", Engine.DIRECT, key_variables=("OPENAI_API_KEY", "OPENAI_KEY"))
GROQ = Provider("groq", "Groq", Engine.DIRECT, key_variables=("GROQ_API_KEY",))


class FakeKeyring:
    """A keyring that counts how often it is asked, and can be locked."""

    origin = KeyOrigin.KEYRING

    def __init__(self, **kept: str) -> None:
        self.kept = {name: Secret(value) for name, value in kept.items()}
        self.asked = 0
        self.locked = False

    def _open(self) -> None:
        self.asked += 1
        if self.locked:
            raise KeyringClosed("The keyring is locked.")

    def get(self, name: str) -> Secret | None:
        self._open()
        return self.kept.get(name)

    def set(self, name: str, secret: Secret) -> None:
        self._open()
        self.kept[name] = secret

    def remove(self, name: str) -> bool:
        self._open()
        return self.kept.pop(name, None) is not None

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        self._open()
        return tuple(name for name in among if name in self.kept)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring() -> FakeKeyring:
    return FakeKeyring(openai="sk-keyring")


def test_the_environment_beats_dotenv_and_dotenv_the_keyring(keyring: FakeKeyring) -> None:
    environ, dotenv = {"OPENAI_KEY": "sk-env"}, {"OPENAI_API_KEY": "sk-dotenv"}
    assert Keys(environ, dotenv, keyring).for_provider(OPENAI) == FoundKey(
        Secret("sk-env"), KeyOrigin.ENVIRONMENT, "OPENAI_KEY"
    )
    assert Keys({}, dotenv, keyring).for_provider(OPENAI) == FoundKey(
        Secret("sk-dotenv"), KeyOrigin.DOTENV, "OPENAI_API_KEY"
    )
    assert keyring.asked == 0
    assert Keys({}, {}, keyring).for_provider(OPENAI) == FoundKey(Secret("sk-keyring"), KeyOrigin.KEYRING)
    assert Keys({}, {}, keyring).for_provider(GROQ) == FoundKey(None, KeyOrigin.NOWHERE)


def test_the_usual_variable_comes_first(keyring: FakeKeyring) -> None:
    environ = {"OPENAI_KEY": "second", "OPENAI_API_KEY": "first"}
    assert Keys(environ, {}, keyring).for_provider(OPENAI).secret == Secret("first")


def test_a_key_of_the_keyring_never_goes_where_a_dotenv_file_says(keyring: FakeKeyring) -> None:
    keys = Keys({}, {}, keyring)
    keys.keep_for_this_run("groq", "gsk-memory")
    for provider in (OPENAI, GROQ):
        keys.for_provider(provider)  # the answer that is remembered must not be given out either
        found = keys.for_provider(provider, base_url_from_dotenv=True)
        assert found.secret is None
        assert found.missing is Missing.WITHHELD
        assert ".env" in found.trouble
        assert keys.known_for(provider, base_url_from_dotenv=True) == found
        assert asyncio.run(keys.find(provider, base_url_from_dotenv=True)) == found


@pytest.mark.parametrize("variable", OPENAI.key_variables)
def test_a_key_of_the_environment_never_goes_where_a_dotenv_file_says(keyring: FakeKeyring, variable: str) -> None:
    keys = Keys({variable: "sk-environment"}, {}, keyring)
    found = keys.for_provider(OPENAI, base_url_from_dotenv=True)
    assert (found.secret, found.missing) == (None, Missing.WITHHELD)
    assert keys.for_provider(OPENAI).secret == Secret("sk-environment")


@pytest.mark.parametrize("variable", OPENAI.key_variables)
def test_a_key_of_the_same_file_does_before_one_of_the_environment(keyring: FakeKeyring, variable: str) -> None:
    keys = Keys({"OPENAI_API_KEY": "sk-environment"}, {variable: "sk-dotenv"}, keyring)
    found = keys.for_provider(OPENAI, base_url_from_dotenv=True)
    assert found == FoundKey(Secret("sk-dotenv"), KeyOrigin.DOTENV, variable)
    assert keyring.asked == 0


def test_an_answer_holds_for_a_few_seconds(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock, fresh_for=5.0)
    keys.for_provider(OPENAI)
    keys.for_provider(OPENAI)
    assert keyring.asked == 1
    keyring.kept["openai"] = Secret("sk-changed-by-another-process")
    clock.now += 4.9
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")
    clock.now += 0.1
    assert keys.known_for(OPENAI).secret == Secret("sk-keyring")
    assert keys.for_provider(OPENAI).secret == Secret("sk-changed-by-another-process")
    assert keyring.asked == 2


def test_that_there_is_no_key_holds_as_long(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    keys.for_provider(GROQ)
    keyring.kept["groq"] = Secret("gsk")
    assert keys.for_provider(GROQ).secret is None
    clock.now += 5
    assert keys.for_provider(GROQ).secret == Secret("gsk")


def test_a_key_that_is_set_is_found_at_once(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    keys.for_provider(GROQ)
    keys.set("groq", " gsk-new\n")
    assert keys.for_provider(GROQ) == FoundKey(Secret("gsk-new"), KeyOrigin.KEYRING)
    assert keys.names(["groq", "xai", "openai"]) == ("groq", "openai")
    assert keys.remove("groq") is True
    assert keys.for_provider(GROQ).secret is None
    assert keys.remove("groq") is False


def test_a_locked_keyring_is_said_and_asked_once_for_all_keys(keyring: FakeKeyring, clock: Clock) -> None:
    keyring.locked = True
    keys = Keys({}, {}, keyring, monotonic=clock)
    mistral = replace(OPENAI, id="mistral", key_variables=())
    found = [keys.for_provider(provider) for provider in (OPENAI, mistral, OPENAI)]
    assert (
        found == [FoundKey(None, KeyOrigin.NOWHERE, trouble="The keyring is locked.", missing=Missing.UNREADABLE)] * 3
    )
    assert keyring.asked == 1
    with pytest.raises(ConfigError, match="locked"):
        keys.set("openai", "sk-x")
    keyring.locked = False
    clock.now += 2.9
    assert keys.for_provider(OPENAI).secret is None
    clock.now += 0.1
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")


def test_a_person_who_did_not_unlock_the_keyring_is_left_alone(clock: Clock) -> None:
    class Asking(FakeKeyring):
        def _open(self) -> None:
            clock.now += 5 if self.locked else 0  # somebody looked at the prompt
            super()._open()

    keyring = Asking(openai="sk-keyring")
    keyring.locked = True
    keys = Keys({}, {}, keyring, monotonic=clock)
    assert keys.for_provider(OPENAI).secret is None
    keyring.locked = False
    clock.now += 29
    assert keys.for_provider(OPENAI).secret is None
    clock.now += 1
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")


def test_a_keyring_that_was_opened_by_setting_a_key_is_asked_at_once(keyring: FakeKeyring, clock: Clock) -> None:
    keyring.locked = True
    keys = Keys({}, {}, keyring, monotonic=clock)
    assert keys.for_provider(OPENAI).secret is None
    keyring.locked = False
    keys.set("mistral", "sk-mistral")
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")


def test_one_entry_that_cannot_be_read_hides_no_other(keyring: FakeKeyring, clock: Clock) -> None:
    class Damaged(FakeKeyring):
        def get(self, name: str) -> Secret | None:
            if name == "openai":
                raise ConfigError("The keyring did not do what it was asked (OSError). Try again.")
            return super().get(name)

    keys = Keys({}, {}, Damaged(mistral="sk-mistral"), monotonic=clock)
    assert "did not do" in keys.for_provider(OPENAI).trouble
    assert keys.for_provider(replace(OPENAI, id="mistral", key_variables=())).secret == Secret("sk-mistral")


def test_a_key_kept_for_this_run_needs_no_keyring(keyring: FakeKeyring) -> None:
    keyring.locked = True
    keys = Keys({}, {}, keyring)
    keys.keep_for_this_run("openai", "sk-memory")
    assert keys.for_provider(OPENAI) == FoundKey(Secret("sk-memory"), KeyOrigin.MEMORY)
    assert keyring.asked == 0


def test_a_memory_store_says_that_it_is_one() -> None:
    keys = Keys({}, {}, MemoryStore())
    keys.set("openai", "sk-memory")
    assert keys.for_provider(OPENAI).origin is KeyOrigin.MEMORY
    assert keys.names(["openai", "groq"]) == ("openai",)
    assert keys.remove("openai") is True


@pytest.mark.parametrize(
    "text",
    ["sk-...", "your-openai-key", "your_key_here", "<your key>", "YOUR-GOOGLE-AI-STUDIO-KEY", "xxxxxxxx", "changeme"],
)
def test_a_placeholder_of_an_example_file_is_not_a_key(keyring: FakeKeyring, text: str) -> None:
    assert Keys({}, {"OPENAI_API_KEY": text}, keyring).for_provider(OPENAI).origin is KeyOrigin.KEYRING
    found = Keys({}, {"GROQ_API_KEY": text}, keyring).for_provider(GROQ)
    assert (found.secret, found.trouble) == (None, "GROQ_API_KEY in .env holds a placeholder, not a key.")


@pytest.mark.parametrize("text", ["", " ", "sk-a\nsk-b", "sk-a\r\nX-Evil: 1", "sk-a b", "sk-\x00", "sk-é", "sk-\x7f"])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(keyring: FakeKeyring, text: str) -> None:
    keys = Keys({}, {}, keyring)
    for keep in (keys.set, keys.keep_for_this_run):
        with pytest.raises(ConfigError) as error:
            keep("groq", text)
        assert "sk-" not in error.value.message
    assert "groq" not in keyring.kept
    if text.strip():
        found = Keys({"GROQ_API_KEY": text}, {}, keyring).for_provider(GROQ)
        assert found.secret is None
        assert found.trouble.startswith("GROQ_API_KEY holds characters")
        assert "sk-" not in found.trouble


def test_a_key_is_stripped_and_does_not_show_itself() -> None:
    key = clean("  sk-secret-value\n", "The key")
    assert key.reveal() == "sk-secret-value"
    assert "secret-value" not in repr(FoundKey(key, KeyOrigin.KEYRING))


def test_the_local_token_of_the_environment_comes_first(keyring: FakeKeyring) -> None:
    keys = Keys({"UNDERSTUDY_TOKEN": " case-token-12345 "}, {}, keyring)
    assert keys.local_token() == FoundKey(Secret("case-token-12345"), KeyOrigin.ENVIRONMENT, "UNDERSTUDY_TOKEN")
    assert keyring.asked == 0
    with pytest.raises(ConfigError, match="UNDERSTUDY_TOKEN"):
        Keys({"UNDERSTUDY_TOKEN": "two words in a token"}, {}, keyring)


@pytest.mark.parametrize("token", ["x", "fifteen-letters"])
def test_a_token_that_can_be_guessed_is_refused_at_the_start(keyring: FakeKeyring, token: str) -> None:
    with pytest.raises(ConfigError, match=r"UNDERSTUDY_TOKEN.*at least 16 characters") as error:
        Keys({"UNDERSTUDY_TOKEN": token}, {}, keyring)
    assert token not in error.value.message.split()


def test_the_local_token_is_not_taken_from_dotenv(keyring: FakeKeyring) -> None:
    assert Keys({}, {"UNDERSTUDY_TOKEN": "known-to-others"}, keyring).local_token().secret != Secret("known-to-others")


def test_the_local_token_is_made_once_and_kept(keyring: FakeKeyring, clock: Clock) -> None:
    made = Keys({}, {}, keyring, monotonic=clock).local_token()
    assert made.origin is KeyOrigin.KEYRING
    assert made.secret is not None
    assert len(made.secret.reveal()) > 40
    later = Keys({}, {}, keyring, monotonic=clock)
    assert later.local_token() == made
    assert later.local_token() == made
    renewed = later.renew_local_token()
    assert renewed.secret != made.secret
    assert later.local_token() == renewed
    assert keyring.kept[LOCAL_TOKEN] == renewed.secret


def test_a_token_renewed_by_another_process_is_seen(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    keys.local_token()
    other = Keys({}, {}, keyring, monotonic=clock).renew_local_token()
    clock.now += 5
    assert keys.local_token() == other


class Absent(FakeKeyring):
    """Not there at all, until it is started."""

    is_there = False

    def _open(self) -> None:
        super()._open()
        if not self.is_there:
            raise NoKeyring("There is no keyring.")


def test_without_a_keyring_the_token_is_for_this_run_and_says_so(clock: Clock) -> None:
    keys = Keys({}, {}, Absent(), monotonic=clock)
    first = keys.local_token()
    assert first.origin is KeyOrigin.MEMORY
    assert "in memory" in first.trouble
    assert "no keyring" in first.trouble
    clock.now += 60
    assert keys.local_token().secret == first.secret, "the clients of this run keep their token"


def test_the_token_of_this_run_yields_to_that_of_a_keyring_that_is_there_after_all(clock: Clock) -> None:
    absent = Absent(**{LOCAL_TOKEN: "us-of-the-keyring-0123"})
    keys = Keys({}, {}, absent, monotonic=clock)
    first = keys.local_token()
    absent.is_there = True
    clock.now += 31
    assert keys.local_token() == FoundKey(Secret("us-of-the-keyring-0123"), KeyOrigin.KEYRING)
    assert keys.former_local_token() == first.secret, "those who have it are served a little longer"
    clock.now += 31
    assert keys.former_local_token() is None


def test_the_token_of_this_run_is_kept_in_an_empty_keyring_that_is_there_after_all(clock: Clock) -> None:
    absent = Absent()
    keys = Keys({}, {}, absent, monotonic=clock)
    first = keys.local_token()
    absent.is_there = True
    clock.now += 31
    assert keys.local_token() == FoundKey(first.secret, KeyOrigin.KEYRING)
    assert absent.kept[LOCAL_TOKEN] == first.secret


def test_no_token_is_made_where_a_locked_keyring_may_hold_one(keyring: FakeKeyring, clock: Clock) -> None:
    keyring.kept[LOCAL_TOKEN] = Secret("us-old-0123456789")
    keyring.locked = True
    keys = Keys({}, {}, keyring, monotonic=clock)
    assert keys.local_token() == FoundKey(
        None, KeyOrigin.NOWHERE, trouble="The keyring is locked.", missing=Missing.UNREADABLE
    )
    with pytest.raises(KeyringClosed):
        keys.renew_local_token()
    keyring.locked = False
    clock.now += 3
    assert keys.local_token() == FoundKey(Secret("us-old-0123456789"), KeyOrigin.KEYRING)


def test_what_was_read_outlives_a_keyring_that_locks(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    token = keys.local_token()
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")
    keyring.locked = True
    for _ in range(20):
        clock.now += 40
        assert keys.local_token().secret == token.secret
        assert keys.known_local_token() == token.secret
        assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")
    assert keyring.kept[LOCAL_TOKEN] == token.secret


def test_a_key_that_was_removed_elsewhere_is_used_until_the_keyring_says_so(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    keys.for_provider(OPENAI)
    del keyring.kept["openai"]
    keyring.locked = True
    clock.now += 10
    assert keys.for_provider(OPENAI).secret == Secret("sk-keyring")
    keyring.locked = False
    clock.now += 10
    assert keys.for_provider(OPENAI) == FoundKey(None, KeyOrigin.NOWHERE)


def test_a_token_that_the_keyring_lost_is_put_back(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    token = keys.local_token()
    keyring.kept.clear()
    clock.now += 40
    assert keys.local_token() == token
    assert keyring.kept[LOCAL_TOKEN] == token.secret


def test_a_replaced_token_is_good_for_half_a_minute(keyring: FakeKeyring, clock: Clock) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    first = keys.local_token().secret
    clock.now += 100
    second = keys.renew_local_token().secret
    assert (keys.known_local_token(), keys.former_local_token()) == (second, first)
    clock.now += 29
    assert keys.former_local_token() == first
    clock.now += 1
    assert keys.former_local_token() is None


def test_a_token_that_another_process_replaced_was_good_since_it_was_read_last(
    keyring: FakeKeyring, clock: Clock
) -> None:
    keys = Keys({}, {}, keyring, monotonic=clock)
    first = keys.local_token().secret
    keyring.kept[LOCAL_TOKEN] = Secret("us-by-another-process")
    clock.now += 20
    assert keys.local_token().secret == Secret("us-by-another-process")
    assert keys.former_local_token() == first
    clock.now += 10
    assert keys.former_local_token() is None


def test_a_keyring_that_keeps_nothing_is_noticed(clock: Clock) -> None:
    class Sieve(FakeKeyring):
        def set(self, name: str, secret: Secret) -> None:
            self._open()

    keys = Keys({}, {}, Sieve(), monotonic=clock)
    first = keys.local_token()
    assert first.origin is KeyOrigin.MEMORY
    clock.now += 60
    assert keys.local_token().secret == first.secret


def test_providers_without_variables_have_only_the_store(keyring: FakeKeyring) -> None:
    plain = replace(OPENAI, key_variables=())
    assert Keys({"": "sk-nothing"}, {}, keyring).for_provider(plain).origin is KeyOrigin.KEYRING
