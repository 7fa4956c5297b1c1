"""Finish a bundle between Briefcase's ``create`` and ``build``: licences, symbols, byte code.

    python -m resources.packaging.finish

Run by the Python that runs Briefcase, whose version the app will run on: byte code depends on it.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from resources.packaging import licences
from resources.packaging.bundle import STAGE

ELF: Final = b"\x7fELF"


class NoBundleError(Exception):
    """There is not exactly one bundle in the layout."""


class LibraryMissingError(Exception):
    """A library that was kept needs one that was left out: ``cleanup_paths`` in briefcase.toml is wrong."""


class Bundle(NamedTuple):
    """The folders of our code and packages in a bundle. ``root`` is what they are relative to once installed."""

    app: Path
    packages: Path
    root: Path


def find() -> Bundle:
    """Return the one bundle that ``create`` made. Raises NoBundleError."""
    indices = list((STAGE / "build").glob("understudy/*/*/briefcase.toml"))
    if len(indices) != 1:
        raise NoBundleError(f"{len(indices)} bundles under {STAGE / 'build'}; run the create step first.")
    folder = indices[0].parent
    paths = tomllib.loads(indices[0].read_text("utf-8"))["paths"]
    # On Linux the first part of the path is the root of the packaged tree.
    root = folder / Path(paths["app_path"]).parts[0] if sys.platform == "linux" else folder
    return Bundle(folder / paths["app_path"], folder / paths["app_packages_path"], root)


def add_licences(bundle: Bundle) -> None:
    """Write the texts where the window finds them, and on Linux where Debian's policy expects them."""
    text = bundle.app / "resources" / "licences.txt"
    text.write_text(licences.collect(bundle.packages), "utf-8")
    if sys.platform == "linux":
        documents = bundle.root / "usr" / "share" / "doc" / "understudy"
        documents.mkdir(parents=True, exist_ok=True)
        (documents / "licences.txt").symlink_to(os.path.relpath(text, documents))


def strip(packages: Path) -> None:
    """Remove from every ELF file the symbols that only a debugger reads. Raises CalledProcessError."""
    files = list(_elf_files(packages))
    for start in range(0, len(files), 100):
        subprocess.run(["strip", "--strip-unneeded", *files[start : start + 100]], check=True)


def _elf_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4) == ELF:
                    yield path


def check_libraries(packages: Path) -> None:
    """Check that each kept library of Qt and PySide finds those it needs. Raises LibraryMissingError."""
    wanted = []
    for file in _elf_files(packages / "PySide6"):
        told = subprocess.run(["ldd", file], capture_output=True, text=True, check=False).stdout
        lost = [line.split()[0] for line in told.splitlines() if "not found" in line]
        wanted += [
            f"{file.name} wants {name}" for name in lost if name.startswith(("libQt6", "libpyside", "libshiboken"))
        ]
    if wanted:
        raise LibraryMissingError("; ".join(wanted))


def compile_all(bundle: Bundle) -> None:
    """Write byte code beside every source, never checked against it: the installed app cannot write any."""
    for folder in (bundle.app, bundle.packages):
        compileall.compile_dir(
            folder,
            maxlevels=100,
            quiet=2,  # some packages contain sources for other Pythons
            workers=os.cpu_count() or 1,
            stripdir=str(bundle.root),
            prependdir="/" if sys.platform == "linux" else None,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


def main() -> None:
    """Do all of it for the existing bundle."""
    bundle = find()
    add_licences(bundle)
    if sys.platform == "linux":
        strip(bundle.packages)
        check_libraries(bundle.packages)
    compile_all(bundle)


if __name__ == "__main__":
    main()
