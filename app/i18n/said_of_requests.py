"""What is said of a request: the sentences of routing, translation and providers, with numbered places.

A place has its number from the English. Each row names the places whose words are ours as well. (What marks a text
for translation gives it back unchanged, and is typed as an object.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP

OF_REQUESTS: Final[Mapping[object, tuple[int, ...]]] = MappingProxyType(
    {
        # the api
        QT_TRANSLATE_NOOP("Said", "{0} does not take {1}."): (),
        QT_TRANSLATE_NOOP("Said", "{0} does not take {1}: it was left out."): (),
        QT_TRANSLATE_NOOP("Said", "The request is nested too deeply."): (),
        QT_TRANSLATE_NOOP("Said", "The request body is over {0} MB."): (),
        QT_TRANSLATE_NOOP("Said", "The request body must be application/json."): (),
        QT_TRANSLATE_NOOP("Said", "The request body must not be compressed."): (),
        QT_TRANSLATE_NOOP("Said", "The content-length is not a number."): (),
        QT_TRANSLATE_NOOP("Said", "The request body did not arrive within {0} seconds."): (),
        QT_TRANSLATE_NOOP("Said", "The request body must be a JSON object."): (),
        QT_TRANSLATE_NOOP("Said", "The request body is not valid JSON."): (),
        QT_TRANSLATE_NOOP("Said", "This is not a valid HTTP request."): (),
        QT_TRANSLATE_NOOP("Said", "This server does not change to another protocol."): (),
        QT_TRANSLATE_NOOP("Said", "The request's head did not arrive within {0} seconds."): (),
        QT_TRANSLATE_NOOP("Said", "The request's head is over {0} kB."): (),
        QT_TRANSLATE_NOOP("Said", "Understudy's local token is missing or wrong."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Start Claude Code with `understudy claude`, or send the token that `understudy token` shows as "
            "x-api-key, as Authorization: Bearer or as x-understudy-token.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0}: the list holds no such model now."): (),
        QT_TRANSLATE_NOOP("Said", "Begin with its first page."): (),
        QT_TRANSLATE_NOOP("Said", "limit: it has to be a number from 1 to {0}."): (),
        QT_TRANSLATE_NOOP("Said", "There is no role called {0}."): (),
        QT_TRANSLATE_NOOP("Said", "Choose one of {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The provider {0} has no base URL."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Set one in Understudy → Settings → Models and keys, or choose another model.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not the name of a model."): (),
        QT_TRANSLATE_NOOP("Said", "Write it as provider/model, as in openai/gpt-4.1."): (),
        QT_TRANSLATE_NOOP("Said", "There is no provider called {0}, so {1} was not sent to anybody."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Write the provider before the model, as in openrouter/{0}, or add a custom provider in Understudy → "
            "Settings → Models and keys.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} has no base URL."): (),
        QT_TRANSLATE_NOOP("Said", "Set one in Understudy → Settings → Models and keys."): (),
        QT_TRANSLATE_NOOP("Said", "There is no key for {0}."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Open Understudy → Settings → Models and keys, run `understudy keys set {0}`{1}, and try again.",
        ): (1,),
        QT_TRANSLATE_NOOP(
            "Said",
            "No key is sent to {0}: its base URL comes from a .env file, which gets only a key of the same file.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Put {0} into that file, or set the base URL in the environment or in Understudy's settings.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "Understudy itself failed on this request; its log says where."): (),
        QT_TRANSLATE_NOOP("Said", "Passthrough needs an Anthropic key or a login of the client's own."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Run `understudy keys set anthropic`, or let the client send Understudy's token as x-understudy-"
            "token beside its own credential.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} ended its answer early."): (),
        QT_TRANSLATE_NOOP("Said", "Understudy was stopped before this answer was whole."): (),
        QT_TRANSLATE_NOOP("Said", "Start it again."): (),
        QT_TRANSLATE_NOOP("Said", "Understudy ended before this answer was whole."): (),
        QT_TRANSLATE_NOOP("Said", "The provider's answer is nested too deeply."): (),
        # providers
        QT_TRANSLATE_NOOP("Said", "{0} cannot be reached: {1}."): (1,),
        QT_TRANSLATE_NOOP("Said", "Check the network and the provider's base URL."): (),
        QT_TRANSLATE_NOOP("Said", "Check the server's certificate, or use http:// in its base URL."): (),
        QT_TRANSLATE_NOOP("Said", "Is the local server running?"): (),
        QT_TRANSLATE_NOOP("Said", "Is {0} running?"): (0,),
        QT_TRANSLATE_NOOP("Said", "The address of {0} is no URL that can be reached."): (),
        QT_TRANSLATE_NOOP("Said", "{0} closed the connection before it answered ({1})."): (),
        QT_TRANSLATE_NOOP("Said", "It may have received the request, so it was not sent again."): (),
        QT_TRANSLATE_NOOP("Said", "{0} answered with something that is not HTTP ({1})."): (),
        QT_TRANSLATE_NOOP("Said", "Check its base URL."): (),
        QT_TRANSLATE_NOOP("Said", "The outgoing proxy requires a user name and a password (407)."): (),
        QT_TRANSLATE_NOOP("Said", "Put them in its address: http://name:password@proxy.example:3128."): (),
        QT_TRANSLATE_NOOP("Said", "The outgoing proxy does not allow connections to {0} ({1})."): (),
        QT_TRANSLATE_NOOP("Said", "Ask its administrator, or add {0} to NO_PROXY."): (),
        QT_TRANSLATE_NOOP("Said", "Check the network and the proxy's address."): (),
        QT_TRANSLATE_NOOP("Said", "The client left, or Understudy stopped, before the provider answered."): (),
        QT_TRANSLATE_NOOP("Said", "{0} did not answer in time ({1})."): (),
        QT_TRANSLATE_NOOP("Said", "{0} stopped answering: nothing more came in time."): (),
        QT_TRANSLATE_NOOP("Said", "{0} broke off its answer: the connection to {1} ended early."): (1,),
        QT_TRANSLATE_NOOP("Said", "It ended with {0}."): (),
        # translation
        QT_TRANSLATE_NOOP("Said", "The provider sent more arguments for the finished call of {0}."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "The provider cannot be held to a JSON schema; the model was asked for it in words.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} cannot use tools: they were left out."): (),
        QT_TRANSLATE_NOOP("Said", "max_tokens {0} is more than {1} can give; {2} was sent."): (),
        QT_TRANSLATE_NOOP("Said", "Chat completions have no top_k: it was left out."): (),
        QT_TRANSLATE_NOOP("Said", "Only {0} of {1} stop sequences could be sent."): (),
        QT_TRANSLATE_NOOP("Said", "The provider cannot be kept to one tool call at a time."): (),
        QT_TRANSLATE_NOOP("Said", "{0} takes no {1}: it was left out."): (),
        QT_TRANSLATE_NOOP("Said", "{0} cannot take PDF documents: they were left out."): (),
        QT_TRANSLATE_NOOP("Said", "{0} cannot see images: they were left out."): (),
        QT_TRANSLATE_NOOP("Said", "An image whose source only Anthropic can read was left out."): (),
        QT_TRANSLATE_NOOP("Said", "A block of the type {0} was left out."): (),
        QT_TRANSLATE_NOOP("Said", "No web search was made: {0} cannot search the web through Understudy."): (),
        QT_TRANSLATE_NOOP("Said", "The model's call of {0} is not complete: its arguments are not valid JSON."): (),
        QT_TRANSLATE_NOOP("Said", "The model's answer reached its output limit in the middle of a call of {0}."): (),
        QT_TRANSLATE_NOOP("Said", "Ask for smaller steps, or choose a model with a higher output limit."): (),
        QT_TRANSLATE_NOOP("Said", "The provider's answer broke off before its end."): (),
        QT_TRANSLATE_NOOP("Said", "The provider ended its answer with a fault ({0})."): (),
        QT_TRANSLATE_NOOP("Said", "The provider ended its answer before it began."): (),
        QT_TRANSLATE_NOOP("Said", "The provider said that the model calls a tool, and sent no call."): (),
        QT_TRANSLATE_NOOP(
            "Said", "The provider's answer cannot be read: it is not in the form of chat completions."
        ): (),
        QT_TRANSLATE_NOOP("Said", "The answer had ended already."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not known to think: the request for thinking was left out."): (),
        QT_TRANSLATE_NOOP("Said", "The provider has no setting for thinking: the request for it was left out."): (),
        QT_TRANSLATE_NOOP("Said", "The tool {0} runs at Anthropic ({1}) and was left out."): (),
        QT_TRANSLATE_NOOP("Said", "The tool that was asked for ({0}) is not offered; the choice was left open."): (),
        QT_TRANSLATE_NOOP("Said", "A tool result without its call was sent as text."): (),
        QT_TRANSLATE_NOOP("Said", "A call of {0} has no result; the model was told that it was interrupted."): (),
        QT_TRANSLATE_NOOP("Said", "Thinking of earlier turns was left out: the provider does not take it back."): (),
        QT_TRANSLATE_NOOP("Said", "Encrypted thinking of earlier turns was left out."): (),
        QT_TRANSLATE_NOOP("Said", "A block of the type {0} in an earlier answer was left out."): (),
    }
)
