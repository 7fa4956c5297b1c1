"""The ledger of whoever runs a command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from proxy_core.ledger.reading import Ledger


def open_ledger() -> Ledger:
    """It, to be asked; it need not be there yet. Whoever asks closes it."""
    from proxy_core.config import paths
    from proxy_core.ledger.reading import Ledger

    return Ledger(paths.find(os.environ).ledger_file)
