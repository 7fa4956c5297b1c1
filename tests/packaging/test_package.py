"""What the packages are made of and how: layout, licences, byte code, texts, and the workflow that releases them."""

from __future__ import annotations

import configparser
import importlib.util
import json
import marshal
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from types import CodeType
from typing import Any, Final

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.utils import canonicalize_name

from app.cli import line
from resources.packaging import bundle, finish, licences, package, try_deb

ROOT: Final = bundle.ROOT
PACKAGING: Final = ROOT / "resources" / "packaging"
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUNTIME: Final = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
WORKFLOW: Final[dict[str, Any]] = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))


def test_the_layout_is_our_project_and_our_briefcase_file() -> None:
    made = tomllib.loads(bundle.project_file(PROJECT, '[tool.briefcase]\nbundle = "a.b"\n', ["-rx.txt"], "9.8.7"))
    assert made["project"]["name"] == "understudy"
    assert made["project"]["version"] == "9.8.7"
    assert made["project"]["dependencies"] == ["-rx.txt"]
    assert made["project"]["license-files"] == PROJECT["license-files"]
    assert made["tool"] == {"uv": {}, "briefcase": {"bundle": "a.b"}}
    assert tomllib.loads(bundle.project_file(PROJECT, "", []))["project"]["version"] == PROJECT["version"]


def test_what_is_laid_out_starts_the_app_and_carries_no_leftovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "STAGE", tmp_path / "stage")
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage" / "old").touch()
    bundle.lay_out("system")
    assert not (tmp_path / "stage" / "old").exists()
    assert not list((tmp_path / "stage").rglob("__pycache__"))
    said = subprocess.run(
        [sys.executable, "-m", "understudy", "--version"],
        cwd=tmp_path / "stage",
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"understudy \d+\.\d+\.\d+\S*\n", said.stdout)
    assert (tmp_path / "stage" / "requirements.txt").read_text("utf-8") == RUNTIME


def test_a_list_of_requirements_keeps_every_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = bundle.requirement_lines(RUNTIME)
    assert len(lines) == len(re.findall(r"^[a-z0-9][^\n]*==", RUNTIME, re.MULTILINE))
    assert sum(each.count("--hash=sha256:") for each in lines) == RUNTIME.count("--hash=sha256:")
    assert all("/" not in each for each in lines), "Briefcase would take it for a folder"
    monkeypatch.setattr(bundle, "STAGE", tmp_path / "stage")
    bundle.lay_out("flatpak")
    laid_out = tomllib.loads((tmp_path / "stage" / "pyproject.toml").read_text("utf-8"))
    assert laid_out["project"]["dependencies"] == lines


@pytest.mark.parametrize("name", ["pyside6-essentials", "orjson", "tokenizers", "pydantic-core", "aiohttp", "uvloop"])
def test_compiled_packages_are_pinned_with_the_hashes_of_many_wheels(name: str) -> None:
    hashes = [each.count("--hash=") for each in bundle.requirement_lines(RUNTIME) if each.startswith(f"{name}==")]
    assert hashes
    assert min(hashes) >= 5, "fewer files than the systems and processors there are packages for"


def test_briefcase_is_pinned_by_hashes_too() -> None:
    lines = bundle.requirement_lines(package.PINNED.read_text("utf-8"))
    assert all(re.match(r"[a-z0-9._-]+==\S+( ; .+?)?( --hash=sha256:[0-9a-f]{64})+$", each) for each in lines)
    pinned = {each.split("==")[0]: each.split()[0] for each in lines}
    wanted = (PACKAGING / "requirements.in").read_text("utf-8").split()
    assert pinned["briefcase"] == "briefcase==0.4.7"
    assert {re.split("[=>]", each)[0] for each in wanted} <= set(pinned)


