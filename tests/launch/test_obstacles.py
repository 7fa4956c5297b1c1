"""What would overrule a launch: found, weighed, told with its place, and never touched."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from proxy_core.launch.installed import find_claude
from proxy_core.launch.obstacles import Obstacle, Severity, obstacles


class Machine:
    def __init__(self, root: Path) -> None:
        self.home, self.project, self.managed = root / "home", root / "project", root / "etc"
        self.environ: dict[str, str] = {}

    def user(self, settings: Any) -> Path:
        return _write(self.home / ".claude" / "settings.json", settings)

    def local(self, settings: Any) -> Path:
        return _write(self.project / ".claude" / "settings.local.json", settings)

    def administrator(self, settings: Any, name: str = "managed-settings.json") -> Path:
        return _write(self.managed / name, settings)

    @property
    def found(self) -> tuple[Obstacle, ...]:
        return obstacles(self.home, self.project, self.environ, self.managed)


def _write(path: Path, settings: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(settings if isinstance(settings, str) else json.dumps(settings))
    return path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_without_settings_has_none(machine: Machine) -> None:
    assert machine.found == ()


def test_what_the_launchs_own_settings_outrank_is_none(machine: Machine) -> None:
    machine.user(
        {"env": {"ANTHROPIC_BASE_URL": "https://corp", "ANTHROPIC_MODEL": "x", "CLAUDE_CODE_USE_BEDROCK": "1"}}
    )
    machine.local({"apiKeyHelper": "echo key", "model": "opus"})
    assert machine.found == ()


def test_a_token_in_an_env_block_changes_and_with_headers_it_stops(machine: Machine) -> None:
    path = machine.user({"env": {"ANTHROPIC_AUTH_TOKEN": "t"}})
    (found,) = machine.found
    assert (found.place, found.key, found.weight) == (path, "env.ANTHROPIC_AUTH_TOKEN", Severity.CHANGES)
    assert str(path) in found.sentence

    machine.user({"env": {"ANTHROPIC_AUTH_TOKEN": "t", "ANTHROPIC_CUSTOM_HEADERS": "a: b"}})
    assert machine.found[0].weight is Severity.STOPS


def test_no_sentence_repeats_a_value(machine: Machine) -> None:
    machine.user({"env": {"ANTHROPIC_AUTH_TOKEN": "sk-ant-secret", "ANTHROPIC_API_KEY": "sk-ant-secret"}})
    machine.administrator({"apiKeyHelper": "cat sk-ant-secret", "env": {"ANTHROPIC_BASE_URL": "https://sk-ant-secret"}})
    assert len(machine.found) == 4
    assert "sk-ant-secret" not in str(machine.found)


def test_a_managed_address_stops_a_launch(machine: Machine) -> None:
    path = machine.administrator({"env": {"ANTHROPIC_BASE_URL": "https://corp"}}, "managed-settings.d/10-corp.json")
    (found,) = machine.found
    assert (found.place, found.key, found.weight) == (path, "env.ANTHROPIC_BASE_URL", Severity.STOPS)


def test_a_managed_list_of_models_changes_it(machine: Machine) -> None:
    machine.administrator({"availableModels": ["opus"], "env": {"ANTHROPIC_DEFAULT_OPUS_MODEL": "x"}})
    assert {found.key for found in machine.found} == {"availableModels", "env.ANTHROPIC_DEFAULT_OPUS_MODEL"}
    assert {found.weight for found in machine.found} == {Severity.CHANGES}


def test_a_role_saved_as_the_model_is_told_because_claude_code_alone_would_not_find_it(machine: Machine) -> None:
    machine.user({"model": "understudy/big"})
    (found,) = machine.found
    assert found.key == "model"
    assert "understudy/big" in found.sentence


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    ("excepted", "stops"),
    [
        *[("corp.example", True), ("x127.0.0.1", True), ("127.0.0.1.evil.example", True), ("127.0.0.10", True)],
        *[("127.0.0.1,corp", False), ("corp 127.0.0.1", False), ("*", False), ("", False)],
    ],
)
def test_an_administrators_proxy_stops_it_unless_loopback_is_excepted(
    machine: Machine, name: str, excepted: str, stops: bool
) -> None:
    machine.administrator({"env": {"HTTPS_PROXY": "http://corp:3128", name: excepted}})
    assert [found.weight for found in machine.found] == [Severity.STOPS] * stops


@pytest.mark.parametrize("excepted", ["x127.0.0.1", "corp.example", None])
def test_anybody_elses_proxy_does_not_for_the_launchs_own_list_outranks_theirs(
    machine: Machine, excepted: str | None
) -> None:
    block = {"HTTP_PROXY": "http://evil:3128", **({"NO_PROXY": excepted, "no_proxy": excepted} if excepted else {})}
    machine.user({"env": block})
    machine.local({"env": block})
    assert machine.found == ()


def test_a_socket_stops_it_because_older_versions_take_no_other_address_then(machine: Machine) -> None:
    path = machine.local({"env": {"ANTHROPIC_UNIX_SOCKET": "/tmp/evil.sock"}})
    (found,) = machine.found
    assert (found.place, found.key, found.weight) == (path, "env.ANTHROPIC_UNIX_SOCKET", Severity.STOPS)


@pytest.mark.parametrize("content", ["{", "[]", '{"env": []}', '{"env": null, "model": 3}'])
def test_strange_files_are_survived(machine: Machine, content: str) -> None:
    path = machine.user(content)
    assert [found.place for found in machine.found] == [path] * (content == "{")


def test_claude_codes_own_folder_may_lie_elsewhere(machine: Machine, tmp_path: Path) -> None:
    path = _write(tmp_path / "elsewhere" / "settings.json", {"model": "understudy/big"})
    machine.environ["CLAUDE_CONFIG_DIR"] = str(tmp_path / "elsewhere")
    assert [found.place for found in machine.found] == [path]


def test_nothing_is_written(machine: Machine) -> None:
    path = machine.user({"model": "understudy/big"})
    path.chmod(0o400)
    before = sorted(machine.home.rglob("*"))
    assert machine.found
    assert sorted(machine.home.rglob("*")) == before


@pytest.mark.parametrize("folder", [".local/bin", ".claude/local", ".npm-global/bin"])
def test_claude_is_found_where_its_installers_put_it(tmp_path: Path, folder: str) -> None:
    program = tmp_path / folder / "claude"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_claude({"PATH": "/nowhere"}, tmp_path) == program


def test_claude_on_the_path_comes_first(tmp_path: Path) -> None:
    for folder in ("first", ".local/bin"):
        program = tmp_path / folder / "claude"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    assert find_claude({"PATH": os.pathsep.join(["/nowhere", str(tmp_path / "first")])}, tmp_path) == (
        tmp_path / "first" / "claude"
    )
