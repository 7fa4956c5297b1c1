"""The settings file: read with what is wrong in it told, written whole or not at all, never lost.

A file that is not TOML is set aside under a name of its own and the last good copy takes its place. Writing changes
only the keys that differ, so that comments, order and unknown keys stay; it is one rename, so that a crash at any point
leaves the old settings or the new. A lock file keeps two processes from changing it at the same time.
"""

from __future__ import annotations

import os
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy_core.config import atomic_file, settings_edit, settings_form
from proxy_core.config.paths import private_folder
from proxy_core.config.settings import VERSION, Settings
from proxy_core.errors import ConfigError

Clock = Callable[[], float]
"""Unix time in seconds."""

LOCK_TIMEOUT: Final = 5.0
"""Seconds that a change waits for another process's; one takes a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in force, and a sentence for each thing that was wrong on the way to them."""

    settings: Settings
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Broken:
    """A file's bytes are no TOML document; ``why`` names the line."""

    why: str


def good_copy(path: Path) -> Path:
    """Where the last good copy of the settings file at ``path`` is kept."""
    return path.with_name(f"{path.name}.good")


def load(path: Path, clock: Clock = time.time) -> Loaded:
    """The settings at ``path``; the defaults where there is no file.

    A broken file is kept as ``<name>.broken-<time>`` and replaced by the last good copy. A file without troubles is
    copied as the last good one. Raises ConfigError when the file is there and cannot be read.
    """
    content = _content(path)
    if content is None:
        return Loaded(Settings())
    document = _parse(content)
    if isinstance(document, _Broken):
        with _locked(path):
            return _read_or_recover(path, clock)[0]  # read again: another process may have replaced it meanwhile
    settings, troubles = settings_form.read(document)
    return Loaded(settings, troubles or _keep_good_copy(path, content))


def look(path: Path) -> Loaded:
    """The settings at ``path``, nothing on disk touched. Raises ConfigError when it is broken, gone or unreadable."""
    content = _content(path)
    if content is None:
        raise ConfigError(f"The settings file {path} is gone; the settings stay as they were.")
    document = _parse(content)
    if isinstance(document, _Broken):
        raise ConfigError(f"The settings file {path} is broken ({document.why}); the settings stay as they were.")
    return Loaded(*settings_form.read(document))


def save(path: Path, settings: Settings, clock: Clock = time.time) -> Loaded:
    """Make the file at ``path`` say ``settings``: :func:`change` with nothing of what it said before."""
    return change(path, lambda _: settings, clock)


def change(path: Path, edit: Callable[[Settings], Settings], clock: Clock = time.time) -> Loaded:
    """Read, edit and write while no other process of ours does: no change of theirs is lost.

    ``edit`` is called under the lock and must not take it again. Only the keys that differ are touched. A broken file
    is set aside first (the result's troubles say so), a newer version's copied to ``<name>.version-<number>``. Raises
    ConfigError when it cannot be written or stays locked for :data:`LOCK_TIMEOUT`; it is then as it was.
    """
    with _locked(path):
        before, content = _read_or_recover(path, clock)
        new = edit(before.settings)
        todo = settings_form.changes(before.settings, new)
        if not todo:
            return before
        content = content or b""
        written = settings_edit.edited(content.decode("utf-8-sig"), todo)
        if written is None or settings_form.read(tomllib.loads(written))[0] != new:
            raise ConfigError(f"The settings file {path} cannot hold these settings; nothing was written.")
        try:
            _keep_newer_version(path, content)
            atomic_file.write(path, written.encode())
            atomic_file.write(good_copy(path), written.encode())
        except OSError as error:
            raise ConfigError(f"The settings could not be written to {path}: {_reason(error)}.") from error
        return Loaded(new, before.troubles)


