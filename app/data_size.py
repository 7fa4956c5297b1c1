"""How large something is on disk, as a person reads it. No Qt: the command line tells it too."""

from __future__ import annotations


def data_size(count: int) -> str:
    """``512 B``, ``48 kB``, ``1.2 MB``, ``12 MB``, ``3.4 GB``; a kB is 1,000 bytes."""
    if count < 1000:
        return f"{count} B"
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 9.95 and unit != "kB" else f"{size:,.0f} {unit}"
