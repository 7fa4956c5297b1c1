"""Which version of Understudy this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """Of the package that is installed."""
    try:
        return metadata.version("understudy")
    except metadata.PackageNotFoundError:  # run from a checkout that was never installed
        return "unknown"