class SettingsSource:
    """The settings in force while the program runs: a change of the file is seen within ``every`` seconds.

    ``report`` gets each new trouble once. A file that becomes broken, unreadable or goes away changes nothing. Any
    thread may ask: those that find a look at the file due wait for each other, so that nobody goes back to older ones.
    """

    def __init__(
        self,
        path: Path,
        report: Callable[[str], None],
        *,
        monotonic: Clock = time.monotonic,
        every: float = 1.0,
    ) -> None:
        self._path = path
        self._report = report
        self._monotonic = monotonic
        self._every = every
        self._looking = threading.Lock()
        self._seen = _mark(path)  # before reading: a write in between is then noticed
        loaded = load(path)
        self._settings = loaded.settings
        self._looked = monotonic()
        self._told = frozenset[str]()
        for trouble in self._new(loaded.troubles):
            report(trouble)

    def current(self) -> Settings:
        """The settings now: the same object as long as nothing changed."""
        if self._is_fresh():
            return self._settings
        with self._looking:
            troubles = () if self._is_fresh() else self._look()
        for trouble in troubles:  # outside of the lock: who is told may ask for the settings
            self._report(trouble)
        return self._settings

    def look_again(self) -> None:
        """Have the file looked at the next time, however soon that is. From any thread."""
        self._looked = float("-inf")

    def _is_fresh(self) -> bool:
        return self._monotonic() - self._looked < self._every

    def _look(self) -> tuple[str, ...]:
        """Read the file if it changed; the troubles that were not told yet."""
        self._looked = self._monotonic()  # before looking: whoever wants another look meanwhile gets it
        mark = _mark(self._path)
        if mark == self._seen:
            return ()
        self._seen = mark
        try:
            loaded = look(self._path)
        except ConfigError as error:
            return self._new((error.message,))
        if loaded.settings != self._settings:
            self._settings = loaded.settings
        return self._new(loaded.troubles)

    def _new(self, troubles: tuple[str, ...]) -> tuple[str, ...]:
        before, self._told = self._told, frozenset(troubles)
        return tuple(trouble for trouble in troubles if trouble not in before)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes and threads from changing the file at ``path``. Raises ConfigError."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - most runs only read

    target = Path(os.path.realpath(path))
    try:
        private_folder(target.parent)
        with FileLock(target.with_name(f".{target.name}.lock"), timeout=LOCK_TIMEOUT, mode=0o600):
            yield
    except Timeout as error:
        raise ConfigError(f"The settings file {path} is being changed by another process. Try again.") from error
    except OSError as error:
        raise ConfigError(f"The settings could not be written to {path}: {_reason(error)}.") from error


def _read_or_recover(path: Path, clock: Clock) -> tuple[Loaded, bytes | None]:
    """The settings at ``path`` and the bytes they were read from; None for those where there is no file."""
    content = _content(path)
    if content is None:
        return Loaded(Settings()), None
    document = _parse(content)
    if isinstance(document, _Broken):
        recovered = _recover(path, content, document, clock)
        return recovered, _content(path)
    return Loaded(*settings_form.read(document)), content


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:  # gone or out of reach: reading it says which
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {_reason(error)}.") from error


def _parse(content: bytes) -> Mapping[str, Any] | _Broken:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _Broken(f"not UTF-8 text at line {line}")
    except tomllib.TOMLDecodeError as error:
        return _Broken(str(error))
    except RecursionError:
        return _Broken("nested too deeply")


def _recover(path: Path, content: bytes, broken: _Broken, clock: Clock) -> Loaded:
    """Set the broken file aside, put the last good copy in its place, and say both."""
    good = _content(good_copy(path))
    document = None if good is None else _parse(good)
    try:
        aside = _set_aside(path, content, clock)
        if good is None or document is None or isinstance(document, _Broken):
            os.unlink(path)  # noqa: PTH108 - the step that tests interrupt
            return Loaded(Settings(), (_broken_sentence(path, broken, aside, "The defaults are used."),))
        atomic_file.write(path, good)
    except OSError as error:
        raise ConfigError(
            f"The settings file {path} is broken ({broken.why}) and cannot be set aside: {_reason(error)}. "
            "Mend it or move it away."
        ) from error
    settings, troubles = settings_form.read(document)
    return Loaded(settings, (_broken_sentence(path, broken, aside, "The last good settings are used."), *troubles))


def _broken_sentence(path: Path, broken: _Broken, aside: Path, now: str) -> str:
    return f"The settings file {path} is broken ({broken.why}). It is kept as {aside.name}. {now}"


def _set_aside(path: Path, content: bytes, clock: Clock) -> Path:
    """A copy of the broken file under a name that no other has; the one that is there already if it is the same."""
    for earlier in path.parent.glob(f"{path.name}.broken-*"):
        if earlier.read_bytes() == content:
            return earlier
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock()))
    aside = path.with_name(f"{path.name}.broken-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{stamp}-{number}")
    atomic_file.write(aside, content)
    return aside


def _keep_good_copy(path: Path, content: bytes) -> tuple[str, ...]:
    kept = good_copy(path)
    try:
        if not kept.exists() or kept.read_bytes() != content:
            atomic_file.write(kept, content)
    except OSError as error:
        return (f"No copy of the settings could be kept at {kept}: {_reason(error)}.",)
    return ()


def _keep_newer_version(path: Path, content: bytes) -> None:
    version = tomllib.loads(content.decode("utf-8-sig")).get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        kept = path.with_name(f"{path.name}.version-{version}")
        if not kept.exists():
            atomic_file.write(kept, content)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
