"""The settings file on the disk: read with a sentence for what is wrong, written whole or not at all, never lost.

A file that is not TOML is set aside under a name of its own and the last good copy takes its place. Writing changes
only the keys that differ, so that comments, order and unknown keys stay; it is one rename, so that a crash at any point
leaves the old settings or the new. A lock file keeps two processes from changing it at the same time.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proxy_core.config import atomic_file
from proxy_core.config.paths import private_folder
from proxy_core.config.settings import VERSION, Settings
from proxy_core.config.settings_schema import changed_keys, parse
from proxy_core.errors import ConfigError

Clock = Callable[[], float]
"""Return Unix time in seconds."""

Edit = Callable[[Settings], Settings]
"""Return what the file should say, from what it says."""

Mark = tuple[int, int, int] | None
"""Change time in nanoseconds, size and inode of a file; None for one that is not there or out of reach."""

LOCK_TIMEOUT: Final = 5.0
"""Seconds that a change waits for another process's; one takes a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings in a file, a sentence for each thing that was wrong with it, and the file's mark before reading."""

    settings: Settings
    troubles: tuple[str, ...] = ()
    mark: Mark = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class _Content:
    """A file's bytes and its mark before they were read. ``broken`` says why they are no TOML document."""

    mark: Mark
    data: bytes | None
    document: Mapping[str, Any] = field(default_factory=dict)
    broken: str = ""

    @property
    def loaded(self) -> Loaded:
        return Loaded(*parse(self.document), self.mark)


def good_copy(path: Path) -> Path:
    """Return where the last good copy of the settings file at ``path`` is kept."""
    return path.with_name(f"{path.name}.good")


def mark_of(path: Path) -> Mark:
    """Return the mark of the file at ``path``: another one means that it may have changed."""
    try:
        found = path.stat()
    except OSError:  # reading it says why
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load(path: Path, clock: Clock = time.time) -> Loaded:
    """Return the settings at ``path``; the defaults where there is no file.

    A broken file is kept as ``<name>.broken-<time>`` and replaced by the last good copy. A file without troubles is
    copied as the last good one. Raises ConfigError when the file is there and cannot be read.
    """
    content = _read(path)
    if content.broken:
        with _locked(path):
            return _recovered(path, clock)[0]  # read again: another process may have replaced it meanwhile
    loaded = content.loaded
    if content.data is None or loaded.troubles:
        return loaded
    return Loaded(loaded.settings, _keep_good_copy(path, content.data), loaded.mark)


def read(path: Path) -> Loaded:
    """Return the settings at ``path``, nothing written. Raises ConfigError when it is broken, gone or unreadable."""
    content = _read(path)
    if content.data is None:
        raise ConfigError(f"The settings file {path} is gone; the settings stay as they were.")
    if content.broken:
        raise ConfigError(f"The settings file {path} is broken ({content.broken}); the settings stay as they were.")
    return content.loaded


def change(
    path: Path, edit: Edit, clock: Clock = time.time, *, accept: Callable[[Loaded], None] = lambda _: None
) -> Loaded:
    """Read, edit and write while no other process of ours does: no change of theirs is lost.

    ``edit``, and ``accept`` with what is about to be written, are called under the lock and must not take it again;
    where one of them raises, nothing is written. Only the keys that differ are touched. A broken file is set aside
    first (the result's troubles say so), a newer version's copied to ``<name>.version-<number>``. Raises ConfigError
    when it cannot be written or stays locked for :data:`LOCK_TIMEOUT`; it is then as it was.
    """
    from proxy_core.config import settings_writer  # noqa: PLC0415 - most runs only read

    with _locked(path):
        before, content = _recovered(path, clock)
        new = edit(before.settings)
        changes = changed_keys(before.settings, new)
        if not changes:
            accept(before)
            return before
        written = settings_writer.updated((content.data or b"").decode("utf-8-sig"), content.document, changes)
        if written is None or parse(written[1])[0] != new:
            raise ConfigError(f"The settings file {path} cannot hold these settings; nothing was written.")
        accept(Loaded(new, before.troubles))
        try:
            _keep_newer_version(path, content)
            atomic_file.write(path, written[0].encode())
        except OSError as error:
            raise ConfigError(f"The settings could not be written to {path}: {_reason(error)}.") from error
        mark = mark_of(path)
        return Loaded(new, (*before.troubles, *_keep_good_copy(path, written[0].encode())), mark)


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


def _read(path: Path) -> _Content:
    mark = mark_of(path)  # before reading: a write in between is then noticed
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _Content(mark, None)
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {_reason(error)}.") from error
    try:
        return _Content(mark, data, tomllib.loads(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _Content(mark, data, broken=f"not UTF-8 text at line {line}")
    except tomllib.TOMLDecodeError as error:
        return _Content(mark, data, broken=str(error))
    except RecursionError:
        return _Content(mark, data, broken="nested too deeply")


def _recovered(path: Path, clock: Clock) -> tuple[Loaded, _Content]:
    """Read the file; set a broken one aside, put the last good copy in its place, and say both. Needs the lock."""
    content = _read(path)
    if not content.broken:
        return content.loaded, content
    good = _read(good_copy(path))
    try:
        aside = _set_aside(path, content.data or b"", clock)
        kept = f"The settings file {path} is broken ({content.broken}). It is kept as {aside.name}."
        if good.data is None or good.broken:
            os.unlink(path)  # noqa: PTH108 - the step that tests interrupt
            return Loaded(Settings(), (f"{kept} The defaults are used.",)), _Content(None, None)
        atomic_file.write(path, good.data)
    except OSError as error:
        raise ConfigError(
            f"The settings file {path} is broken ({content.broken}) and cannot be set aside: {_reason(error)}. "
            "Mend it or move it away."
        ) from error
    settings, troubles = parse(good.document)
    return Loaded(settings, (f"{kept} The last good settings are used.", *troubles), mark_of(path)), good


def _set_aside(path: Path, content: bytes, clock: Clock) -> Path:
    """Copy the broken file to a name that no other has; return the one that is there already if it is the same."""
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


def _keep_newer_version(path: Path, content: _Content) -> None:
    version = content.document.get("version", VERSION)
    if isinstance(version, int) and version > VERSION:
        kept = path.with_name(f"{path.name}.version-{version}")
        if not kept.exists():
            atomic_file.write(kept, content.data or b"")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
