"""The environment and ``.env`` over the settings: every variable, its wrong values, and what is never taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy_core.catalogue.providers import Providers
from proxy_core.config.environment import apply, is_loopback, overlay, read_dotenv
from proxy_core.config.settings import Configuration, Engine, Profile, ProviderSettings, ProxySettings, Role, Settings
from proxy_core.errors import ConfigError


def laid_over(
    environ: Mapping[str, str] | None = None,
    dotenv: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> Configuration:
    base = settings or Settings()
    return apply(base, overlay(environ or {}, dotenv or {}, Providers(base.providers)))


def test_nothing_said_changes_nothing() -> None:
    assert laid_over() == Configuration()
    assert laid_over({"BIG_MODEL": "", "PORT": " "}, {"HOST": ""}) == Configuration()


def test_each_role_has_its_variable() -> None:
    made = laid_over(
        {"BIG_MODEL": "openai/o3", "SMALL_MODEL": "gemini/gemini-2.0-flash", "THINKER_MODEL": "deepseek/r"}
    )
    assert made.settings.active.roles == {
        Role.BIG: "openai/o3",
        Role.SMALL: "gemini/gemini-2.0-flash",
        Role.THINKER: "deepseek/r",
    }
    assert made.fixed == {"roles.big": "BIG_MODEL", "roles.small": "SMALL_MODEL", "roles.thinker": "THINKER_MODEL"}


def test_the_environment_beats_dotenv_and_dotenv_the_file() -> None:
    file = Settings(
        profiles={"Default": Profile(dict.fromkeys((Role.BIG, Role.SMALL, Role.THINKER, Role.OPUS), "groq/file"))},
        proxy=ProxySettings(port=1),
    )
    made = laid_over(
        {"BIG_MODEL": "groq/env"}, {"BIG_MODEL": "groq/dotenv", "SMALL_MODEL": "groq/dotenv", "PORT": "2"}, file
    )
    assert made.settings.active.roles == {
        Role.BIG: "groq/env",
        Role.SMALL: "groq/dotenv",
        Role.THINKER: "groq/file",
        Role.OPUS: "groq/file",
    }
    assert made.settings.proxy.port == 2
    assert made.fixed == {"roles.big": "BIG_MODEL", "roles.small": "SMALL_MODEL in .env", "proxy.port": "PORT in .env"}


def test_roles_are_laid_over_every_profile_and_over_one_that_is_missing() -> None:
    file = Settings(profile="gone", profiles={"A": Profile({Role.SMALL: "groq/a"}), "B": Profile()})
    made = laid_over({"BIG_MODEL": "groq/env"}, settings=file).settings
    assert {name: profile.roles[Role.BIG] for name, profile in made.profiles.items()} == {
        "A": "groq/env",
        "B": "groq/env",
        "gone": "groq/env",
    }
    assert made.profiles["A"].roles[Role.SMALL] == "groq/a"


@pytest.mark.parametrize("said", ["passthrough", "PassThrough", " passthrough "])
def test_passthrough_is_a_role_value(said: str) -> None:
    assert laid_over({"BIG_MODEL": said}).settings.active.roles == {Role.BIG: "passthrough"}


@pytest.mark.parametrize(
    ("preferred", "said", "meant"),
    [
        (None, "gpt-4.1", "openai/gpt-4.1"),
        (None, "some-model", "openai/some-model"),
        (None, "gemini-2.5-pro", "gemini/gemini-2.5-pro"),
        (None, "claude-opus-4-1", "anthropic/claude-opus-4-1"),
        (None, "groq/llama", "groq/llama"),
        (None, "meta-llama/llama-3", "meta-llama/llama-3"),
        ("google", "meta-llama/llama-3", "meta-llama/llama-3"),
        (None, "my-box/qwen", "my-box/qwen"),
        (None, "openrouter/meta-llama/x:free", "openrouter/meta-llama/x:free"),
        ("openai", "gemini-2.5-pro", "openai/gemini-2.5-pro"),
        ("openai", "gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro"),
        ("google", "gemini-2.5-flash", "gemini/gemini-2.5-flash"),
        ("Google", "gemma-3", "gemini/gemma-3"),
        ("google", "gpt-4o", "openai/gpt-4o"),
        ("google", "o3", "openai/o3"),
        ("gemini", "gemini-2.5-pro", "gemini/gemini-2.5-pro"),
    ],
)
def test_a_bare_name_gets_the_provider_it_is_meant_for(preferred: str | None, said: str, meant: str) -> None:
    environ = {"BIG_MODEL": said, **({"PREFERRED_PROVIDER": preferred} if preferred else {})}
    file = Settings(providers={"my-box": ProviderSettings(base_url="http://10.0.0.2/v1", custom=True)})
    assert laid_over(environ, settings=file).settings.active.roles[Role.BIG] == meant


def test_google_preferred_fills_what_nothing_else_sets() -> None:
    file = Settings(profiles={"Default": Profile({Role.SMALL: "groq/small"})})
    made = laid_over({"PREFERRED_PROVIDER": "google", "THINKER_MODEL": "o3"}, settings=file)
    assert made.settings.active.roles == {
        Role.BIG: "gemini/gemini-2.5-pro",
        Role.SMALL: "groq/small",
        Role.THINKER: "openai/o3",
    }
    assert made.fixed == {"roles.thinker": "THINKER_MODEL"}


@pytest.mark.parametrize("where", ["environment", "profile"])
def test_google_preferred_leaves_the_roles_alone_where_big_is_set(where: str) -> None:
    environ, roles = {"PREFERRED_PROVIDER": "google"}, dict[Role, str]()
    if where == "environment":
        environ["BIG_MODEL"] = "ollama/qwen3"
    else:
        roles[Role.BIG] = "ollama/qwen3"
    made = laid_over(environ, settings=Settings(profiles={"Default": Profile(roles)}))
    assert made.settings.active.roles == {Role.BIG: "ollama/qwen3"}


def test_anthropic_preferred_is_passthrough_for_all_whatever_the_models_say() -> None:
    made = laid_over({"PREFERRED_PROVIDER": "anthropic", "BIG_MODEL": "gpt-4.1"})
    assert made.settings.active.roles == dict.fromkeys((Role.BIG, Role.SMALL, Role.THINKER), "passthrough")
    assert set(made.fixed.values()) == {"PREFERRED_PROVIDER"}
    assert made.warnings == ("BIG_MODEL is not used: PREFERRED_PROVIDER is anthropic.",)


@pytest.mark.parametrize(
    ("variable", "url", "provider"),
    [
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1", "openai"),
        ("OPENAI_API_BASE", "http://127.0.0.1:9/v1", "openai"),
        ("OPENAI_API_BASE_URL", "http://127.0.0.1:9/v1", "openai"),
        ("GEMINI_API_BASE", "https://g", "gemini"),
        ("GROQ_BASE_URL", "https://g/v1", "groq"),
        ("OLLAMA_API_BASE", "http://127.0.0.1:9", "ollama"),
        ("AZURE_API_BASE", "https://a", "azure"),
        ("MY_BOX_BASE_URL", "https://b", "my-box"),
    ],
)
def test_base_urls(variable: str, url: str, provider: str) -> None:
    file = Settings(
        providers={
            "my-box": ProviderSettings(base_url="http://old", custom=True),
            provider: ProviderSettings(base_url="http://old", engine=Engine.LITELLM, custom=provider == "my-box"),
        }
    )
    made = laid_over({variable: url}, settings=file)
    assert made.settings.providers[provider].base_url == url
    assert made.settings.providers[provider].engine is Engine.LITELLM
    assert made.fixed == {f"providers.{provider}.base_url": variable}
    assert made.from_dotenv == frozenset()


def test_a_base_url_of_dotenv_is_marked_unless_the_environment_overrules_it() -> None:
    dotenv = {"OPENAI_BASE_URL": "https://elsewhere/v1", "GROQ_BASE_URL": "https://elsewhere/v1"}
    made = laid_over({"OPENAI_API_BASE": "https://mine/v1"}, dotenv)
    assert made.settings.providers["openai"].base_url == "https://mine/v1"
    assert made.from_dotenv == {"groq"}


def test_claude_codes_own_base_url_is_not_ours() -> None:
    """It may point at this proxy."""
    assert (
        laid_over({"ANTHROPIC_BASE_URL": "http://127.0.0.1:8082", "ANTHROPIC_API_BASE": "http://x"}) == Configuration()
    )


def test_the_passthrough_address_and_the_lan_come_from_the_environment() -> None:
    made = laid_over({"UNDERSTUDY_PASSTHROUGH_URL": "http://127.0.0.1:9", "UNDERSTUDY_LAN": "1", "HOST": "0.0.0.0"})
    assert made.settings.proxy == ProxySettings(host="0.0.0.0", lan=True, passthrough_url="http://127.0.0.1:9")
    assert made.fixed == {
        "proxy.lan": "UNDERSTUDY_LAN",
        "proxy.passthrough_url": "UNDERSTUDY_PASSTHROUGH_URL",
        "proxy.host": "HOST",
    }
    assert made.warnings == ()


@pytest.mark.parametrize(
    "name", ["UNDERSTUDY_PASSTHROUGH_URL", "UNDERSTUDY_LAN", "UNDERSTUDY_TOKEN", "UNDERSTUDY_HOME"]
)
def test_what_is_ours_is_never_taken_from_dotenv(name: str) -> None:
    made = laid_over(dotenv={name: "http://elsewhere"})
    assert made.settings == Settings()
    assert made.fixed == {}
    assert made.warnings == (f"{name} in .env is not used: it counts only in the process's environment.",)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "mybox"])
def test_an_address_for_all_the_world_needs_the_lan_setting(host: str) -> None:
    """The example files of older proxies listen on all addresses."""
    closed = laid_over(dotenv={"HOST": host})
    assert closed.settings.proxy.host == "127.0.0.1"
    assert "proxy.host" not in closed.fixed
    assert len(closed.warnings) == 1
    assert "HOST in .env" in closed.warnings[0]
    opened = laid_over(dotenv={"HOST": host}, settings=Settings(proxy=ProxySettings(lan=True)))
    assert opened.settings.proxy.host == host
    assert opened.warnings == ()
    assert laid_over({"UNDERSTUDY_LAN": "off"}, {"HOST": host}, Settings(proxy=ProxySettings(lan=True))).warnings


def test_a_host_of_the_settings_file_needs_it_too() -> None:
    made = laid_over(settings=Settings(proxy=ProxySettings(host="0.0.0.0")))
    assert made.settings.proxy.host == "127.0.0.1"
    assert "The settings' host is 0.0.0.0" in made.warnings[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)
    assert laid_over({"HOST": host}).settings.proxy.host == host


@pytest.mark.parametrize("host", ["", "0.0.0.0", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3.4", "::"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "abc"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "80.5"),
        ("PORT", "٨٠"),
        ("PREFERRED_PROVIDER", "foo"),
        ("BIG_MODEL", "openai/"),
        ("SMALL_MODEL", "two words"),
        ("THINKER_MODEL", "groq/"),
        ("OPENAI_BASE_URL", "127.0.0.1:8080/v1"),
        ("OPENAI_BASE_URL", "https://me:secret-password@host/v1"),
        ("UNDERSTUDY_LAN", "maybe"),
        ("UNDERSTUDY_PASSTHROUGH_URL", "file:///etc/passwd"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} is ") as error:
        laid_over({name: value})
    assert "secret-password" not in error.value.message
    if not name.startswith("UNDERSTUDY"):
        with pytest.raises(ConfigError, match=rf"^{name} in \.env is "):
            laid_over(dotenv={name: value})


def test_port_zero_lets_the_system_choose() -> None:
    assert laid_over({"PORT": "0"}).settings.proxy.port == 0


def test_a_dotenv_file_is_read_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "\ufeff# a comment\nexport OPENAI_API_KEY=\"sk-1\" # mine\nBIG_MODEL='openai/gpt-4o'\n"
        "LOUD=${HOME}/x\nBARE\nEMPTY=\n",
        encoding="utf-8",
    )
    assert read_dotenv(file) == {
        "OPENAI_API_KEY": "sk-1",
        "BIG_MODEL": "openai/gpt-4o",
        "LOUD": "${HOME}/x",
        "EMPTY": "",
    }


def test_no_dotenv_file_says_nothing(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path / ".env") == {}
    assert read_dotenv(tmp_path) == {}


def test_a_dotenv_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_dotenv(file)


def test_a_dotenv_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("BIG_MODEL=openai/gpt-4o\n" + "A=1\n" * 300_000)
    with pytest.raises(ConfigError, match="larger than 64 KB"):
        read_dotenv(file)
    file.write_text("#" * 60_000 + "\nBIG_MODEL=openai/gpt-4o\n")
    assert read_dotenv(file) == {"BIG_MODEL": "openai/gpt-4o"}


def test_a_base_url_of_dotenv_is_told(tmp_path: Path) -> None:
    (warning,) = laid_over(dotenv={"OPENAI_API_BASE": "http://elsewhere.example/v1"}).warnings
    assert "http://elsewhere.example/v1" in warning
    assert "OPENAI_API_BASE in .env" in warning
    assert laid_over({"OPENAI_API_BASE": "http://elsewhere.example/v1"}).warnings == ()
