"""What a settings document says, right or wrong, and the changes between two of them."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, fields, is_dataclass, replace

import pytest

from proxy_core.config.setting_rules import is_url
from proxy_core.config.settings import (
    Appearance,
    AtLimit,
    BudgetSettings,
    Engine,
    GeneralSettings,
    LogSettings,
    Price,
    Profile,
    ProjectSettings,
    ProviderSettings,
    ProxySettings,
    Role,
    RoutingSettings,
    Settings,
    TerminalSettings,
    ThinkingRule,
    Timeouts,
    is_model,
)
from proxy_core.config.settings_schema import changed_keys, parse, touches
from proxy_core.config.settings_writer import updated

FULL = """
version = 1
profile = "Work"
[profiles.Default]
[profiles.Work]
big = "gemini/gemini-2.5-pro"
small = "passthrough"
vision = "openai/gpt-4o"
[proxy]
host = "::1"
port = 9000
lan = true
open = true
passthrough_url = "http://127.0.0.1:9"
outgoing_proxy = "http://me:pw@proxy:3128"
[timeouts]
connect = 5
first_chunk = 1.5
[routing]
thinking_rule = "high_effort"
long_threshold = 1000
[providers.openai]
engine = "litellm"
[providers.my-box]
custom = true
name = "My box"
base_url = "http://10.0.0.2:8000/v1"
[general]
start_at_login = true
notifications = false
language = "zh_CN"
appearance = "dark"
[log]
bodies = false
days = 30
[budget]
daily = 5
at_limit = "stop"
[terminal]
command = "foot -e {script}"
[prices."my-box/tiny"]
input = 1
cache_read = 0
[projects."/home/me/a project"]
profile = "Work"
"""


def read_text(text: str) -> tuple[Settings, tuple[str, ...]]:
    return parse(tomllib.loads(text))


def test_an_empty_document_says_the_defaults() -> None:
    assert parse({}) == (Settings(), ())


def test_everything_is_read() -> None:
    settings, troubles = read_text(FULL)
    assert troubles == ()
    assert settings == Settings(
        profile="Work",
        profiles={
            "Default": Profile(),
            "Work": Profile(
                {Role.BIG: "gemini/gemini-2.5-pro", Role.SMALL: "passthrough", Role.VISION: "openai/gpt-4o"}
            ),
        },
        proxy=ProxySettings("::1", 9000, True, True, "http://127.0.0.1:9", "http://me:pw@proxy:3128"),
        timeouts=Timeouts(connect=5.0, first_chunk=1.5),
        routing=RoutingSettings(ThinkingRule.HIGH_EFFORT, 1000),
        providers={
            "openai": ProviderSettings(engine=Engine.LITELLM),
            "my-box": ProviderSettings("My box", "http://10.0.0.2:8000/v1", None, True),
        },
        general=GeneralSettings(start_at_login=True, notifications=False, language="zh_CN", appearance=Appearance.DARK),
        log=LogSettings(bodies=False, days=30),
        budget=BudgetSettings(daily=5.0, at_limit=AtLimit.STOP),
        terminal=TerminalSettings(command="foot -e {script}"),
        prices={"my-box/tiny": Price(input=1.0, cache_read=0.0)},
        projects={"/home/me/a project": ProjectSettings("Work")},
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("version = 'x'", "version"),
        ("version = true", "version"),
        ("profile = 3", "profile"),
        ("profile = 'nobody'", "profile"),
        ("profiles = 3", "[profiles]"),
        ("profiles.Default = 3", "[profiles.Default]"),
        ("profiles.Default.big = 3", "profiles.Default.big"),
        ("profiles.Default.big = 'no-provider'", "profiles.Default.big"),
        ("profiles.Default.big = 'openai/'", "profiles.Default.big"),
        ("proxy = 'x'", "[proxy]"),
        ("proxy.host = ''", "proxy.host"),
        ("proxy.port = 65536", "proxy.port"),
        ("proxy.port = -1", "proxy.port"),
        ("proxy.port = true", "proxy.port"),
        ("proxy.port = 80.5", "proxy.port"),
        ("proxy.open = 1", "proxy.open"),
        ("proxy.passthrough_url = 'ftp://x'", "proxy.passthrough_url"),
        ("proxy.outgoing_proxy = 'proxy:3128'", "proxy.outgoing_proxy"),
        ("timeouts.connect = 0", "timeouts.connect"),
        ("timeouts.connect = nan", "timeouts.connect"),
        ("timeouts.connect = inf", "timeouts.connect"),
        ("timeouts.connect = false", "timeouts.connect"),
        ("routing.thinking_rule = 'sometimes'", "routing.thinking_rule"),
        ("routing.long_threshold = 0", "routing.long_threshold"),
        ("log.days = 0", "log.days"),
        ("log.megabytes = 1.5", "log.megabytes"),
        ("budget.daily = -1", "budget.daily"),
        ("budget.monthly = inf", "budget.monthly"),
        (f"budget.monthly = {10**400}", "budget.monthly"),
        ("budget.at_limit = 'pray'", "budget.at_limit"),
        ("general.appearance = 'pink'", "general.appearance"),
        ("terminal.command = 'xterm -e sh'", "terminal.command"),
        ("prices.'a/b'.cache_read = 'none'", "prices.a/b.cache_read"),
        ("prices.'a/b'.output = nan", "prices.a/b.output"),
        ("projects.'/x'.profile = 3", "projects./x.profile"),
        ("providers.openai.engine = 'steam'", "providers.openai.engine"),
        ("providers.openai.engine = ['direct']", "providers.openai.engine"),
        ("providers.openai.base_url = 'https://me:pw@host/v1'", "providers.openai.base_url"),
        ("providers.'a/b'.base_url = 'http://x'", "[providers.a/b]"),
        ("providers.local-token.base_url = 'http://x'", "[providers.local-token]"),
    ],
)
def test_one_wrong_value_falls_to_its_default_and_is_told(line: str, told: str) -> None:
    """Everything else in the document stays in force."""
    kept = "routing.long_threshold" if "long_threshold" not in line else "timeouts.request_body"
    settings, troubles = read_text(f"{line}\n{kept} = 77")
    assert len(troubles) == 1
    assert told in troubles[0]
    assert 77 in (settings.routing.long_threshold, settings.timeouts.request_body)
    defaults = Settings()
    assert settings.proxy == defaults.proxy
    assert settings.timeouts.connect == defaults.timeouts.connect
    assert settings.active == Profile()
    assert all(chosen == ProviderSettings() for chosen in settings.providers.values())


@pytest.mark.parametrize("price", [Price(), Price(cache_read=0.0), Price(1.0, 2.0, 0.1, None)])
def test_what_changes_add_up_to_is_read_back(price: Price) -> None:
    new = replace(Settings(), prices={"a/b": price}, projects={"/x": ProjectSettings("Work")}, log=LogSettings(days=1))
    written = updated("", {}, changed_keys(Settings(), new))
    assert written is not None
    assert read_text(written[0]) == parse(written[1]) == (new, ())
    back = updated(*written, changed_keys(new, Settings()))
    assert back is not None
    assert read_text(back[0]) == (Settings(), ())


SECTIONS = [declared.name for declared in fields(Settings) if is_dataclass(getattr(Settings(), declared.name))]


@pytest.mark.parametrize("section", SECTIONS)
def test_a_default_holds_to_its_own_rule(section: str) -> None:
    """Whatever fields a section has."""
    written = {name: getattr(value, "value", value) for name, value in asdict(getattr(Settings(), section)).items()}
    assert parse({section: written}) == (Settings(), ())


@pytest.mark.parametrize("section", SECTIONS)
def test_a_value_of_a_wrong_type_is_left_out_with_a_sentence_that_names_its_key(section: str) -> None:
    for declared in fields(getattr(Settings(), section)):
        settings, (trouble,) = parse({section: {declared.name: []}})
        assert settings == Settings()
        assert trouble.startswith(f"{section}.{declared.name} = [] is not ")


def test_a_setting_that_is_left_at_its_default_is_told_as_the_file_would_say_it() -> None:
    _, (trouble,) = read_text("budget.at_limit = 'pray'")
    assert trouble == "budget.at_limit = 'pray' is not one of warn, downgrade, stop; 'warn' is used."


def test_the_one_diff_names_each_key_that_differs() -> None:
    before = replace(Settings(), providers={"x": ProviderSettings(name="X"), "y": ProviderSettings(name="Y")})
    after = replace(
        before,
        proxy=ProxySettings(port=1),
        budget=BudgetSettings(at_limit=AtLimit.STOP),
        profiles={"Default": Profile(), "Work": Profile({Role.BIG: "a/b"})},
        providers={"y": ProviderSettings(custom=True)},
    )
    changed = changed_keys(before, after)
    assert changed == {
        ("proxy", "port"): 1,
        ("budget", "at_limit"): "stop",
        ("profiles", "Default"): {},
        ("profiles", "Work"): {},
        ("profiles", "Work", "big"): "a/b",
        ("providers", "x"): None,
        ("providers", "y", "name"): None,
        ("providers", "y", "custom"): True,
    }
    assert changed_keys(after, after) == {}
    assert touches(changed, "proxy.host", "providers")
    assert touches(changed, "proxy.port")
    assert not touches(changed, "proxy.host", "prox", "providers.x.name", "log")


def test_a_newer_version_is_read_as_far_as_it_goes() -> None:
    settings, troubles = read_text("version = 2\nproxy.port = 9\nnew_thing.x = 1")
    assert settings.proxy.port == 9
    assert len(troubles) == 1
    assert "newer Understudy" in troubles[0]


def test_what_may_be_a_key_in_the_wrong_place_is_not_repeated() -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
    _, troubles = read_text(
        f"profiles.Default.big = '{secret}'\nproxy.port = '{secret}'\nproviders.x.engine = '{secret}'"
    )
    assert len(troubles) == 3
    assert not any(secret[:16] in trouble for trouble in troubles)


@pytest.mark.parametrize("url", ["http://h", "https://h:1/v1", "http://[::1]:80/x"])
def test_addresses(url: str) -> None:
    assert is_url(url)


@pytest.mark.parametrize(
    "url", ["", "h", "http://", "ftp://h", "http://h:x", "http://[::1", "http://a b", "http://u@h"]
)
def test_what_is_no_address(url: str) -> None:
    assert not is_url(url)


def test_models() -> None:
    assert is_model("openai/gpt-4.1")
    assert is_model("openrouter/anthropic/claude-sonnet-4.5:free")
    assert is_model("passthrough")
    assert not any(is_model(text) for text in ("", "gpt-4.1", "/x", "openai/", "openai/gpt 4"))
