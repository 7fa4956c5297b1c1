"""Ids are random, long, and never given twice."""

from __future__ import annotations

import re

from proxy_core.runtime.random_ids import RandomIds


def test_each_is_another() -> None:
    new_id, other = RandomIds(), RandomIds()
    drawn = [new_id() for _ in range(1000)] + [other() for _ in range(1000)]
    assert len(set(drawn)) == 2000
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in drawn)
