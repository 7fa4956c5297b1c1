"""Whether another process has written to the ledger: told from its file, where our own requests do not explain it."""

from __future__ import annotations

from pathlib import Path


class LedgerFileWatcher:
    """Ask :meth:`look` now and then. A change after a look in which we had news is taken for our own."""

    def __init__(self, ledger: Path) -> None:
        self._files = (ledger, ledger.with_name(f"{ledger.name}-wal"))
        self._seen = self._marks()
        self._ours = 2
        """How many looks are still ours: what we told is written a moment later. The first ones are, too."""

    def we_wrote(self) -> None:
        """A request of our own was told."""
        self._ours = 2

    def look(self) -> bool:
        """Whether somebody else wrote since the last look."""
        marks = self._marks()
        changed, self._seen = marks != self._seen, marks
        ours, self._ours = self._ours > 0, max(0, self._ours - 1)
        return changed and not ours

    def _marks(self) -> tuple[tuple[int, int] | None, ...]:
        return tuple(_mark(file) for file in self._files)


def _mark(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:  # not there yet
        return None
    return found.st_mtime_ns, found.st_size