def test_the_dry_run_says_every_step_in_order_and_does_none(tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "resources.packaging.package", "--dry-run", "--as-version", "9.8.7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    commands = [each for each in done.stdout.splitlines() if "resources.packaging." in each and "$" in each]
    steps = [re.findall(r"resources\.packaging\.(?:bundle )?((?:--as-version \S+ )?\w+)", each)[0] for each in commands]
    assert steps == ["--as-version 9.8.7 create", "finish", "build", "package"]
    assert sorted(tmp_path.iterdir()) == before


def test_a_newer_version_is_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    major, minor, patch = PROJECT["version"].split(".")
    assert try_deb.newer_version() == f"{major}.{minor}.{int(patch) + 1}"


# ------------------------------------------------------------------------------------------------------------ licences


def runtime_packages(tmp_path: Path) -> Path:
    """A folder with the metadata of what is shipped, out of the environment of the tests."""
    names = {canonicalize_name(each.split("==")[0]) for each in bundle.requirement_lines(RUNTIME)}
    installed = Path(sysconfig.get_path("purelib")).glob("*.dist-info")
    for info in installed:
        if canonicalize_name(info.name.split("-")[0]) in names:
            (tmp_path / info.name).symlink_to(info)
    return tmp_path


def test_every_package_that_is_shipped_has_its_licence_text(tmp_path: Path) -> None:
    text = licences.collect(runtime_packages(tmp_path))
    chapters = text.split("=" * 100)[1:]
    assert len(chapters) == len(list(tmp_path.iterdir())) > 50
    assert all(len(chapter) > 400 for chapter in chapters)
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    (qt,) = [chapter for chapter in chapters if chapter.lstrip().startswith("PySide6_Essentials")]
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in qt


def test_a_package_without_a_text_stops_the_build(tmp_path: Path) -> None:
    info = tmp_path / "bare-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: bare\nVersion: 1.0\nLicense-Expression: MIT\n")
    with pytest.raises(licences.TextMissingError, match=r"bare \(MIT\)"):
        licences.collect(tmp_path)
    (info / "licenses").mkdir()
    (info / "licenses" / "LICENSE").write_text("As you like it.")
    assert "bare 1.0 (MIT)\n\nAs you like it." in licences.collect(tmp_path)


# -------------------------------------------------------------------------------------------------- the finished bundle


def test_byte_code_is_never_checked_and_names_the_place_it_will_be_at(tmp_path: Path) -> None:
    app = tmp_path / "usr" / "lib" / "understudy" / "app"
    packages = tmp_path / "usr" / "lib" / "understudy" / "app_packages"
    for folder in (app, packages):
        folder.mkdir(parents=True)
        (folder / "room.py").write_text("def f() -> int:\n    return 1\n")
    finish.compile_all(finish.Bundle(app, packages, tmp_path))
    for folder in (app, packages):
        compiled = Path(importlib.util.cache_from_source(str(folder / "room.py"))).read_bytes()
        assert int.from_bytes(compiled[4:8], "little") == 0b01, "hash-based, unchecked (PEP 552)"
        code: CodeType = marshal.loads(compiled[16:])
        assert code.co_filename == str(Path("/", (folder / "room.py").relative_to(tmp_path)))


def test_without_a_bundle_there_is_nothing_to_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finish, "STAGE", tmp_path)
    with pytest.raises(finish.NoBundleError, match="0 bundles"):
        finish.find()


@pytest.mark.skipif(sys.platform != "linux", reason="asks ldd")
def test_a_library_that_lost_another_stops_the_build(tmp_path: Path) -> None:
    """A library of Qt's, alone in a folder where it cannot find its kin."""
    libraries = Path(sysconfig.get_path("purelib")) / "PySide6" / "Qt" / "lib"
    alone = tmp_path / "PySide6" / "Qt" / "lib" / "libQt6Widgets.so.6"
    alone.parent.mkdir(parents=True)
    alone.write_bytes((libraries / "libQt6Widgets.so.6").read_bytes())
    with pytest.raises(finish.LibraryMissingError, match=r"libQt6Widgets\.so\.6 wants libQt6Core\.so\.6"):
        finish.check_libraries(tmp_path)


