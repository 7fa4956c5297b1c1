"""Known providers, what the settings make of them, and LiteLLM's others read from its files."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from proxy_core.catalogue import litellm_data
from proxy_core.catalogue.provider_table import DIRECT_BASE_URLS, PROVIDERS, RELAY_BASE_URLS, SAME_AS
from proxy_core.catalogue.providers import Providers
from proxy_core.catalogue.values import Provider
from proxy_core.config.environment import is_loopback
from proxy_core.config.setting_rules import is_url
from proxy_core.config.settings import DEFAULT_ROLES, Engine, ProviderSettings
from tests.support.secret_service import python, without_a_bus


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda provider: provider.id)
def test_a_row_of_the_table_is_sound(provider: Provider) -> None:
    assert provider.name
    assert provider.quirks
    assert not provider.custom
    assert not provider.key_page or provider.key_page.startswith("https://")
    assert all(variable == variable.upper() for variable in (*provider.key_variables, *provider.base_url_variables))
    if provider.engine in (Engine.DIRECT, Engine.RELAY):
        assert is_url(provider.base_url)
        assert not provider.base_url.endswith(("/", "/chat/completions", "/messages"))
        assert provider.key_variables
    else:
        assert provider.base_url == ""
    assert provider.local == is_loopback(provider.base_url.partition("://")[2].partition(":")[0])
    assert not (provider.local and provider.needs_key)
    if not provider.local:
        assert not provider.base_url or provider.base_url.startswith("https://")
        assert provider.needs_key == bool(provider.key_page)


def test_no_two_providers_share_a_variable() -> None:
    """A key would go to the wrong one."""
    listed = [provider for provider in PROVIDERS.values() if provider.id not in SAME_AS]
    for kind in ("key_variables", "base_url_variables"):
        variables = [variable for provider in listed for variable in getattr(provider, kind)]
        assert len(variables) == len(set(variables))


def test_the_side_tables_speak_of_known_providers() -> None:
    for table in (SAME_AS, DIRECT_BASE_URLS, RELAY_BASE_URLS):
        assert set(table) <= set(PROVIDERS)
    assert set(SAME_AS.values()) <= set(PROVIDERS)
    assert {model.partition("/")[0] for model in DEFAULT_ROLES.values()} <= set(PROVIDERS)


def test_nothing_in_the_settings_gives_the_table() -> None:
    providers = Providers({})
    assert providers.get("openai") == PROVIDERS["openai"]
    assert providers.get("nobody") is None
    assert providers.known("demo")
    assert not providers.known("nobody")
    assert [provider.id for provider in providers.all()] == [id_ for id_ in PROVIDERS if id_ not in SAME_AS]


def test_the_users_base_url_and_engine() -> None:
    providers = Providers(
        {
            "openai": ProviderSettings(base_url="https://gateway/v1/"),
            "groq": ProviderSettings(engine=Engine.LITELLM),
            "deepseek": ProviderSettings(engine=Engine.RELAY),
            "gemini": ProviderSettings(engine=Engine.DIRECT, name="My Gemini"),
            "mistral": ProviderSettings(engine=Engine.RELAY, base_url="https://relay"),
        }
    )
    assert providers.get("openai") == replace(PROVIDERS["openai"], base_url="https://gateway/v1")
    assert providers.get("groq") == replace(PROVIDERS["groq"], engine=Engine.LITELLM, base_url="")
    assert providers.get("deepseek") == replace(
        PROVIDERS["deepseek"], engine=Engine.RELAY, base_url=RELAY_BASE_URLS["deepseek"]
    )
    assert providers.get("gemini") == replace(
        PROVIDERS["gemini"], engine=Engine.DIRECT, base_url=DIRECT_BASE_URLS["gemini"], name="My Gemini"
    )
    assert providers.get("mistral") == replace(PROVIDERS["mistral"], engine=Engine.RELAY, base_url="https://relay")


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1", "[::1]:9"])
def test_a_server_on_this_machine_wants_no_key(host: str) -> None:
    provider = Providers({"openai": ProviderSettings(base_url=f"http://{host}/v1")}).get("openai")
    assert provider is not None
    assert provider.local
    assert not provider.needs_key


def test_a_local_server_elsewhere_is_not_local_and_still_wants_none() -> None:
    provider = Providers({"ollama": ProviderSettings(base_url="http://10.0.0.2:11434")}).get("ollama")
    assert provider is not None
    assert (provider.base_url, provider.local, provider.needs_key) == ("http://10.0.0.2:11434/v1", False, False)


def test_a_provider_of_the_users_own() -> None:
    settings = {
        "my-box": ProviderSettings(name="My box", base_url="http://10.0.0.2/v1/", custom=True),
        "unmarked": ProviderSettings(base_url="http://127.0.0.1:9", engine=Engine.RELAY),
        "nowhere": ProviderSettings(custom=True),
    }
    providers = Providers(settings)
    assert providers.get("my-box") == Provider(
        id="my-box",
        name="My box",
        engine=Engine.DIRECT,
        base_url="http://10.0.0.2/v1",
        key_variables=("MY_BOX_API_KEY",),
        base_url_variables=("MY_BOX_BASE_URL",),
        needs_key=False,
        custom=True,
    )
    unmarked = providers.get("unmarked")
    assert unmarked is not None
    assert (unmarked.engine, unmarked.name, unmarked.custom, unmarked.local) == (Engine.RELAY, "unmarked", True, True)
    assert providers.get("nowhere") is None
    assert [provider.id for provider in providers.all()][-2:] == ["my-box", "unmarked"]
    assert "nowhere" in providers.ids()


def test_litellms_others_are_known_by_their_data() -> None:
    providers = Providers({})
    chutes = providers.get("chutes")
    assert chutes is not None
    assert (chutes.engine, chutes.key_variables, chutes.needs_key) == (Engine.LITELLM, ("CHUTES_API_KEY",), True)
    assert chutes.base_url == "https://llm.chutes.ai/v1"
    watsonx = providers.get("watsonx")
    assert watsonx is not None
    assert (watsonx.name, watsonx.engine, watsonx.needs_key) == ("Watsonx", Engine.LITELLM, False)
    assert len(providers.ids()) > 120
    assert len(set(providers.ids())) == len(providers.ids())


def test_every_id_is_litellms_spelling() -> None:
    """So that a model can be given to LiteLLM as it is written. llama.cpp and the demo are our own."""
    theirs = set(litellm_data.other_providers()) | {key.partition("/")[0] for key, _ in litellm_data.model_entries()}
    assert set(PROVIDERS) - theirs - {"llama_cpp", "demo"} == set()


def test_base_urls_and_keys_are_those_litellm_uses() -> None:
    """LiteLLM's source is read as text; where we differ, it is said here why."""
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    root = Path(spec.submodule_search_locations[0])
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (*root.glob("*.py"), *root.glob("litellm_core_utils/*.py"), *root.glob("llms/**/*.py"))
    )
    ours = {
        "deepseek",  # LiteLLM uses the beta address
        "github",  # LiteLLM still has the address that was given up
    }
    for provider in PROVIDERS.values():
        if provider.engine is Engine.DIRECT and not provider.local and provider.id not in ours:
            assert provider.base_url.removesuffix("/v1") in source, provider.id
        if provider.engine is not Engine.DEMO and provider.key_variables and provider.id != "llama_cpp":
            assert f'"{provider.key_variables[0]}"' in source, provider.id


