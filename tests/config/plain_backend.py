"""A keyring backend that writes plain text, like keyrings.alt's: what must never be used."""

from __future__ import annotations

import os
from pathlib import Path

from keyring.backend import KeyringBackend


class PlaintextKeyring(KeyringBackend):
    """Writes to the file that ``PLAIN_FILE`` names."""

    priority = 0.5

    def get_password(self, service: str, username: str) -> str | None:
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        Path(os.environ["PLAIN_FILE"]).write_text(password)

    def delete_password(self, service: str, username: str) -> None:
        pass
