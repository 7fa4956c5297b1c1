"""The environment of a launch: which variables it sets for which models, and what it never shows."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from proxy_core.config.secret import Secret
from proxy_core.config.settings import PASSTHROUGH, Role
from proxy_core.launch.claude_code import OTHER_WAYS, LaunchPlan, LaunchRole, LaunchSession, PickerOption, plan
from proxy_core.launch.settings_files import KeptValues

TOKEN = "us-launch.the-secret-part.signature"
GPT = LaunchRole("openai/gpt-4.1", 1_047_576, 32_768)
MINI = LaunchRole("openai/gpt-4.1-mini", 1_047_576, 32_768)
LOCAL = LaunchRole("ollama/qwen3", 40_960, None, local=True)
ANTHROPIC = LaunchRole(PASSTHROUGH)


def _plan(
    big: LaunchRole = GPT,
    small: LaunchRole = MINI,
    *,
    more: dict[Role, LaunchRole] | None = None,
    own: bool = False,
    inherited: dict[str, str] | None = None,
    long_threshold: int = 200_000,
    offers: Sequence[PickerOption] = (),
    address: str = "http://127.0.0.1:8082",
    kept: KeptValues | None = None,
) -> LaunchPlan:
    parts = {Role.BIG: big, Role.SMALL: small, Role.THINKER: big, **(more or {})}
    session = LaunchSession(address, Secret(TOKEN), parts, own, long_threshold, offers, kept or KeptValues())
    return plan(session, inherited or {})


def test_every_name_of_claude_becomes_a_role() -> None:
    variables = _plan().variables
    assert variables["ANTHROPIC_MODEL"] == "understudy/big"
    assert variables["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "understudy/big"
    assert variables["ANTHROPIC_DEFAULT_SONNET_MODEL"] == "understudy/big"
    assert variables["ANTHROPIC_DEFAULT_FABLE_MODEL"] == "understudy/big"
    assert variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "understudy/small"
    assert variables["CLAUDE_CODE_AUTO_MODE_MODEL"] == "understudy/small"
    assert variables["ANTHROPIC_DEFAULT_OPUS_MODEL_NAME"] == "BIG · gpt-4.1"


def test_opus_is_its_own_role_when_it_is_set() -> None:
    made = _plan(more={Role.OPUS: LaunchRole("openai/gpt-5")})
    assert made.variables["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "understudy/opus"
    assert made.variables["ANTHROPIC_MODEL"] == "understudy/big"
    assert [option["model"] for option in made.settings["modelPicker"]["options"]] == [
        "understudy/big",
        "understudy/opus",
        "understudy/thinker",
        "understudy/small",
    ]


def test_what_the_keys_reach_can_be_picked_beside_the_roles() -> None:
    made = _plan(offers=[PickerOption("openai/gpt-5", "gpt-5 · OpenAI", "272k window")])
    picker = made.settings["modelPicker"]
    assert picker["replaceBuiltInOptions"] is True
    assert picker["options"][-1] == {"model": "openai/gpt-5", "label": "gpt-5 · OpenAI", "description": "272k window"}
    assert [option["model"] for option in picker["options"][:-1]] == [
        "understudy/big",
        "understudy/thinker",
        "understudy/small",
    ]
    assert made.variables["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] == "1", "older clients know no picker"


def test_a_gateways_thousand_models_do_not_overflow_a_command_line() -> None:
    offers = [
        PickerOption(f"openrouter/maker/model-{number}", f"model-{number} · OpenRouter", "1M")
        for number in range(1_000)
    ]
    made = _plan(offers=offers)
    assert 50 < len(made.settings["modelPicker"]["options"]) < 1_000
    assert len(" ".join(made.arguments)) < 24_000, "Windows allows 32,767 characters for everything"


def test_the_token_is_in_two_headers_and_in_no_argument() -> None:
    made = _plan()
    assert made.variables["ANTHROPIC_AUTH_TOKEN"] == TOKEN
    assert made.variables["ANTHROPIC_CUSTOM_HEADERS"] == f"x-understudy-token: {TOKEN}"
    assert TOKEN not in " ".join(made.arguments)
    assert "the-secret-part" not in json.dumps(made.settings)


def test_what_is_no_secret_is_given_in_settings_too_which_outrank_a_projects() -> None:
    made = _plan()
    option, text = made.arguments
    assert option == "--settings"
    block = json.loads(text)["env"]
    assert block["ANTHROPIC_BASE_URL"] == "http://127.0.0.1:8082"
    assert {name: made.variables[name] for name in block} == block
    assert all(block[way] == "" for way in OTHER_WAYS)
    assert json.loads(text)["apiKeyHelper"] == ""


def test_the_users_own_keys_are_not_handed_to_a_session_that_does_not_need_them() -> None:
    inherited = {"ANTHROPIC_API_KEY": "sk-ant-x", "CLAUDE_CODE_OAUTH_TOKEN": "oat", "PATH": "/bin"}
    environment = _plan(inherited=inherited).environment(inherited)
    assert "ANTHROPIC_API_KEY" not in environment
    assert "CLAUDE_CODE_OAUTH_TOKEN" not in environment
    assert environment["PATH"] == "/bin"


def test_passthrough_without_a_stored_key_leaves_the_clients_credential_alone() -> None:
    inherited = {"ANTHROPIC_API_KEY": "sk-ant-x", "ANTHROPIC_CUSTOM_HEADERS": "x-team: a\nx-understudy-token: stale"}
    made = _plan(ANTHROPIC, ANTHROPIC, own=True, inherited=inherited)
    environment = made.environment(inherited)
    assert environment["ANTHROPIC_API_KEY"] == "sk-ant-x"
    assert "ANTHROPIC_AUTH_TOKEN" not in environment
    assert environment["ANTHROPIC_CUSTOM_HEADERS"] == f"x-team: a\nx-understudy-token: {TOKEN}"
    assert "apiKeyHelper" not in made.settings


def test_where_anthropic_plays_the_names_limits_and_safeguards_stay_claudes() -> None:
    made = _plan(ANTHROPIC, ANTHROPIC)
    steering = [name for name in made.variables if "MODEL" in name or name.startswith("CLAUDE_CODE_MAX")]
    assert steering == ["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"]
    assert "CLAUDE_CODE_ATTRIBUTION_HEADER" not in made.variables
    assert "DISABLE_TELEMETRY" not in made.variables
    assert set(made.settings) == {"env", "apiKeyHelper"}


def test_only_the_roles_that_anthropic_plays_keep_their_names() -> None:
    small = _plan(ANTHROPIC, MINI).variables
    assert small["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "understudy/small"
    assert "ANTHROPIC_DEFAULT_OPUS_MODEL" not in small
    assert "ANTHROPIC_MODEL" not in small
    big = _plan(GPT, ANTHROPIC)
    assert big.variables["ANTHROPIC_MODEL"] == "understudy/big"
    assert "ANTHROPIC_DEFAULT_HAIKU_MODEL" not in big.variables
    assert "understudy/small" not in {option["model"] for option in big.settings["modelPicker"]["options"]}


def test_windows_and_output_limits_fit_the_model() -> None:
    variables = _plan().variables
    assert variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "1047576"
    assert variables["CLAUDE_CODE_AUTO_COMPACT_WINDOW"] == "1047576"
    assert variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "32768"
    assert "CLAUDE_CODE_DISABLE_1M_CONTEXT" not in variables


def test_a_small_window_has_no_compact_window_which_claude_code_would_refuse() -> None:
    variables = _plan(LaunchRole("x/small", 32_768, 32_768)).variables
    assert variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "32768"
    assert "CLAUDE_CODE_AUTO_COMPACT_WINDOW" not in variables
    assert variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "8192", "a quarter: the input needs the rest"


def test_unknown_limits_are_not_made_up() -> None:
    variables = _plan(LaunchRole("x/unknown")).variables
    assert "CLAUDE_CODE_MAX_CONTEXT_TOKENS" not in variables
    assert "CLAUDE_CODE_MAX_OUTPUT_TOKENS" not in variables
    assert variables["CLAUDE_CODE_DISABLE_1M_CONTEXT"] == "1"


def test_output_is_never_more_than_claude_code_takes_nor_too_little_to_answer() -> None:
    assert _plan(LaunchRole("x/y", None, 400_000)).variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "64000"
    assert _plan(LaunchRole("x/y", 2_048, 2_048)).variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "1024"


def test_longs_window_counts_where_it_takes_over_before_bigs_is_full() -> None:
    long = {Role.LONG: LaunchRole("gemini/gemini-2.5-pro", 2_000_000)}
    big = LaunchRole("x/y", 256_000)
    assert _plan(big, more=long).variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "2000000"
    assert _plan(big, more=long, long_threshold=300_000).variables["CLAUDE_CODE_MAX_CONTEXT_TOKENS"] == "256000"


def test_a_local_model_is_waited_for() -> None:
    assert "CLAUDE_STREAM_IDLE_TIMEOUT_MS" not in _plan().variables
    variables = _plan(GPT, LOCAL).variables
    assert variables["CLAUDE_STREAM_IDLE_TIMEOUT_MS"] == "900000"
    assert variables["API_FORCE_IDLE_TIMEOUT"] == "0"


def test_all_that_is_not_essential_is_off_only_where_every_model_is_local() -> None:
    assert _plan(LOCAL, LOCAL).variables["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "1"
    mixed = _plan(GPT, LOCAL).variables
    assert "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC" not in mixed
    assert mixed["DISABLE_TELEMETRY"] == "1"


def test_loopback_goes_through_no_http_proxy() -> None:
    made = _plan(inherited={"HTTPS_PROXY": "http://corp:3128", "no_proxy": "corp.example, localhost"})
    assert made.variables["NO_PROXY"] == made.variables["no_proxy"] == "corp.example,localhost,127.0.0.1,::1"
    assert made.settings["env"]["NO_PROXY"] == made.settings["env"]["no_proxy"] == made.variables["NO_PROXY"]


def test_the_hosts_of_all_lists_are_kept_and_what_is_none_is_not() -> None:
    kept = KeptValues(no_proxy=("intern.example .corp,*.lan:8080", 'x"y,a;b,\x00'))
    made = _plan(inherited={"NO_PROXY": "a.example"}, kept=kept)
    assert made.variables["NO_PROXY"] == "a.example,intern.example,.corp,*.lan:8080,127.0.0.1,localhost,::1"


def test_no_http_proxy_at_all_stays_none_at_all() -> None:
    assert _plan(inherited={"no_proxy": "*"}).variables["NO_PROXY"] == "*"
    assert _plan(kept=KeptValues(no_proxy=("*",)), inherited={"no_proxy": "a"}).settings["env"]["no_proxy"] == "*"


@pytest.mark.parametrize(
    ("address", "last"), [("http://[::1]:8082", "[::1]:8082"), ("http://127.0.0.2:8082", "127.0.0.2:8082")]
)
def test_the_proxys_own_address_is_among_them_as_a_url_has_it(address: str, last: str) -> None:
    assert _plan(address=address).variables["NO_PROXY"].split(",")[-1] == last


def test_where_reports_go_is_the_users_to_say() -> None:
    endpoint, switch = "OTEL_EXPORTER_OTLP_ENDPOINT", "CLAUDE_CODE_ENABLE_TELEMETRY"
    assert [_plan().settings["env"][name] for name in (switch, endpoint)] == ["", ""]
    made = _plan(inherited={switch: "1", endpoint: "http://a"}, kept=KeptValues(user_env={endpoint: "http://b"}))
    assert [made.settings["env"][name] for name in (switch, endpoint)] == ["1", "http://b"]
    again = made.over({"env": {endpoint: "http://c"}})
    assert again.settings["env"][endpoint] == again.variables[endpoint] == "http://c"


def test_a_socket_of_the_shells_is_no_way_for_a_session() -> None:
    inherited = {"ANTHROPIC_UNIX_SOCKET": "/tmp/elsewhere.sock"}
    assert _plan(inherited=inherited).environment(inherited)["ANTHROPIC_UNIX_SOCKET"] == ""


def test_under_passthrough_a_credential_in_settings_of_ones_own_is_kept_and_so_is_the_token() -> None:
    theirs = {
        "env": {"ANTHROPIC_API_KEY": "sk-ant-x", "ANTHROPIC_CUSTOM_HEADERS": "x-team: a\nX-Understudy-Token: old"}
    }
    made = _plan(ANTHROPIC, ANTHROPIC, own=True).over(theirs)
    assert made.variables["ANTHROPIC_API_KEY"] == "sk-ant-x"
    assert made.variables["ANTHROPIC_CUSTOM_HEADERS"] == f"x-team: a\nx-understudy-token: {TOKEN}"
    assert "sk-ant-x" not in made.settings_text
    assert "sk-ant-x" not in str(_plan().over(theirs))


def test_settings_of_ones_own_keep_what_does_not_steer() -> None:
    made = _plan(ANTHROPIC, ANTHROPIC).over({"permissions": {"allow": ["Read"]}, "model": "opus"})
    assert (made.settings["permissions"], made.settings["model"]) == ({"allow": ["Read"]}, "opus")


def test_auto_mode_is_off_and_the_preflight_to_anthropic_too() -> None:
    settings = _plan().settings
    assert settings["permissions"] == {"disableAutoMode": "disable"}
    assert settings["skipWebFetchPreflight"] is True
