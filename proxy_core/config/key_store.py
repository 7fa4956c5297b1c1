"""Where keys are kept: the system's keyring behind a port, and memory for when there is none. Never a file.

The keyring is reached with the ``keyring`` library, and only through the backends that are the system's own: a backend
that writes plain text (keyrings.alt), keeps nothing (null) or is unknown is refused.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from proxy_core.config.secret import Secret
from proxy_core.errors import ConfigError, KeyringClosed, NoKeyring

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE: Final = "understudy"
"""What our entries in the keyring stand under; an entry's user name is the provider's id."""

_SYSTEM_BACKENDS: Final = frozenset(
    {
        "keyring.backends.SecretService",
        "keyring.backends.libsecret",
        "keyring.backends.kwallet",
        "keyring.backends.macOS",
        "keyring.backends.Windows",
    }
)

_NO_KEYRING: Final = (
    "There is no keyring to keep keys in. On Linux a Secret Service is needed (GNOME Keyring, KWallet or KeePassXC) "
    "and a session bus; without them set the key in the environment."
)
_LOCKED: Final = "The keyring is locked. Unlock it (on most desktops: log in again, or open its passwords app)."

_UNREACHABLE: Final = (
    "The keyring cannot be reached. Check that GNOME Keyring, KWallet or KeePassXC runs, and try again."
)

_ONE_AT_A_TIME: Final = threading.Lock()
"""Held while a question is put: gnome-keyring-daemon serves clients in threads that are not kept apart, and of several
at once it may find no item, no collection, or end; the bus then starts another one, whose keyring is locked.
"""

Answer = TypeVar("Answer")


class KeyOrigin(StrEnum):
    """Where a key was found."""

    ENVIRONMENT = "environment"
    DOTENV = ".env"
    KEYRING = "keyring"
    MEMORY = "memory"
    NOWHERE = "nowhere"


class KeyStore(Protocol):
    """Keeps secrets by name. Every method may block and raises ConfigError when the store cannot be used:
    :class:`KeyringClosed` where that is so for every name, :class:`NoKeyring` where there is no store at all.
    """

    @property
    def origin(self) -> KeyOrigin:
        """What to call a key that was found here."""
        ...

    def get(self, name: str) -> Secret | None:
        """The secret kept under ``name``."""
        ...

    def set(self, name: str, secret: Secret) -> None:
        """Keep ``secret`` under ``name``, instead of what was there."""
        ...

    def remove(self, name: str) -> bool:
        """Forget what is kept under ``name``; False when nothing was."""
        ...

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of ``among`` under which something is kept, in the order given: a keyring cannot list."""
        ...


class MemoryStore:
    """Keeps secrets until the process ends."""

    origin: Final = KeyOrigin.MEMORY

    def __init__(self) -> None:
        self._kept: dict[str, Secret] = {}

    def get(self, name: str) -> Secret | None:
        """The secret kept under ``name``."""
        return self._kept.get(name)

    def set(self, name: str, secret: Secret) -> None:
        """Keep ``secret`` under ``name``."""
        self._kept[name] = secret

    def remove(self, name: str) -> bool:
        """Forget what is kept under ``name``."""
        return self._kept.pop(name, None) is not None

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of ``among`` under which something is kept."""
        return tuple(name for name in among if name in self._kept)

    def secrets(self) -> tuple[Secret, ...]:
        """All that are kept."""
        return tuple(self._kept.values())


class KeyringStore:
    """The system's keyring. A call blocks while the system asks the user to unlock it; use it off the event loop."""

    origin: Final = KeyOrigin.KEYRING

    def get(self, name: str) -> Secret | None:
        """The secret kept under ``name``."""
        found = _ask(lambda backend: backend.get_password(SERVICE, name))
        return None if found is None else Secret(found)

    def set(self, name: str, secret: Secret) -> None:
        """Keep ``secret`` under ``name``."""
        _ask(lambda backend: backend.set_password(SERVICE, name, secret.reveal()))

    def remove(self, name: str) -> bool:
        """Forget what is kept under ``name``."""

        def forget(backend: KeyringBackend) -> bool:
            if backend.get_password(SERVICE, name) is None:
                return False
            backend.delete_password(SERVICE, name)
            return True

        return _ask(forget)

    def names(self, among: Iterable[str]) -> tuple[str, ...]:
        """Those of ``among`` under which something is kept; one look-up each."""
        return _ask(lambda backend: tuple(name for name in among if backend.get_password(SERVICE, name) is not None))

    def backend(self) -> str:
        """The name of the keyring in use, for a person; raises ConfigError where there is none."""
        return _ask(lambda backend: backend.name)


