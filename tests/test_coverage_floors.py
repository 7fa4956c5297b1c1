"""The floors of coverage: what is under one, or was not measured, is named."""

from __future__ import annotations

from typing import Any

from resources.coverage_floors import Coverage, below, read, total

FLOORS = {"module": 60, "modules": {"core/a/own.py": 10}, "packages": {"core/a": 80, "core/b": 80}}


def file(lines: tuple[int, int], branches: tuple[int, int]) -> dict[str, Any]:
    names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    return {"summary": dict(zip(names, (*lines, *branches), strict=True))}


def test_the_modules_of_a_package_are_added_up() -> None:
    report = {"files": {"core/a/x.py": file((10, 9), (4, 3)), "core/ab/y.py": file((5, 0), (0, 0))}}
    modules = list(read(report))
    assert modules == [Coverage("core/a/x.py", 10, 9, 4, 3), Coverage("core/ab/y.py", 5, 0, 0, 0)]
    whole = total("core/a", modules)
    assert (whole.lines, whole.of_branches) == (10, 75.0)
    assert round(whole.of_all, 1) == 85.7


def test_what_is_under_its_floor_is_named() -> None:
    modules = [Coverage("core/a/x.py", 10, 10, 10, 9), Coverage("core/a/y.py", 10, 5, 0, 0)]
    modules.append(Coverage("core/a/own.py", 10, 1, 0, 0))
    assert [*below(FLOORS, modules)] == [
        "core/a/y.py: 50.0 % is covered, at least 60 % is needed.",
        "core/b was not measured.",
    ]
    few = [Coverage("core/a/x.py", 10, 10, 10, 7), Coverage("core/b/z.py", 1, 1, 0, 0)]
    assert [*below(FLOORS, few)] == ["core/a: 70.0 % of its branches are covered, at least 80 % are needed."]
