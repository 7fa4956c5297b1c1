"""What the tests of the configuration share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.secret_service import secret_service

__all__ = ["secret_service"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the settings file is to stand; nothing is there yet."""
    return tmp_path / "understudy" / "settings.toml"