def _ask(question: Callable[[KeyringBackend], Answer]) -> Answer:
    """Put ``question`` to the system's keyring, and what goes wrong into a sentence."""
    from keyring import errors  # noqa: PLC0415 - 25 ms; a key in the environment needs none

    try:
        with _ONE_AT_A_TIME:
            return question(_backend())
    except _locked_errors() as error:
        raise KeyringClosed(_LOCKED) from error
    except errors.NoKeyringError as error:
        raise NoKeyring(_NO_KEYRING) from error
    except errors.InitError as error:
        if _has_no_collection(error):
            raise NoKeyring(_NO_KEYRING) from error
        raise KeyringClosed(_UNREACHABLE) from error
    except _other_errors() as error:
        # The backend's own text stays out of the sentence: it may name what was to be kept.
        raise ConfigError(f"The keyring did not do what it was asked ({type(error).__name__}). Try again.") from error


def _backend() -> KeyringBackend:
    """The system's own keyring among those found, or the one that the user's keyring configuration names."""
    import keyring  # noqa: PLC0415
    from keyring.backends import chainer, fail  # noqa: PLC0415
    from keyring.errors import NoKeyringError  # noqa: PLC0415

    found = keyring.get_keyring()
    if isinstance(found, fail.Keyring) and (started := _started_since()) is not None:
        keyring.set_keyring(started)
        found = started
    if isinstance(found, chainer.ChainerBackend):
        # Not the chain itself: where one link cannot write, it goes on to the next, which may be a plain file.
        chained: list[KeyringBackend] = [backend for backend in found.backends if _is_the_systems(backend)]
        if chained:
            return chained[0]
    if isinstance(found, (fail.Keyring, chainer.ChainerBackend)):
        raise NoKeyringError
    if not _is_the_systems(found):
        raise NoKeyring(
            f"The keyring library is set to {type(found).__module__}.{type(found).__qualname__}, which is not the "
            "system's keyring. Keys are not kept in files: remove that setting (PYTHON_KEYRING_BACKEND, keyringrc.cfg) "
            "or install a Secret Service."
        )
    return found


def _started_since() -> KeyringBackend | None:
    """A system keyring that was started after this process, as KeePassXC may be at login.

    The library looks for backends once. None where the user's keyring configuration names a backend.
    """
    from keyring import backend, core  # noqa: PLC0415

    if core.load_env() is not None or core.load_config() is not None:
        return None
    viable = [found for found in backend.KeyringBackend.get_viable_backends() if found.__module__ in _SYSTEM_BACKENDS]
    return max(viable, key=backend.by_priority)() if viable else None


def _is_the_systems(backend: KeyringBackend) -> bool:
    return type(backend).__module__ in _SYSTEM_BACKENDS


def _has_no_collection(error: Exception) -> bool:
    """Whether a Secret Service has no collection and nobody was there to agree to a first one."""
    try:
        from secretstorage import PromptDismissedException  # noqa: PLC0415
    except ImportError:  # only Linux has it
        return False
    return isinstance(error.__cause__, PromptDismissedException)


def _locked_errors() -> tuple[type[Exception], ...]:
    """keyring's error, and what the Secret Service's client raises where one is locked between two of its calls."""
    from keyring.errors import KeyringLocked  # noqa: PLC0415

    try:
        from secretstorage import LockedException  # noqa: PLC0415
    except ImportError:  # only Linux has it
        return (KeyringLocked,)
    return (KeyringLocked, LockedException)


def _other_errors() -> tuple[type[Exception], ...]:
    """keyring's errors, and what the Secret Service's client raises besides them where it is installed."""
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        from jeepney import DBusErrorResponse  # type: ignore[import-untyped]  # noqa: PLC0415
        from secretstorage import SecretStorageException  # noqa: PLC0415
    except ImportError:  # only Linux has them
        return (KeyringError, OSError)
    return (KeyringError, OSError, DBusErrorResponse, SecretStorageException)
