"""Which key goes to which provider: from the environment, a ``.env`` file, the keyring, or memory for this run.

A base URL that a ``.env`` file named is given only keys that stand in that file or in the environment: a project's
``.env`` must not be able to send a key of the keyring to an address of its own.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from proxy_core.config.environment import TOKEN_VARIABLE
from proxy_core.config.key_store import KeyStore, MemoryStore, Origin
from proxy_core.config.local_token import new_local_token
from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError, KeyringClosed

LOCAL_TOKEN: Final = "local-token"  # noqa: S105 - the name of an entry
"""What the local token stands under in the keyring; no provider may be called so."""

_CLOSED_FOR: Final = 30.0
"""Seconds for which a keyring that did not open is not asked for another key: each question may ask a person for the
password, and there are as many questions as providers.
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and where it comes from; ``variable`` names the variable for the first two origins.

    ``trouble`` says why a key that may be there was not found or not taken (the keyring is locked, a variable holds a
    placeholder); it never repeats the key.
    """

    secret: Secret | None
    origin: Origin
    variable: str = ""
    trouble: str = ""


class KeyOwner(Protocol):
    """What has to be known of a provider here; ``proxy_core.catalogue.values.Provider`` is one."""

    @property
    def id(self) -> str:
        """Its id, and its key's name in the keyring."""
        ...

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The variables that may hold its key, the usual one first."""
        ...


class Keys:
    """Finds keys, and changes those in the store.

    What the store said is remembered for ``fresh_for`` seconds, so that a key set by another process is seen soon.
    ``store`` may block: what is asked of the store is asked in the caller's thread. May be used from several threads.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        dotenv: Mapping[str, str],
        store: KeyStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        fresh_for: float = 5.0,
    ) -> None:
        self._environ = environ
        self._dotenv = dotenv
        self._store = store
        self._memory = MemoryStore()
        self._monotonic = monotonic
        self._fresh_for = fresh_for
        self._answers: dict[str, tuple[float, FoundKey]] = {}
        self._closed = (0.0, "")
        self._seen: set[str] = set()

    def for_provider(self, provider: KeyOwner, *, base_url_from_dotenv: bool = False) -> FoundKey:
        """The key for ``provider``; with ``base_url_from_dotenv`` none of the keyring's. May block; does not raise."""
        found = self.peek(provider, base_url_from_dotenv=base_url_from_dotenv)
        return found or _or_trouble(self._ask_store(provider.id), self._given(provider.key_variables))

    def peek(self, provider: KeyOwner, *, base_url_from_dotenv: bool = False) -> FoundKey | None:
        """As :meth:`for_provider` where that needs no look into the store, else None. Never blocks."""
        given = self._given(provider.key_variables)
        if given.secret is not None:
            return given
        if base_url_from_dotenv:
            return FoundKey(None, Origin.NOWHERE, trouble=given.trouble or _NO_KEY_FOR_DOTENV)
        if in_memory := self._memory.get(provider.id):
            return FoundKey(in_memory, Origin.MEMORY)
        remembered = self._remembered(provider.id)
        return None if remembered is None else _or_trouble(remembered, given)

    def set(self, name: str, text: str) -> None:
        """Keep a key in the store under a provider's id. Raises ConfigError."""
        self._store.set(name, clean(text, "The key"))
        self._memory.remove(name)
        self.forget(name)

    def keep_for_this_run(self, name: str, text: str) -> None:
        """Keep a key in memory, because there is no keyring and the user goes on. Raises ConfigError."""
        self._memory.set(name, clean(text, "The key"))

    def remove(self, name: str) -> bool:
        """Forget a key in the store and in memory; False when there was none. Raises ConfigError."""
        in_memory = self._memory.remove(name)
        self.forget(name)
        return self._store.remove(name) or in_memory

    def seen(self) -> tuple[str, ...]:
        """Every key and token of this run, to be taken out of what is written down; also those that were replaced.

        Never asks the store: what was not found there was sent nowhere.
        """
        for source in (self._environ, self._dotenv):
            self._seen.update(value.strip() for name, value in source.items() if name.upper().endswith(_SECRET_NAMES))
        found = [answer.secret for _, answer in tuple(self._answers.values())]
        self._seen.update(secret.reveal() for secret in (*found, *self._memory.secrets()) if secret is not None)
        return tuple(self._seen)

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of ``among`` that have a key in the store or in memory. Raises ConfigError."""
        candidates = tuple(among)
        stored = {*self._store.names(candidates), *self._memory.names(candidates)}
        return tuple(name for name in candidates if name in stored)

    def forget(self, name: str | None = None) -> None:
        """Ask the store anew the next time, for ``name`` or for all."""
        self._closed = (0.0, "")
        if name is None:
            self._answers.clear()
        else:
            self._answers.pop(name, None)

    def local_token(self) -> FoundKey:
        """The token that lets clients in; made on first use, for this run only where there is no keyring.

        Not read from ``.env``, which may come with somebody else's project. Raises ConfigError for a
        UNDERSTUDY_TOKEN that cannot be one. May block.
        """
        if given := self._environ.get(TOKEN_VARIABLE, "").strip():
            return FoundKey(clean(given, TOKEN_VARIABLE), Origin.ENVIRONMENT, TOKEN_VARIABLE)
        if in_memory := self._memory.get(LOCAL_TOKEN):
            return FoundKey(in_memory, Origin.MEMORY, trouble=_TOKEN_FOR_THIS_RUN)
        found = self._remembered(LOCAL_TOKEN) or self._ask_store(LOCAL_TOKEN)
        if found.trouble:  # there may be one in the keyring: it is not overwritten
            return self._token_in_memory(new_local_token(), found.trouble)
        return found if found.secret else self.renew_local_token()

    def renew_local_token(self) -> FoundKey:
        """A new local token in the place of the old one: every client has to be given it. May block."""
        token = new_local_token()
        try:
            self._store.set(LOCAL_TOKEN, token)
        except ConfigError as error:
            return self._token_in_memory(token, error.message)
        self._memory.remove(LOCAL_TOKEN)
        self.forget(LOCAL_TOKEN)
        kept = self._ask_store(LOCAL_TOKEN)  # two that start at once then agree on the one that was kept
        return kept if kept.secret else self._token_in_memory(token, "The keyring did not keep it.")

    def _token_in_memory(self, token: Secret, why: str) -> FoundKey:
        self._memory.set(LOCAL_TOKEN, token)
        return FoundKey(token, Origin.MEMORY, trouble=f"{_TOKEN_FOR_THIS_RUN} {why}")

    def _given(self, variables: tuple[str, ...]) -> FoundKey:
        """What the environment and ``.env`` hold; a value that cannot be a key is passed over and said."""
        trouble = ""
        for source, origin in ((self._environ, Origin.ENVIRONMENT), (self._dotenv, Origin.DOTENV)):
            for variable in variables:
                value = source.get(variable, "").strip()
                if not value:
                    continue
                place = variable if origin is Origin.ENVIRONMENT else f"{variable} in .env"
                if _PLACEHOLDER.fullmatch(value):
                    trouble = trouble or f"{place} holds a placeholder, not a key."
                    continue
                try:
                    return FoundKey(clean(value, place), origin, variable)
                except ConfigError as error:
                    trouble = trouble or error.message
        return FoundKey(None, Origin.NOWHERE, trouble=trouble)

    def _remembered(self, name: str) -> FoundKey | None:
        now = self._monotonic()
        at, answer = self._answers.get(name, _NEVER)
        if now - at < self._fresh_for:
            return answer
        until, why = self._closed
        return FoundKey(None, Origin.NOWHERE, trouble=why) if now < until else None

    def _ask_store(self, name: str) -> FoundKey:
        try:
            secret = self._store.get(name)
            found = FoundKey(secret, self._store.origin if secret else Origin.NOWHERE)
        except KeyringClosed as error:
            self._closed = (self._monotonic() + _CLOSED_FOR, error.message)
            return FoundKey(None, Origin.NOWHERE, trouble=error.message)
        except ConfigError as error:  # remembered too: what went wrong once is not asked at every request
            found = FoundKey(None, Origin.NOWHERE, trouble=error.message)
        self._answers[name] = (self._monotonic(), found)
        return found


_NEVER: Final = (-math.inf, FoundKey(None, Origin.NOWHERE))
_NO_KEY_FOR_DOTENV: Final = (
    "The base URL comes from a .env file, so that no key of the keyring is sent there: put the key beside it."
)
_TOKEN_FOR_THIS_RUN: Final = "The local token is kept in memory and changes with the next start."  # noqa: S105

_SECRET_NAMES: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
"""How the names of variables end that hold what nobody should read."""

_PLACEHOLDER: Final = re.compile(r"(?i)<.*>|your[-_ ].*|.*\.\.\.|x{6,}|changeme")
"""What the example files of such proxies have where a key should stand."""


def _or_trouble(stored: FoundKey, given: FoundKey) -> FoundKey:
    """What the store said, with why the environment gave nothing where the store gave nothing either."""
    return replace(stored, trouble=given.trouble) if not stored.secret and given.trouble else stored


def clean(text: str, what: str) -> Secret:
    """A key as it was pasted, without the blanks around it.

    Raises ConfigError, which names it ``what`` and does not repeat it, when it is empty or cannot stand in a header.
    """
    key = text.strip()
    if not key:
        raise ConfigError(f"{what} is empty.")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ConfigError(f"{what} holds characters that no key has (a blank, a line break, a letter with an accent).")
    return Secret(key)
