"""``briefcase.toml`` as Briefcase itself understands it, for every system and format that it has a section for."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import briefcase
import pytest
from briefcase.cmdline import parse_cmdline
from briefcase.console import Console
from packaging.specifiers import SpecifierSet

from resources.packaging import bundle

FORMATS: Final = [
    ("linux", "system"),
    ("linux", "flatpak"),
    ("macOS", "app"),
    ("macOS", "Xcode"),
    ("windows", "app"),
    ("windows", "VisualStudio"),
]

OF_TEMPLATES: Final = {"use_full_install_path"}
"""Keys that Briefcase only hands to its template of a format, which reads them."""

TABLE: Final = tomllib.loads((bundle.ROOT / "briefcase.toml").read_text("utf-8"))["tool"]["briefcase"]
PROJECT: Final = tomllib.loads((bundle.ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A layout as ``create`` makes it, in a folder of the test's own."""
    monkeypatch.setattr(bundle, "STAGE", tmp_path / "briefcase")
    bundle.lay_out("system")
    return bundle.STAGE


def create_command(stage: Path, platform: str, output_format: str) -> tuple[Any, Any]:
    """Briefcase's command that would make the bundle, and our app as it has read, checked and completed it."""
    if platform == "linux" and sys.platform != "linux":
        pytest.skip("Briefcase asks the distribution it runs on")
    kind, _ = parse_cmdline(["create", platform, output_format], console=Console())
    command = kind(console=Console(), base_path=stage, data_path=stage / "data")
    command.parse_options(extra=["--no-input"])
    command.parse_config(stage / "pyproject.toml", overrides={})
    return command, command.finalize_app_config(command.apps["understudy"])


def our_keys(table: Mapping[str, Any]) -> Iterator[str]:
    """Every key that we wrote, but the names of apps, systems, formats and those inside free tables."""
    for key, value in table.items():
        if key in {"app", "understudy", "linux", "macOS", "windows", "system", "flatpak", "Xcode", "VisualStudio"}:
            yield from our_keys(value)
        else:
            yield key


@pytest.mark.parametrize(("platform", "output_format"), FORMATS)
def test_every_section_is_taken(stage: Path, platform: str, output_format: str) -> None:
    _, app = create_command(stage, platform, output_format)
    assert app.bundle_identifier == "io.github.understudy-app.understudy"
    assert str(app.version) == PROJECT["version"]
    assert app.main_module() == "understudy"
    assert app.license_files == ["LICENSE"]
    assert app.supported
    assert not app.console_app
    assert len(app.description) <= 80
    assert app.long_description
    assert all((stage / source).is_dir() for source in app.sources or ())
    assert app.requires == list(bundle.FROM_FILE)
    assert "--require-hashes" in app.requirement_installer_args
    of_uv = {each for each in app.requirement_installer_args if each.startswith("--link-mode")}
    assert bool(of_uv) == (app.env_manager == "uv"), "pip does not know it, and uv would link into its cache"


def test_every_key_is_one_that_briefcase_reads() -> None:
    source = "\n".join(file.read_text("utf-8") for file in Path(briefcase.__file__).parent.rglob("*.py"))
    unknown = {key for key in our_keys(TABLE) if not re.search(rf"\b{key}\b", source)}
    assert unknown == OF_TEMPLATES


def test_every_section_is_tried() -> None:
    table = TABLE["app"]["understudy"]
    systems = {name: table[name] for name in ("linux", "macOS", "windows")}
    formats = {(name, key) for name, value in systems.items() for key, of in value.items() if isinstance(of, dict)}
    assert formats - {("macOS", "info"), ("macOS", "entitlement")} == set(FORMATS)


@pytest.mark.parametrize("suffix", [".ico", ".icns", *(f"-{side}.png" for side in (16, 32, 48, 64, 128, 256, 512))])
def test_the_icon_is_there_for_every_system(stage: Path, suffix: str) -> None:
    assert (stage / f"{TABLE['app']['understudy']['icon']}{suffix}").is_file()


def test_macos_shows_it_in_the_menu_bar_alone(stage: Path) -> None:
    command, app = create_command(stage, "macOS", "app")
    context = command.permissions_context(app, command._x_permissions(app))
    assert context["info"]["LSUIElement"] is True
    assert context["entitlements"]["com.apple.security.automation.apple-events"] is True
    assert context["info"]["NSAppleEventsUsageDescription"]


def test_macos_asks_for_what_qt_asks_for(stage: Path) -> None:
    _, app = create_command(stage, "macOS", "app")
    pinned = re.findall(r"^pyside6-essentials==(\S+)", (stage / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    newest = max(tuple(int(part) for part in version.split(".")) for version in pinned)
    wanted = (14, 0) if newest >= (6, 12) else (13, 0)
    assert tuple(int(part) for part in app.min_os_version.split(".")) >= wanted


def test_windows_installs_for_one_user_over_what_was_there(stage: Path) -> None:
    command, app = create_command(stage, "windows", "app")
    context = command.output_format_template_context(app)
    assert context["install_scope"] == "perUser"
    assert context["guid"] == "1b851ea1-8b25-5b46-947e-977340dcb73e", "another one installs beside, not over"
    assert context["version_triple"].count(".") == 2


def test_flatpak_may_speak_to_what_it_needs_and_no_more(stage: Path) -> None:
    command, app = create_command(stage, "linux", "flatpak")
    context = {**command.output_format_template_context(app), **command.permissions_context(app, {})}
    allowed = {name for name, on in context["finish_args"].items() if on}
    assert {"talk-name=org.freedesktop.secrets", "talk-name=org.kde.StatusNotifierWatcher", "socket=wayland"} <= allowed
    assert not {"nosocket=wayland", "socket=pulseaudio", "talk-name=org.freedesktop.Flatpak"} & allowed
    assert context["flatpak_runtime"] == "org.freedesktop.Platform"


def test_linux_has_a_template_and_a_man_page(stage: Path) -> None:
    _, app = create_command(stage, "linux", "system")
    assert (stage / str(app.template) / "cookiecutter.json").is_file()
    assert (stage / app.man_page).is_file()


def test_the_python_that_is_asked_for_is_the_projects(stage: Path) -> None:
    _, app = create_command(stage, "linux", "system")
    assert SpecifierSet(str(app.requires_python)) == SpecifierSet(PROJECT["requires-python"])


@pytest.mark.full
def test_litellm_loads_without_what_is_left_out() -> None:
    packages = Path(sysconfig.get_path("purelib"))
    patterns = [path.removeprefix("**/app_packages/") for path in TABLE["app"]["understudy"]["cleanup_paths"]]
    left_out = {
        file.relative_to(packages)
        for pattern in patterns
        if pattern.startswith("litellm/")
        for path in packages.glob(pattern)
        for file in (path.rglob("*") if path.is_dir() else (path,))
    }
    assert left_out
    modules = [".".join(file.parts).partition(".abi3")[0].removesuffix(".py") for file in left_out]
    program = (
        "import asyncio, sys\n"
        f"sys.modules.update(dict.fromkeys({modules!r}))\n"
        "from proxy_core.upstream.litellm_engine import LiteLLM\n"
        "asyncio.run(LiteLLM().warm_up())\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=bundle.ROOT)