# ------------------------------------------------------------------------------------------------------- linux, texts


def template_file(suffix: str) -> Path:
    """The one file of the Linux template that ends so."""
    (found,) = (PACKAGING / "linux-system").rglob(f"*{suffix}")
    return found


def test_the_menu_entry_is_whole() -> None:
    values = {"app_name": "understudy", "formal_name": "Understudy"}
    text = template_file(".desktop").read_text("utf-8")
    for key, value in {**values, "description": PROJECT["description"]}.items():
        text = text.replace("{{ cookiecutter." + key + " }}", value)
    assert "{{" not in text
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the case
    entry.read_string(text)
    told = entry["Desktop Entry"]
    assert told["Type"] == "Application"
    assert told["Exec"] == told["TryExec"] == "understudy"
    assert told["Icon"] == told["StartupWMClass"] == "understudy", "as the app calls itself to the desktop"
    assert told["Terminal"] == "false"
    assert told["Categories"].endswith(";")


def test_the_templates_variables_are_those_it_declares() -> None:
    declared = set(json.loads((PACKAGING / "linux-system" / "cookiecutter.json").read_text("utf-8")))
    files = [file for file in (PACKAGING / "linux-system").rglob("*") if file.is_file()]
    used = {name for file in files for name in re.findall(r"cookiecutter\.(\w+)", f"{file} {file.read_text('utf-8')}")}
    used -= {"json"}
    assert used <= declared
    assert {name for name in declared if not name.startswith("_")} <= used


def test_the_man_page_names_every_command() -> None:
    page = (PACKAGING / "understudy.1").read_text("utf-8").replace("\\-", "-")
    commands = {command.name or command.callback.__name__ for command in line.registered_commands if command.callback}
    commands |= {str(group.name) for group in line.registered_groups}
    section = page.partition(".SH COMMANDS")[2].partition(".SH ENVIRONMENT")[0]
    assert {name for name in commands if not re.search(rf"^\.\w+ \"?{name}\b", section, re.MULTILINE)} == set()


@pytest.mark.parametrize("script", sorted((PACKAGING / "trial").glob("*.sh")), ids=lambda script: script.name)
def test_the_trials_scripts_can_be_read_by_their_shell(script: Path) -> None:
    shell = "sh" if script.read_text("utf-8").startswith("#!/bin/sh") else "bash"
    subprocess.run([shell, "-n", script], check=True)


# ------------------------------------------------------------------------------------------------------- the workflow


def steps() -> list[dict[str, Any]]:
    """Every step of every job."""
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_every_action_is_githubs_own_and_pinned_by_its_commit() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", each) for each in used)


def test_only_the_job_that_publishes_may_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    writing = {name for name, job in WORKFLOW["jobs"].items() if "write" in (job.get("permissions") or {}).values()}
    assert writing == {"publish"}
    assert all(step["with"]["persist-credentials"] is False for step in steps() if "checkout" in step.get("uses", ""))


def test_every_package_is_built_by_the_one_command_and_tried_before_it_is_published() -> None:
    jobs = WORKFLOW["jobs"]
    for name in ("linux", "desktop"):
        (built,) = [step["run"] for step in jobs[name]["steps"] if "resources.packaging" in step.get("run", "")]
        assert re.fullmatch(r"python3? -m resources\.packaging\.package", built)
    assert any("resources.packaging.try_deb" in step.get("run", "") for step in jobs["trial"]["steps"])
    assert set(jobs["publish"]["needs"]) == {"linux", "desktop", "trial"}
    assert {each["runner"].split("-")[0] for each in jobs["desktop"]["strategy"]["matrix"]["include"]} == {
        "macos",
        "windows",
    }
    text = json.dumps(jobs["publish"])
    assert "sha256sum" in text
    assert "attest-build-provenance" in text
