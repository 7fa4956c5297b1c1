"""What the tests of the configuration share."""

from __future__ import annotations

from tests.support.secret_service import secret_service

__all__ = ["secret_service"]
