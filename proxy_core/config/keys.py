"""Which key goes to which provider: from the environment, a ``.env`` file, the keyring, or memory for this run.

A base URL that a ``.env`` file names is given only keys that stand in the same file: a project's ``.env`` must not be
able to send a key of the environment or of the keyring to an address of its own.

What the store said last counts until it says something else: a store that is locked, hangs or is slow takes nothing
away that was known.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from proxy_core.config.environment import TOKEN_VARIABLE
from proxy_core.config.key_store import KeyOrigin, KeyringStore, KeyStore, MemoryStore
from proxy_core.config.local_token import new_local_token
from proxy_core.config.secret import Secret
from proxy_core.config.store_worker import SYSTEM_KEYRING, StoreWorker
from proxy_core.errors import ConfigError, KeyringClosed, NoKeyring

LOCAL_TOKEN: Final = "local-token"  # noqa: S105 - the name of an entry
"""What the local token stands under in the keyring; no provider may be called so."""

REQUEST_WAIT: Final = 2.0
"""Seconds that a request waits for a keyring that has not answered yet."""

TOKEN_FRESH_FOR: Final = 30.0
"""Seconds after which the local token is looked up again: so long one that another process replaced is still good."""

_SHORTEST_TOKEN: Final = 16
"""Characters that UNDERSTUDY_TOKEN has at least: guesses are not slowed down."""

_PROMPT_AFTER: Final = 1.0
"""Seconds after which a keyring that turns out to be locked is taken to have asked a person for the password."""

_LEFT_ALONE: Final = 30.0
"""Seconds for which a person who did not unlock the keyring is not asked again, nor a missing keyring looked for."""

_LOCKED_FOR: Final = 3.0
"""Seconds for which a keyring that said at once that it is locked is not asked for what is not known yet."""

_APART: Final = 1.0
"""Seconds between two looks for a token that was not known: guesses are not to keep the keyring busy."""

_PROBE: Final = "understudy-probe"
"""A name under which nothing is kept: asking for it shows whether the store answers."""

Result = TypeVar("Result")


class Missing(StrEnum):
    """Why there is no key."""

    NOT_SET = "not set"
    UNREADABLE = "unreadable"
    """The store cannot be read now, and may hold one."""
    WITHHELD = "withheld"
    """A ``.env`` file names the base URL and holds no key for it."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key and where it comes from; ``variable`` names the variable for the first two origins.

    ``trouble`` says why a key that may be there was not found or not taken (the keyring is locked, a variable holds a
    placeholder); it never repeats the key. ``missing`` counts where ``secret`` is None.
    """

    secret: Secret | None
    origin: KeyOrigin
    variable: str = ""
    trouble: str = ""
    missing: Missing = Missing.NOT_SET


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

    @property
    def needs_key(self) -> bool:
        """Whether a call without a key is of no use."""
        ...


@dataclass(frozen=True, slots=True)
class _Read:
    """What the store said of a name last, and when it was asked."""

    at: float
    found: FoundKey


@dataclass(frozen=True, slots=True)
class _Closed:
    """The store could not be used, for no name. ``alone`` is for how many seconds it is not asked again."""

    at: float
    error: KeyringClosed | NoKeyring
    alone: float


class Keys:
    """Finds keys, and changes those in the store. May be used from several threads.

    The store is asked in a thread of its own. Methods called ``known…`` do not wait for it, ``find…`` wait in an event
    loop, for ``request_wait`` seconds, and the others in the caller's thread, until one question has been open for
    ``patience`` seconds; ``slow`` is called once, after two seconds of that. An answer that is older than ``fresh_for``
    seconds still counts, and has the store asked again. Raises ConfigError for a UNDERSTUDY_TOKEN that cannot be one.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        dotenv: Mapping[str, str],
        store: KeyStore,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        fresh_for: float = 5.0,
        request_wait: float = REQUEST_WAIT,
        patience: float = REQUEST_WAIT,
        slow: Callable[[], None] = lambda: None,
    ) -> None:
        self._environ = environ
        self._dotenv = dotenv
        self._store = store
        self._memory = MemoryStore()
        self._monotonic = monotonic
        self._fresh_for = fresh_for
        self._request_wait = request_wait
        self._patience = patience
        self._slow: Callable[[], None] | None = slow
        self._worker = SYSTEM_KEYRING if isinstance(store, KeyringStore) else StoreWorker()
        self._lock = threading.Lock()
        self._read: dict[str, _Read] = {}
        self._failed: dict[str, tuple[float, str]] = {}
        self._asking: dict[str, Future[None]] = {}
        self._closed: _Closed | None = None
        self._seen: set[str] = set()
        self._fixed_token = _given_token(environ)
        self._former_token: tuple[float, Secret] | None = None

    def for_provider(self, provider: KeyOwner, *, base_url_from_dotenv: bool = False) -> FoundKey:
        """The key for ``provider``; with ``base_url_from_dotenv`` one of the same file alone. Does not raise."""
        given = self._given(provider, base_url_from_dotenv=base_url_from_dotenv)
        if not _is_settled(given):
            self._ask_and_wait(provider.id)
        return self._or_stored(given, provider)

    def known_for(self, provider: KeyOwner, *, base_url_from_dotenv: bool = False) -> FoundKey:
        """As :meth:`for_provider`, by what the store said last. Does not ask it."""
        return self._or_stored(self._given(provider, base_url_from_dotenv=base_url_from_dotenv), provider)

    async def find(self, provider: KeyOwner, *, base_url_from_dotenv: bool = False) -> FoundKey:
        """As :meth:`for_provider`, for a request: what the store said once is not waited for again.

        Except where it said that there is no key and one is needed, for one may have been set since.
        """
        given = self._given(provider, base_url_from_dotenv=base_url_from_dotenv)
        if not _is_settled(given) and not self._is_fresh(provider.id, self._fresh_for):
            read = self._read.get(provider.id)
            is_needed = read is None or (read.found.secret is None and provider.needs_key)
            asking = self._ask(provider.id, is_needed=is_needed)
            if asking is not None and is_needed:
                await self._worker.wait_async(asking, self._request_wait)
        return self._or_stored(given, provider)

    def set(self, name: str, text: str) -> None:
        """Keep a key in the store under a provider's id. Raises ConfigError.

        A person who is asked to unlock the store may take longer than this waits: then it is kept after this raised.
        """
        secret = clean(text, "The key")

        def keep() -> None:
            self._store.set(name, secret)
            self._memory.remove(name)
            self._note(name, self._store.get(name), self._monotonic())

        self._result(keep)

    def keep_for_this_run(self, name: str, text: str) -> None:
        """Keep a key in memory, because there is no keyring and the user goes on. Raises ConfigError."""
        self._memory.set(name, clean(text, "The key"))

    def remove(self, name: str) -> bool:
        """Forget a key in the store and in memory; False when there was none. Raises ConfigError."""
        in_memory = self._memory.remove(name)

        def remove() -> bool:
            was_there = self._store.remove(name)
            self._note(name, None, self._monotonic())
            return was_there

        return self._result(remove) or in_memory

    def seen(self) -> tuple[str, ...]:
        """Every key and token of this run, to be taken out of what is written down; also those that were replaced.

        Never asks the store: what was not found there was sent nowhere.
        """
        with self._lock:
            for source in (self._environ, self._dotenv):
                self._seen.update(
                    value.strip() for name, value in source.items() if name.upper().endswith(_SECRET_NAMES)
                )
            self._seen.update(secret.reveal() for secret in self._memory.secrets())
            return tuple(self._seen)

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of ``among`` that have a key in the store or in memory. Raises ConfigError."""
        candidates = tuple(among)
        stored = {*self._result(lambda: self._store.names(candidates)), *self._memory.names(candidates)}
        return tuple(name for name in candidates if name in stored)

    def check_store(self) -> None:
        """Raise what keeps the store from being read now: KeyringClosed, NoKeyring or another ConfigError."""
        is_answered = self._ask_and_wait(_PROBE)
        if self._closed is not None:
            raise self._closed.error
        if not is_answered:
            raise KeyringClosed(_NO_ANSWER)
        if (failed := self._failed.get(_PROBE)) is not None:
            raise ConfigError(failed[1])

    @property
    def may_be_readable(self) -> bool:
        """Whether it is worth asking a store again that could not be read, and no person has just refused that."""
        if self._worker.open_for >= self._request_wait:
            return False
        closed = self._closed
        return closed is None or self._monotonic() - closed.at >= closed.alone == _LOCKED_FOR

    def local_token(self) -> FoundKey:
        """The token that lets clients in; made where the store says that it holds none.

        For this run only where there is no keyring. None where the store cannot be read, for it may hold one. Not read
        from ``.env``, which may come with somebody else's project.
        """
        if self._fixed_token is None:
            self._ask_and_wait(LOCAL_TOKEN)
        return self._fixed_token or self._stored(LOCAL_TOKEN)

    def known_local_token(self) -> Secret | None:
        """The token as it was last read; None before that. It is looked up again behind the call from time to time."""
        if self._fixed_token is not None:
            return self._fixed_token.secret
        if not self._is_fresh(LOCAL_TOKEN, TOKEN_FRESH_FOR):
            self._ask(LOCAL_TOKEN, is_needed=LOCAL_TOKEN not in self._read)
        return self._stored(LOCAL_TOKEN).secret

    def former_local_token(self) -> Secret | None:
        """The token before the present one, while it is still good."""
        former = self._former_token
        return former[1] if former is not None and self._monotonic() < former[0] else None

    async def find_local_token(self) -> FoundKey:
        """The token by a question that is put after this call, if the store answers it in time.

        However often this is called, the store is asked once a second at most.
        """
        if self._fixed_token is not None:
            return self._fixed_token
        called, was_read = self._monotonic(), LOCAL_TOKEN in self._read
        if self._is_fresh(LOCAL_TOKEN, _APART):
            await asyncio.sleep(_APART)
        asking = self._asking.get(LOCAL_TOKEN)
        if asking is not None and was_read:  # put before the call, perhaps
            await self._worker.wait_async(asking, self._request_wait)
        read = self._read.get(LOCAL_TOKEN)
        if read is None or (was_read and read.at < called):
            asking = self._ask(LOCAL_TOKEN, is_needed=True)
            if asking is not None:
                await self._worker.wait_async(asking, self._request_wait)
        return self._stored(LOCAL_TOKEN)

    def use_token_of_this_run(self) -> Secret:
        """A token that no store keeps, for a proxy that serves nobody but the process it lives in."""
        if self._fixed_token is None or self._fixed_token.secret is None:
            token = new_local_token()
            self._fixed_token = FoundKey(token, KeyOrigin.MEMORY)
            self._add_seen(token)
            return token
        return self._fixed_token.secret

    def renew_local_token(self) -> FoundKey:
        """A new local token in the place of the old one: every client has to be given it.

        For this run only where there is no keyring. Raises ConfigError where there is one that does not take it.
        """
        token = new_local_token()

        def renew() -> None:
            try:
                self._store.set(LOCAL_TOKEN, token)
                kept = self._store.get(LOCAL_TOKEN)  # two that renew at once then agree on the one that was kept
            except NoKeyring as error:
                self._note_closed(error, self._monotonic())
                self._note_token(_of_this_run(token, error.message), self._monotonic(), former_for=TOKEN_FRESH_FOR)
                return
            if kept is None:
                raise ConfigError("The keyring did not keep the new token.")
            self._closed = None
            self._note_token(FoundKey(kept, self._store.origin), self._monotonic(), former_for=TOKEN_FRESH_FOR)

        self._result(renew)
        return self._stored(LOCAL_TOKEN)

    def _given(self, provider: KeyOwner, *, base_url_from_dotenv: bool) -> FoundKey:
        """What environment, ``.env`` and memory hold; a value that cannot be a key is passed over and said."""
        trouble = ""
        sources = [(self._dotenv, KeyOrigin.DOTENV)]
        if not base_url_from_dotenv:
            sources.insert(0, (self._environ, KeyOrigin.ENVIRONMENT))
        for source, origin in sources:
            for variable in provider.key_variables:
                value = source.get(variable, "").strip()
                if not value:
                    continue
                place = variable if origin is KeyOrigin.ENVIRONMENT else f"{variable} in .env"
                if _PLACEHOLDER.fullmatch(value):
                    trouble = trouble or f"{place} holds a placeholder, not a key."
                    continue
                try:
                    return FoundKey(clean(value, place), origin, variable)
                except ConfigError as error:
                    trouble = trouble or error.message
        if base_url_from_dotenv:
            return FoundKey(None, KeyOrigin.NOWHERE, trouble=trouble or _WITHHELD, missing=Missing.WITHHELD)
        if in_memory := self._memory.get(provider.id):
            return FoundKey(in_memory, KeyOrigin.MEMORY)
        return FoundKey(None, KeyOrigin.NOWHERE, trouble=trouble)

    def _or_stored(self, given: FoundKey, provider: KeyOwner) -> FoundKey:
        if _is_settled(given):
            return given
        stored = self._stored(provider.id)
        return replace(stored, trouble=given.trouble) if stored.secret is None and given.trouble else stored

    def _stored(self, name: str) -> FoundKey:
        """What the store said of ``name`` last, or why it did not."""
        read = self._read.get(name)
        if read is not None and read.found.secret is not None:
            return read.found
        if (closed := self._closed) is not None:
            missing = Missing.UNREADABLE if isinstance(closed.error, KeyringClosed) else Missing.NOT_SET
            return FoundKey(None, KeyOrigin.NOWHERE, trouble=closed.error.message, missing=missing)
        if (failed := self._failed.get(name)) is not None:
            return FoundKey(None, KeyOrigin.NOWHERE, trouble=failed[1], missing=Missing.UNREADABLE)
        if read is None:
            return FoundKey(None, KeyOrigin.NOWHERE, trouble=_NO_ANSWER, missing=Missing.UNREADABLE)
        return read.found

    def _is_fresh(self, name: str, seconds: float) -> bool:
        read = self._read.get(name)
        return read is not None and self._monotonic() - read.at < seconds

    def _is_left_alone(self, *, is_needed: bool) -> bool:
        if (closed := self._closed) is None:
            return False
        return self._monotonic() - closed.at < (closed.alone if is_needed else _LEFT_ALONE)

    def _ask(self, name: str, *, is_needed: bool) -> Future[None] | None:
        """The open question for ``name``, put now where there was none; None where the store is not to be asked now.

        Whoever needs the answer is served before those that only look whether something has changed.
        """
        with self._lock:
            if name in self._asking:
                return self._asking[name]
            failed = self._failed.get(name)
            if failed is not None and self._monotonic() - failed[0] < self._fresh_for:
                return None
            if self._is_left_alone(is_needed=is_needed):
                return None
            asking = self._worker.ask(lambda: self._answer(name, is_needed=is_needed), first=is_needed)
            self._asking[name] = asking
            return asking

    def _ask_and_wait(self, name: str) -> bool:
        """Ask for ``name``, unless it was answered just now; False where there is no answer yet."""
        if self._is_fresh(name, self._fresh_for):
            return True
        asking = self._ask(name, is_needed=True)
        return asking is None or self._wait(asking)

    def _wait(self, answer: Future[Any]) -> bool:
        def tell() -> None:
            slow, self._slow = self._slow, None
            if slow is not None:
                slow()

        return self._worker.wait(answer, self._patience, slow=tell)

    def _result(self, question: Callable[[], Result]) -> Result:
        """The answer to a question that changes the store or lists it. Raises what that raises."""
        answer = self._worker.ask(question, first=True)
        if not self._wait(answer):
            answer.cancel()  # unless it is open: then a person may be typing the password
            raise KeyringClosed(_NO_ANSWER)
        return answer.result()

    def _answer(self, name: str, *, is_needed: bool) -> None:
        """Put the question for ``name`` to the store; in the worker's thread."""
        began = self._monotonic()
        try:
            if self._is_left_alone(is_needed=is_needed):  # as the question before this one showed
                return
            if name == LOCAL_TOKEN:
                self._note_token(self._read_token(), began)
            else:
                self._note(name, self._store.get(name), began)
        except (KeyringClosed, NoKeyring) as error:
            self._note_closed(error, began)
        except ConfigError as error:
            self._failed[name] = (self._monotonic(), error.message)
        except Exception as error:  # noqa: BLE001 - out of a keyring's own code: nobody waits for it who could handle it
            self._failed[name] = (self._monotonic(), f"The keyring failed ({type(error).__name__}). Try again.")
        else:
            self._failed.pop(name, None)
            self._closed = None
        finally:
            with self._lock:
                self._asking.pop(name, None)

    def _read_token(self) -> FoundKey:
        """The token in the store. Where the store says that it holds none, the present one is kept in it, or a new."""
        kept = self._store.get(LOCAL_TOKEN)
        if kept is None:
            token = self._stored(LOCAL_TOKEN).secret or new_local_token()
            try:
                self._store.set(LOCAL_TOKEN, token)
                kept = self._store.get(LOCAL_TOKEN)  # two that start at once then agree on the one that was kept
            except (KeyringClosed, NoKeyring):
                raise
            except ConfigError as error:
                return _of_this_run(token, error.message)
            if kept is None:
                return _of_this_run(token, "The keyring did not keep it.")
        return FoundKey(kept, self._store.origin)

    def _note(self, name: str, secret: Secret | None, at: float) -> None:
        self._read[name] = _Read(at, FoundKey(secret, self._store.origin if secret else KeyOrigin.NOWHERE))
        self._failed.pop(name, None)
        self._closed = None
        if secret is not None:
            self._add_seen(secret)

    def _note_token(self, found: FoundKey, at: float, *, former_for: float = 0.0) -> None:
        """The token is ``found``. Another before it is good for as long as if nobody had looked, or ``former_for``."""
        before = self._read.get(LOCAL_TOKEN)
        if before is not None and before.found.secret is not None and before.found.secret != found.secret:
            if before.found.origin is KeyOrigin.MEMORY:
                former_for = TOKEN_FRESH_FOR
            until = max(before.at + TOKEN_FRESH_FOR, self._monotonic() + former_for)
            self._former_token = (until, before.found.secret)
        self._read[LOCAL_TOKEN] = _Read(at, found)
        if found.secret is not None:
            self._add_seen(found.secret)

    def _note_closed(self, error: KeyringClosed | NoKeyring, began: float) -> None:
        now = self._monotonic()
        at_once = isinstance(error, KeyringClosed) and now - began < _PROMPT_AFTER
        self._closed = _Closed(now, error, _LOCKED_FOR if at_once else _LEFT_ALONE)
        if isinstance(error, NoKeyring) and LOCAL_TOKEN not in self._read:
            self._note_token(_of_this_run(new_local_token(), error.message), now)

    def _add_seen(self, secret: Secret) -> None:
        with self._lock:
            self._seen.add(secret.reveal())


