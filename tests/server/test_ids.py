"""Ids are long, never given twice, and those of one moment stand together."""

from __future__ import annotations

import re
import time

from proxy_core.server.request_ids import Ids


def test_each_is_another() -> None:
    new_id, other = Ids(time.time), Ids(time.time)
    drawn = [new_id() for _ in range(1000)] + [other() for _ in range(1000)]
    assert len(set(drawn)) == 2000
    assert all(re.fullmatch("[0-9a-f]{24}", each) for each in drawn)


def test_those_of_one_moment_stand_together_and_are_told_apart_by_eight_digits() -> None:
    now = 1_795_000_000.0
    new_id = Ids(lambda: now)
    together = [new_id() for _ in range(100)]
    assert len({each[:2] for each in together}) == 1
    assert len({each[:8] for each in together}) == 100
    now += 0.1
    assert new_id()[:2] != together[0][:2]
