"""A request as a curl command for a POSIX shell, with a place for the token in it and no token."""

from __future__ import annotations

import shlex


def as_curl(address: str, path: str, body: bytes) -> str:
    """The command that sends ``body`` to ``path`` of the proxy at ``address`` again."""
    return "\n".join(
        (
            f"curl -sS {shlex.quote(address + path)} \\",
            "  -H 'content-type: application/json' \\",
            "  -H 'anthropic-version: 2023-06-01' \\",
            '  -H "x-api-key: $UNDERSTUDY_TOKEN" \\',
            f"  --data-binary {shlex.quote(body.decode('utf-8', 'replace'))}",
        )
    )