_NO_ANSWER: Final = "The keyring is locked or does not answer. Unlock it, and try again."
_WITHHELD: Final = (
    "The base URL comes from a .env file, so only a key in the same file is sent there: put the key beside it, or set "
    "the base URL in the environment or in the settings."
)
_TOKEN_FOR_THIS_RUN: Final = "The local token is kept in memory and changes with the next start."  # noqa: S105

_SECRET_NAMES: Final = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
"""How the names of variables end that hold what nobody should read."""

_PLACEHOLDER: Final = re.compile(r"(?i)<.*>|your[-_ ].*|.*\.\.\.|x{6,}|changeme")
"""What the example files of such proxies have where a key should stand."""


def _is_settled(given: FoundKey) -> bool:
    """Whether the store has no say."""
    return given.secret is not None or given.missing is Missing.WITHHELD


def _of_this_run(token: Secret, why: str) -> FoundKey:
    return FoundKey(token, KeyOrigin.MEMORY, trouble=f"{_TOKEN_FOR_THIS_RUN} {why}")


def _given_token(environ: Mapping[str, str]) -> FoundKey | None:
    """The environment's token. Raises ConfigError where it cannot be one."""
    given = environ.get(TOKEN_VARIABLE, "").strip()
    if not given:
        return None
    token = clean(given, TOKEN_VARIABLE)
    if len(given) < _SHORTEST_TOKEN:
        raise ConfigError(
            f"{TOKEN_VARIABLE} is too short to be safe: it needs at least {_SHORTEST_TOKEN} characters. Set a longer "
            "one, or unset it, and Understudy makes its own."
        )
    return FoundKey(token, KeyOrigin.ENVIRONMENT, TOKEN_VARIABLE)


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
