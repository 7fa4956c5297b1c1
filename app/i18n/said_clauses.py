"""Parts of sentences that stand in the places of others, or alone: why a model answered, what went wrong.

A place has its number from the English. Each row names the places whose words are ours as well. (What marks a text
for translation gives it back unchanged, and is typed as an object.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP

CLAUSES: Final[Mapping[object, tuple[int, ...]]] = MappingProxyType(
    {
        QT_TRANSLATE_NOOP("Said", "run again of {0}: {1}"): (1,),
        QT_TRANSLATE_NOOP("Said", "the disk is full"): (),
        # on the way to a provider
        QT_TRANSLATE_NOOP("Said", "{0} took too long to accept a connection"): (),
        QT_TRANSLATE_NOOP("Said", "the TLS connection to {0} failed ({1})"): (),
        QT_TRANSLATE_NOOP("Said", "the outgoing proxy cannot be reached"): (),
        QT_TRANSLATE_NOOP("Said", "the outgoing proxy did not answer in time"): (),
        QT_TRANSLATE_NOOP("Said", "the outgoing proxy answered with {0}"): (),
        QT_TRANSLATE_NOOP("Said", "the name {0} is not known"): (),
        QT_TRANSLATE_NOOP("Said", "{0} refused the connection"): (),
        QT_TRANSLATE_NOOP("Said", "{0} closed the connection at once"): (),
        QT_TRANSLATE_NOOP("Said", "the connection to {0} failed ({1})"): (),
        QT_TRANSLATE_NOOP("Said", "the connection to {0} failed"): (0,),
        QT_TRANSLATE_NOOP("Said", "the provider"): (),
        QT_TRANSLATE_NOOP("Said", "the local server"): (),
        QT_TRANSLATE_NOOP("Said", "llama.cpp's server"): (),
        QT_TRANSLATE_NOOP("Said", " or set {0}"): (),
        # settings
        QT_TRANSLATE_NOOP("Said", "{0} in .env"): (),
        QT_TRANSLATE_NOOP("Said", "it is not UTF-8 text"): (),
        QT_TRANSLATE_NOOP("Said", "not UTF-8 text at line {0}"): (),
        QT_TRANSLATE_NOOP("Said", "nested too deeply"): (),
        QT_TRANSLATE_NOOP("Said", "The key"): (),
        QT_TRANSLATE_NOOP("Said", "a text"): (),
        QT_TRANSLATE_NOOP("Said", "a whole number"): (),
        QT_TRANSLATE_NOOP("Said", "a number"): (),
        QT_TRANSLATE_NOOP("Said", "true or false"): (),
        QT_TRANSLATE_NOOP("Said", "one of {0}"): (),
        QT_TRANSLATE_NOOP("Said", "a number of seconds above 0"): (),
        QT_TRANSLATE_NOOP("Said", "an http or https address without a user name or password"): (),
        QT_TRANSLATE_NOOP("Said", "an http or https address"): (),
        QT_TRANSLATE_NOOP("Said", "a host name or address"): (),
        QT_TRANSLATE_NOOP("Said", "a port from 0 to 65535"): (),
        QT_TRANSLATE_NOOP("Said", "a number of tokens above 0"): (),
        QT_TRANSLATE_NOOP("Said", "a number of days above 0"): (),
        QT_TRANSLATE_NOOP("Said", "a number of megabytes above 0"): (),
        QT_TRANSLATE_NOOP("Said", "an amount of USD, 0 or more"): (),
        QT_TRANSLATE_NOOP("Said", "USD per million tokens, 0 or more"): (),
        QT_TRANSLATE_NOOP("Said", "a command line with {script} in it"): (),
        QT_TRANSLATE_NOOP("Said", "'provider/name' or '{0}'"): (),
        QT_TRANSLATE_NOOP("Said", "it is left out"): (),
        QT_TRANSLATE_NOOP("Said", "{0} is used"): (),
        # the proxy, the terminal, a model that is tried
        QT_TRANSLATE_NOOP("Said", "another program"): (),
        QT_TRANSLATE_NOOP("Said", "{0} (process {1})"): (),
        QT_TRANSLATE_NOOP("Said", "choose another port with --port"): (),
        QT_TRANSLATE_NOOP("Said", "try --port {0}"): (),
        QT_TRANSLATE_NOOP("Said", "it returned without being asked to"): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not a folder of one's own"): (),
        QT_TRANSLATE_NOOP("Said", "it ended with {0}"): (),
        QT_TRANSLATE_NOOP("Said", "The command of one's own"): (),
        QT_TRANSLATE_NOOP("Said", "The desktop's own choice"): (),
        QT_TRANSLATE_NOOP("Said", "The system's own choice"): (),
        QT_TRANSLATE_NOOP("Said", "something else"): (),
        QT_TRANSLATE_NOOP("Said", "red"): (),
        QT_TRANSLATE_NOOP("Said", "green"): (),
        QT_TRANSLATE_NOOP("Said", "blue"): (),
        QT_TRANSLATE_NOOP("Said", "yellow"): (),
        QT_TRANSLATE_NOOP("Said", "A secret was"): (),
        QT_TRANSLATE_NOOP("Said", "{0} secrets were"): (),
    }
)
