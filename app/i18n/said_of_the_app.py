"""What is said of the app itself: settings, keys, launching, the ledger, the proxy, trials, with numbered places.

A place has its number from the English. Each row names the places whose words are ours as well. (What marks a text
for translation gives it back unchanged, and is typed as an object.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from PySide6.QtCore import QT_TRANSLATE_NOOP

OF_THE_APP: Final[Mapping[object, tuple[int, ...]]] = MappingProxyType(
    {
        # settings and keys
        QT_TRANSLATE_NOOP(
            "Said",
            "The settings' host is {0}, which other machines can reach, and access from the LAN is off: the "
            "proxy listens on {1}.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} is {1}, which other machines can reach, and access from the LAN is off: the proxy listens on {2}.",
        ): (0,),
        QT_TRANSLATE_NOOP("Said", "To open it, set lan = true under [proxy] in the settings, or {0}=1."): (),
        QT_TRANSLATE_NOOP("Said", "{0} in .env is not used: it counts only in the process's environment."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not used: {1} is anthropic."): (0, 1),
        QT_TRANSLATE_NOOP("Said", "{0} is {1}; it has to be a model's name, or {2}."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} is {1}; it has to be one of openai, google, anthropic, or not set."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} is not an http or https address without a user name or password."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} is {1}; it has to be a port from 0 to 65535."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} is {1}; it has to be 1 or 0."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} cannot be read: {1}."): (1,),
        QT_TRANSLATE_NOOP("Said", "There is no keyring to keep keys in."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "On Linux a Secret Service is needed (GNOME Keyring, KWallet or KeePassXC) and a session bus; "
            "without them set the key in the environment.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "The keyring is locked."): (),
        QT_TRANSLATE_NOOP("Said", "Unlock it (on most desktops: log in again, or open its passwords app)."): (),
        QT_TRANSLATE_NOOP("Said", "The keyring is locked or does not answer."): (),
        QT_TRANSLATE_NOOP("Said", "Unlock it, and try again."): (),
        QT_TRANSLATE_NOOP("Said", "The keyring cannot be reached."): (),
        QT_TRANSLATE_NOOP("Said", "Check that GNOME Keyring, KWallet or KeePassXC runs, and try again."): (),
        QT_TRANSLATE_NOOP("Said", "The keyring failed ({0})."): (),
        QT_TRANSLATE_NOOP("Said", "The keyring did not keep the new token."): (),
        QT_TRANSLATE_NOOP("Said", "The keyring library is set to {0}.{1}, which is not the system's keyring."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Keys are not kept in files: remove that setting (PYTHON_KEYRING_BACKEND, keyringrc.cfg) or install"
            " a Secret Service.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "The keyring did not do what it was asked ({0})."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "The base URL comes from a .env file, so only a key in the same file is sent there: put the key beside it, "
            "or set the base URL in the environment or in the settings.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} is reached at {1}, as {2} says: only a key in the same .env is sent there."): (
            2,
        ),
        QT_TRANSLATE_NOOP("Said", "{0} is too short to be safe: it needs at least {1} characters."): (),
        QT_TRANSLATE_NOOP("Said", "Set a longer one, or unset it, and Understudy makes its own."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not read: it is larger than {1} KB."): (),
        QT_TRANSLATE_NOOP("Said", "The local token is kept in memory and changes with the next start."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is empty."): (0,),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} holds characters that no key has (a blank, a line break, a letter with an accent).",
        ): (0,),
        QT_TRANSLATE_NOOP("Said", "The keyring did not keep it."): (),
        QT_TRANSLATE_NOOP("Said", "{0} holds a placeholder, not a key."): (0,),
        QT_TRANSLATE_NOOP("Said", "{0} sets the token outside of Understudy: change it there."): (),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} is broken ({1})."): (1,),
        QT_TRANSLATE_NOOP("Said", "It is kept as {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} is gone; the settings stay as they were."): (),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} is broken ({1}); the settings stay as they were."): (1,),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} cannot hold these settings; nothing was written."): (),
        QT_TRANSLATE_NOOP("Said", "The settings could not be written to {0}: {1}."): (1,),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} is being changed by another process."): (),
        QT_TRANSLATE_NOOP("Said", "Try again."): (),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} cannot be read: {1}."): (),
        QT_TRANSLATE_NOOP("Said", "The settings file {0} is broken ({1}) and cannot be set aside: {2}."): (1,),
        QT_TRANSLATE_NOOP("Said", "Mend it or move it away."): (),
        QT_TRANSLATE_NOOP("Said", "The last good settings are used."): (),
        QT_TRANSLATE_NOOP("Said", "The defaults are used."): (),
        QT_TRANSLATE_NOOP("Said", "No copy of the settings could be kept at {0}: {1}."): (),
        QT_TRANSLATE_NOOP("Said", "[{0}] should be a table; it is left out."): (),
        QT_TRANSLATE_NOOP("Said", "version = {0} is not a number; the file is read as version {1}."): (),
        QT_TRANSLATE_NOOP("Said", "profile = {0} names no profile; the default models are used."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "The settings were written by a newer Understudy (version {0}; this one knows {1}).",
        ): (),
        QT_TRANSLATE_NOOP("Said", "What is understood is used, the rest is kept in the file."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "[providers.{0}] is left out: a provider's id is made of small letters, digits, '-', '_' and '.', "
            "and is none of {1}.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} = {1} is not {2}; {3}."): (2, 3),
        QT_TRANSLATE_NOOP("Said", "A profile needs a name."): (),
        QT_TRANSLATE_NOOP("Said", "There is a profile called {0} already."): (),
        QT_TRANSLATE_NOOP("Said", "There is no profile called {0}; there are: {1}."): (),
        QT_TRANSLATE_NOOP("Said", "{0} sets this outside of Understudy: change it there, or take it away."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not a model: write provider/name, or {1}."): (),
        # launching
        QT_TRANSLATE_NOOP("Said", "{0} has several lines, which cmd cannot hold."): (),
        QT_TRANSLATE_NOOP("Said", "Copy the command for PowerShell."): (),
        QT_TRANSLATE_NOOP("Said", "The script for the terminal could not be written: {0}."): (0,),
        QT_TRANSLATE_NOOP("Said", "The folder's name has characters that a script cannot hold."): (),
        QT_TRANSLATE_NOOP("Said", "Rename the folder."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets {1} and {2} in its env block, so the proxy's token is not sent: take one of them out.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets apiKeyHelper: its key is sent to this proxy, which does not pass it on unless a role is "
            "passthrough.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets {1} without 127.0.0.1 in its env block, and an administrator's settings outrank a launch:"
            " requests to this proxy could go through another one.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "Ask the administrator to add 127.0.0.1."): (),
        QT_TRANSLATE_NOOP(
            "Said", "{0} sets {1} in its env block: the session could go there instead of to this proxy."
        ): (),
        QT_TRANSLATE_NOOP("Said", "Take that line out."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            '{0} has "model": "{1}" (saved by /model): Claude Code without Understudy would not find it.',
        ): (),
        QT_TRANSLATE_NOOP("Said", "Take that line out, or choose another with /model there."): (),
        QT_TRANSLATE_NOOP("Said", "{0} lists the models that may be used: {1}/big may be refused."): (),
        QT_TRANSLATE_NOOP("Said", "{0} cannot be read: Claude Code may ignore it, or not start."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets {1} in its env block: the session sends it to this proxy, which does not pass it on "
            "unless a role is passthrough.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets {1} in its env block, and an administrator's settings outrank a launch.",
        ): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} sets {1} in its env block, and an administrator's settings outrank a launch: the session would"
            " not reach this proxy.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "No terminal was found."): (),
        QT_TRANSLATE_NOOP("Said", "Name one under Settings → Terminal, or run in one: understudy claude"): (),
        QT_TRANSLATE_NOOP("Said", "There is no screen here to open a terminal on."): (),
        QT_TRANSLATE_NOOP("Said", "In a terminal, run: understudy claude"): (),
        QT_TRANSLATE_NOOP("Said", "The folder {0} is not there any more."): (),
        QT_TRANSLATE_NOOP("Said", "Choose another."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not installed here."): (),
        QT_TRANSLATE_NOOP("Said", "{0} did not start: {1}."): (0, 1),
        QT_TRANSLATE_NOOP("Said", "The terminal's command cannot be read: {0}."): (),
        QT_TRANSLATE_NOOP("Said", "Look at Settings → Terminal."): (),
        QT_TRANSLATE_NOOP("Said", "No terminal could be opened."): (),
        # the ledger and the budget
        QT_TRANSLATE_NOOP(
            "Said",
            "The log at {0} was written by a newer version of Understudy.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} is a database of another program, not Understudy's log."): (),
        QT_TRANSLATE_NOOP("Said", "Move it away."): (),
        QT_TRANSLATE_NOOP("Said", "Update Understudy to use it."): (),
        QT_TRANSLATE_NOOP("Said", "Set ANTHROPIC_BASE_URL by hand."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Other commands cannot find this proxy: {0} could not be written ({1}).",
        ): (1,),
        QT_TRANSLATE_NOOP("Said", "The ledger at {0} cannot be read: {1}."): (),
        QT_TRANSLATE_NOOP("Said", "The next Understudy that runs sets it aside and begins a new one."): (),
        QT_TRANSLATE_NOOP("Said", "The ledger was not wiped."): (),
        QT_TRANSLATE_NOOP("Said", "The ledger was not wiped whole: {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The damaged ledger cannot be deleted: {0}"): (),
        QT_TRANSLATE_NOOP("Said", "The ledger has stopped through a fault of Understudy's own."): (),
        QT_TRANSLATE_NOOP("Said", "The ledger was damaged."): (),
        QT_TRANSLATE_NOOP("Said", "It was set aside as {0}, and a new one was begun."): (),
        QT_TRANSLATE_NOOP("Said", "The ledger at {0} cannot be written: {1}."): (1,),
        QT_TRANSLATE_NOOP("Said", "The ledger at {0} is damaged and cannot be set aside: {1}."): (),
        # the proxy
        QT_TRANSLATE_NOOP("Said", "Port {0} on {1} cannot be used: {2}."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "Port {0} may be used by the administrator only: choose one above 1023 with --port.",
        ): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not an address of this machine: choose another with --host."): (),
        QT_TRANSLATE_NOOP("Said", "Port {0} on {1} is taken by {2}: stop it, or {3}."): (2, 3),
        QT_TRANSLATE_NOOP("Said", "The proxy answers on {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The proxy stops when the answers under way have ended."): (),
        QT_TRANSLATE_NOOP("Said", "The proxy starts on {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The proxy has stopped."): (),
        QT_TRANSLATE_NOOP("Said", "The proxy failed: {0}."): (0,),
        QT_TRANSLATE_NOOP("Said", "The proxy stopped by itself ({0}) and starts again."): (0,),
        QT_TRANSLATE_NOOP("Said", "A fault of Understudy's own: {0}"): (),
        QT_TRANSLATE_NOOP("Said", "That failed through a fault of Understudy's own; a report of it was kept."): (),
        # the newest version
        QT_TRANSLATE_NOOP("Said", "The answer about the newest version is not what it should be."): (),
        QT_TRANSLATE_NOOP("Said", "The answer about the newest version could not be understood: {0}."): (),
        QT_TRANSLATE_NOOP("Said", "The answer about the newest version is not JSON."): (),
        QT_TRANSLATE_NOOP("Said", "The project's page answered with {0} when asked for the newest version."): (),
        QT_TRANSLATE_NOOP("Said", "The project's page could not be asked for the newest version: {0}."): (),
        # trying a model
        QT_TRANSLATE_NOOP("Said", "The proxy's answer is not one of its own."): (),
        QT_TRANSLATE_NOOP("Said", "The answer broke off before its end."): (),
        QT_TRANSLATE_NOOP("Said", "The proxy did not answer ({0})."): (),
        QT_TRANSLATE_NOOP("Said", "The answer is empty."): (),
        QT_TRANSLATE_NOOP("Said", "It answers."): (),
        QT_TRANSLATE_NOOP("Said", "It comes in {0} pieces over {1} s."): (),
        QT_TRANSLATE_NOOP("Said", "The whole answer came at once."): (),
        QT_TRANSLATE_NOOP("Said", "Nothing has to be done; nothing is seen of an answer until it is complete."): (),
        QT_TRANSLATE_NOOP("Said", "The catalogue says that it cannot use tools."): (),
        QT_TRANSLATE_NOOP("Said", "Claude Code does its work with tools: choose another model for this role."): (),
        QT_TRANSLATE_NOOP("Said", "It calls a tool with what was asked for."): (),
        QT_TRANSLATE_NOOP("Said", "It does not let itself be forced to."): (),
        QT_TRANSLATE_NOOP("Said", "It called no tool, though it was told to."): (),
        QT_TRANSLATE_NOOP("Said", "It called a tool with something else than it was told."): (),
        QT_TRANSLATE_NOOP("Said", "Choose a model that is made for tools."): (),
        QT_TRANSLATE_NOOP("Said", "It cannot see: pictures are left out of what is sent to it."): (),
        QT_TRANSLATE_NOOP("Said", "It sees that a square is {0}."): (0,),
        QT_TRANSLATE_NOOP("Said", "It took a {0} square for {1}."): (0, 1),
        QT_TRANSLATE_NOOP("Said", "For pictures, set the role VISION to a model that sees."): (),
        QT_TRANSLATE_NOOP("Said", "`understudy models` shows what your key reaches."): (),
        QT_TRANSLATE_NOOP("Said", "Add credit at the provider."): (),
        QT_TRANSLATE_NOOP("Said", "Wait, or choose a plan with higher limits."): (),
        QT_TRANSLATE_NOOP("Said", "`understudy log` shows the request; `understudy doctor` looks at the rest."): (),
        # running a request again
        QT_TRANSLATE_NOOP("Said", "More than one request begins with {0}: write more of its id."): (),
        QT_TRANSLATE_NOOP("Said", "There is no request {0} in the ledger."): (),
        QT_TRANSLATE_NOOP("Said", "`understudy log` shows those there are."): (),
        QT_TRANSLATE_NOOP("Said", "{0} is not a model with its provider."): (),
        QT_TRANSLATE_NOOP("Said", "Write it as in openai/gpt-4.1."): (),
        QT_TRANSLATE_NOOP("Said", "{0}/{1} answered: {2}."): (2,),
        QT_TRANSLATE_NOOP("Said", "{0} was no question to a model, but {1}."): (1,),
        QT_TRANSLATE_NOOP("Said", "The body of {0} is not kept (any more), so it cannot be sent again."): (),
        QT_TRANSLATE_NOOP("Said", "For how long bodies are kept stands in Understudy → Settings → Log and budget."): (),
        QT_TRANSLATE_NOOP("Said", "Only the beginning of the body of {0} was kept, so it cannot be sent again."): (),
        QT_TRANSLATE_NOOP("Said", "The body of {0} is not a request that can be read."): (),
        QT_TRANSLATE_NOOP(
            "Said",
            "{0} taken out of the request before it was kept: this time the model did not see it all.",
        ): (0,),
        QT_TRANSLATE_NOOP("Said", "The answer is not one that can be read."): (),
    }
)
