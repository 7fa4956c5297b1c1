"""Print the coverage of each module of the core from a report of coverage.py, and fail where it is under its floor.

    python -m resources.coverage_floors REPORT.json

The floors are in ``pyproject.toml``, ``[tool.understudy.coverage]``, in percent: for each package the share of its
branches, and ``module`` for each of its modules the share of lines and branches together; ``modules`` has exceptions.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]


class Coverage(NamedTuple):
    """What of a module or package is covered, in counts."""

    name: str
    lines: int
    lines_hit: int
    branches: int
    branches_hit: int

    @property
    def of_branches(self) -> float:
        """The share of its branches in percent; 100 where it has none."""
        return 100.0 * self.branches_hit / self.branches if self.branches else 100.0

    @property
    def of_all(self) -> float:
        """The share of its lines and branches together, in percent."""
        total = self.lines + self.branches
        return 100.0 * (self.lines_hit + self.branches_hit) / total if total else 100.0


def main(report: Path) -> int:
    """Print the table; return 1 when something is under its floor."""
    floors = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["understudy"]["coverage"]
    modules = list(read(json.loads(report.read_text("utf-8"))))
    for package, floor in floors["packages"].items():
        print(line(total(package, modules)), f"  at least {floor} % of branches", sep="")
        for module in modules_of(package, modules):
            print(line(module))
    found = [*below(floors, modules)]
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


def read(report: Mapping[str, Any]) -> Iterator[Coverage]:
    """Yield each module of a JSON report that counted branches."""
    for name, file in sorted(report["files"].items()):
        sums = file["summary"]
        counts = ("num_statements", "covered_lines", "num_branches", "covered_branches")
        yield Coverage(Path(name).as_posix(), *(sums[count] for count in counts))


def modules_of(package: str, modules: Iterable[Coverage]) -> list[Coverage]:
    """The modules of ``package``, a path with slashes."""
    return [module for module in modules if module.name.startswith(f"{package}/")]


def total(package: str, modules: Iterable[Coverage]) -> Coverage:
    """All modules of ``package`` together."""
    counts = [module[1:] for module in modules_of(package, modules)]
    return Coverage(package, *(sum(column) for column in zip(*counts, strict=True))) if counts else _none(package)


def below(floors: Mapping[str, Any], modules: Iterable[Coverage]) -> Iterator[str]:
    """Yield a sentence for each package and each module that is under its floor, or was not measured at all."""
    modules = list(modules)
    for package, floor in floors["packages"].items():
        whole = total(package, modules)
        if not whole.lines:
            yield f"{package} was not measured."
        elif whole.of_branches < floor:
            yield f"{package}: {whole.of_branches:.1f} % of its branches are covered, at least {floor} % are needed."
        for module in modules_of(package, modules):
            least = floors["modules"].get(module.name, floors["module"])
            if module.of_all < least:
                yield f"{module.name}: {module.of_all:.1f} % is covered, at least {least} % is needed."


def line(one: Coverage) -> str:
    """A row of the table."""
    hit = f"{one.branches_hit}/{one.branches}"
    return f"{one.name:<52} branches {one.of_branches:6.1f} % {hit:>9}   all {one.of_all:6.1f} %"


def _none(package: str) -> Coverage:
    return Coverage(package, 0, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