def test_nothing_is_read_of_litellm_for_a_provider_we_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("LiteLLM's data was read")

    monkeypatch.setattr(litellm_data, "other_providers", refuse)
    providers = Providers({"openai": ProviderSettings(base_url="http://x/v1")})
    assert providers.known("openai")
    assert providers.all()
    assert providers.base_url_variables()["OPENAI_BASE_URL"] == "openai"


def test_litellm_itself_is_not_imported(tmp_path: Path) -> None:
    python(
        "import sys\n"
        "from proxy_core.catalogue import discovery, models, providers\n"
        "assert models.ModelCatalogue().facts('openai', 'gpt-4.1').window\n"
        "assert providers.Providers({}).known('watsonx')\n"
        "loaded = {'litellm', 'aiohttp', 'keyring', 'tomlkit', 'dotenv'} & set(sys.modules)\n"
        "assert not loaded, loaded",
        without_a_bus(tmp_path),
    )


@pytest.mark.parametrize(
    "document",
    [{}, {"a": 1}, {"a": {"b": [1, {"c": "}"}]}, 'quo"te': "x,y", "": None}, {str(n): n for n in range(50)}],
)
@pytest.mark.parametrize("indent", [None, 4])
def test_an_object_is_read_member_by_member(document: dict[str, Any], indent: int | None) -> None:
    assert dict(litellm_data.entries(json.dumps(document, indent=indent))) == document


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a"}', '{"a": 1', '{"a": 1,}', '{"a": 1 "b": 2}', '{"a": }'])
def test_what_is_no_object_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        list(litellm_data.entries(text))


def test_a_litellm_without_the_files_leaves_us_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_data, "_text", lambda file: None)
    litellm_data.other_providers.cache_clear()
    try:
        assert list(litellm_data.model_entries()) == []
        assert not Providers({}).known("watsonx")
        assert Providers({}).known("openai")
    finally:
        litellm_data.other_providers.cache_clear()
