"""The entry point of the installed program: ``understudy/__main__.py`` of every package is this file."""

from __future__ import annotations

import os
import sys


def start() -> None:
    """Start the app as a program of its own, after giving OpenSSL certificates where it has none."""
    sys.argv[0] = sys.executable
    if sys.platform == "darwin":
        import certifi  # noqa: PLC0415 - Linux and Windows have a system store

        from proxy_core.launch import own_certificates  # noqa: PLC0415

        # Briefcase's Python for macOS has none: github.com/beeware/Python-Apple-support/issues/119
        own_certificates.give(os.environ, certifi.where())
    from app.main import main  # noqa: PLC0415

    main()


if __name__ == "__main__":
    start()
