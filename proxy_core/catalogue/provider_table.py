"""The providers that Understudy knows itself: names, addresses, and the variables of their keys.

Ids and variable names are LiteLLM's. Every other provider of LiteLLM's is looked up in its data (``litellm_data``).
Addresses are from the providers' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from proxy_core.catalogue.values import Provider
from proxy_core.config.settings import Engine


def _direct(
    id_: str, name: str, base_url: str, key_page: str, *keys: str, urls: tuple[str, ...] = (), quirks: str = ""
) -> Provider:
    usual = id_.upper()
    return Provider(
        id=id_,
        name=name,
        engine=Engine.DIRECT,
        base_url=base_url,
        key_variables=keys or (f"{usual}_API_KEY",),
        base_url_variables=urls or (f"{usual}_API_BASE", f"{usual}_BASE_URL"),
        key_page=key_page,
        quirks=quirks or id_,
    )


def _local(id_: str, name: str, base_url: str, usual: str = "") -> Provider:
    usual = usual or id_.upper()
    return Provider(
        id=id_,
        name=name,
        engine=Engine.DIRECT,
        base_url=base_url,
        key_variables=(f"{usual}_API_KEY",),
        base_url_variables=(f"{usual}_API_BASE", f"{usual}_BASE_URL"),
        needs_key=False,
        local=True,
        quirks=id_,
    )


def _litellm(
    id_: str, name: str, key_page: str, *keys: str, urls: tuple[str, ...] = (), keyed: bool = True
) -> Provider:
    return Provider(
        id=id_,
        name=name,
        engine=Engine.LITELLM,
        key_variables=keys,
        base_url_variables=urls,
        needs_key=keyed,
        key_page=key_page,
        quirks=id_,
    )


_ALL: Final = (
    _direct(
        "openai",
        "OpenAI",
        "https://api.openai.com/v1",
        "https://platform.openai.com/api-keys",
        urls=("OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_API_BASE_URL"),
    ),
    Provider(
        id="anthropic",
        name="Anthropic",
        engine=Engine.RELAY,
        base_url="https://api.anthropic.com",
        key_variables=("ANTHROPIC_API_KEY",),
        # No variable for its address: ANTHROPIC_BASE_URL is Claude Code's, and may point at us.
        key_page="https://platform.claude.com/settings/keys",
        quirks="anthropic",
    ),
    _litellm(
        "gemini",
        "Google Gemini",
        "https://aistudio.google.com/apikey",
        "GEMINI_API_KEY",
        "GOOGLE_API_KEY",
        urls=("GEMINI_API_BASE", "GEMINI_BASE_URL"),
    ),
    _direct(
        "openrouter",
        "OpenRouter",
        "https://openrouter.ai/api/v1",
        "https://openrouter.ai/settings/keys",
        "OPENROUTER_API_KEY",
        "OR_API_KEY",
    ),
    _direct("deepseek", "DeepSeek", "https://api.deepseek.com/v1", "https://platform.deepseek.com/api_keys"),
    _direct("groq", "Groq", "https://api.groq.com/openai/v1", "https://console.groq.com/keys"),
    _direct("mistral", "Mistral AI", "https://api.mistral.ai/v1", "https://console.mistral.ai/api-keys"),
    _direct("xai", "xAI", "https://api.x.ai/v1", "https://console.x.ai"),
    _direct(
        "together_ai",
        "Together AI",
        "https://api.together.ai/v1",
        "https://api.together.ai/settings/api-keys",
        "TOGETHERAI_API_KEY",
        "TOGETHER_API_KEY",
        "TOGETHER_AI_API_KEY",
    ),
    _direct(
        "fireworks_ai",
        "Fireworks AI",
        "https://api.fireworks.ai/inference/v1",
        "https://app.fireworks.ai/settings/users/api-keys",
        "FIREWORKS_AI_API_KEY",
        "FIREWORKS_API_KEY",
        urls=("FIREWORKS_API_BASE", "FIREWORKS_AI_API_BASE"),
    ),
    _direct(
        "moonshot", "Moonshot AI (Kimi)", "https://api.moonshot.ai/v1", "https://platform.moonshot.ai/console/api-keys"
    ),
    _direct("zai", "Z.ai (GLM)", "https://api.z.ai/api/paas/v4", "https://z.ai/manage-apikey/apikey-list"),
    _direct(
        "minimax",
        "MiniMax",
        "https://api.minimax.io/v1",
        "https://platform.minimax.io/user-center/basic-information/interface-key",
    ),
    _direct("cerebras", "Cerebras", "https://api.cerebras.ai/v1", "https://cloud.cerebras.ai"),
    _direct(
        "nvidia_nim",
        "NVIDIA NIM",
        "https://integrate.api.nvidia.com/v1",
        "https://build.nvidia.com/settings/api-keys",
        "NVIDIA_NIM_API_KEY",
        "NVIDIA_API_KEY",
    ),
    _direct(
        "perplexity",
        "Perplexity",
        "https://api.perplexity.ai",
        "https://www.perplexity.ai/account/api/keys",
        "PERPLEXITYAI_API_KEY",
        "PERPLEXITY_API_KEY",
    ),
    _direct("sambanova", "SambaNova", "https://api.sambanova.ai/v1", "https://cloud.sambanova.ai/apis"),
    _direct("deepinfra", "DeepInfra", "https://api.deepinfra.com/v1/openai", "https://deepinfra.com/dash/api_keys"),
    _direct("novita", "Novita AI", "https://api.novita.ai/v3/openai", "https://novita.ai/settings/key-management"),
    _direct("nebius", "Nebius", "https://api.studio.nebius.ai/v1", "https://studio.nebius.com/settings/api-keys"),
    _direct("hyperbolic", "Hyperbolic", "https://api.hyperbolic.xyz/v1", "https://app.hyperbolic.xyz/settings"),
    _direct(
        "dashscope",
        "Alibaba Cloud Model Studio (China)",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "https://bailian.console.aliyun.com/?tab=model#/api-key",
    ),
    _direct(
        "qwencloud",
        "Qwen Cloud",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "https://modelstudio.console.alibabacloud.com/?tab=model#/api-key",
        quirks="dashscope",
    ),
    _direct(
        "github",
        "GitHub Models",
        "https://models.github.ai/inference",
        "https://github.com/settings/personal-access-tokens",
    ),
    _direct(
        "vercel_ai_gateway",
        "Vercel AI Gateway",
        "https://ai-gateway.vercel.sh/v1",
        "https://vercel.com/dashboard/ai-gateway/api-keys",
        "VERCEL_AI_GATEWAY_API_KEY",
        "AI_GATEWAY_API_KEY",
    ),
    _local("ollama", "Ollama", "http://127.0.0.1:11434/v1"),
    _local("lm_studio", "LM Studio", "http://127.0.0.1:1234/v1"),
    _local("llama_cpp", "llama.cpp", "http://127.0.0.1:8080/v1"),
    _local("llamafile", "llamafile", "http://127.0.0.1:8080/v1"),
    _local("hosted_vllm", "vLLM", "http://127.0.0.1:8000/v1"),
    _local("vllm", "vLLM", "http://127.0.0.1:8000/v1", "HOSTED_VLLM"),
    _local("litellm_proxy", "LiteLLM proxy", "http://127.0.0.1:4000/v1"),
    _litellm(
        "azure",
        "Azure OpenAI",
        "https://portal.azure.com",
        "AZURE_API_KEY",
        "AZURE_OPENAI_API_KEY",
        urls=("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT"),
    ),
    _litellm("azure_ai", "Azure AI Foundry", "https://ai.azure.com", "AZURE_AI_API_KEY", urls=("AZURE_AI_API_BASE",)),
    # Often used without a key: LiteLLM looks for the credentials of the cloud's own tools.
    _litellm("bedrock", "Amazon Bedrock", "", "AWS_BEARER_TOKEN_BEDROCK", keyed=False),
    _litellm("vertex_ai", "Google Vertex AI", "", keyed=False),
    _litellm("cohere", "Cohere", "https://dashboard.cohere.com/api-keys", "COHERE_API_KEY", "CO_API_KEY"),
    _litellm("cohere_chat", "Cohere", "https://dashboard.cohere.com/api-keys", "COHERE_API_KEY", "CO_API_KEY"),
    _litellm(
        "huggingface", "Hugging Face", "https://huggingface.co/settings/tokens", "HUGGINGFACE_API_KEY", "HF_TOKEN"
    ),
    Provider(id="demo", name="Demo", engine=Engine.DEMO, needs_key=False, quirks="demo"),
)

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType({provider.id: provider for provider in _ALL})
"""By id, in the order in which they are shown."""

SAME_AS: Final[Mapping[str, str]] = MappingProxyType({"vllm": "hosted_vllm", "cohere_chat": "cohere"})
"""Second names of a provider: accepted, but not listed."""

DIRECT_BASE_URLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "anthropic": "https://api.anthropic.com/v1",
        "cohere": "https://api.cohere.ai/compatibility/v1",
        "gemini": "https://generativelanguage.googleapis.com/v1beta/openai",
    }
)
"""The OpenAI-format addresses of providers that the user sets to the direct engine."""

RELAY_BASE_URLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deepseek": "https://api.deepseek.com/anthropic",
        "minimax": "https://api.minimax.io/anthropic",
        "moonshot": "https://api.moonshot.ai/anthropic",
        "openrouter": "https://openrouter.ai/api",
        "zai": "https://api.z.ai/api/anthropic",
    }
)
"""The Anthropic-format addresses of providers that the user sets to the relay engine."""
