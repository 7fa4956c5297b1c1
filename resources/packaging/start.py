"""What the installed program runs: ``understudy/__main__.py`` of every package is this file."""

from __future__ import annotations

import os
import sys


def start() -> None:
    """Be the app, which is a program by itself here, after giving OpenSSL its certificates where it has none."""
    sys.argv[0] = sys.executable
    if sys.platform == "darwin":
        import certifi  # noqa: PLC0415 - Linux and Windows have a store of their own

        from proxy_core.launch import own_certificates  # noqa: PLC0415

        # Briefcase's Python for macOS knows none: github.com/beeware/Python-Apple-support/issues/119
        own_certificates.give(os.environ, certifi.where())
    from app.main import main  # noqa: PLC0415

    main()


if __name__ == "__main__":
    start()
