"""What is asked before the settings delete, remove, renew or restore something: how much goes, and what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from app.data_size import data_size
from app.i18n.said import said
from app.state.app_state import AppState, KeyPlace, KeyView
from app.state.query_results import LogMeasured
from app.widgets import figures
from app.widgets.confirm_dialog import Question, short
from app.windows.settings.reading import written
from proxy_core.config.settings import Price, Role, Settings

translate = QCoreApplication.translate


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting as a person reads it: its label, what it is, and what it would become."""

    label: str
    before: str
    after: str


def counting() -> Question:
    """While it is not known how much there is."""
    action = translate("Questions", "Delete log")
    return Question(translate("Questions", "Counting…"), (_for_good(),), action, ready=False)


def delete_log(measured: LogMeasured) -> Question:
    """All of the log."""
    contents = measured.contents
    if measured.trouble:
        return Question(
            translate("Questions", "Delete the whole log?"),
            (said(measured.trouble), _for_good()),
            translate("Questions", "Delete log"),
        )
    if not contents.requests and not contents.set_aside:
        return _nothing(translate("Questions", "The log is empty."), translate("Questions", "Delete log"))
    requests, size = figures.requests(contents.requests), data_size(contents.bytes)
    details = [translate("Questions", "Their conversations, usage and costs are deleted too.")]
    if contents.set_aside:
        details.append(translate("Questions", "Damaged logs that were set aside are deleted too."))
    return Question(
        translate("Questions", "Delete {0} ({1})?").format(requests, size),
        (*details, _for_good()),
        translate("Questions", "Delete {0}").format(requests),
    )


def delete_conversations(measured: LogMeasured) -> Question:
    """What was asked and answered, and nothing else of the log."""
    contents = measured.contents
    stays = translate("Questions", "Times, tokens and costs stay in the log.")
    if measured.trouble:  # what cannot be read is deleted whole
        return delete_log(measured)
    if not contents.conversations and not contents.set_aside:
        none = translate("Questions", "No conversations are saved.")
        return _nothing(none, translate("Questions", "Delete conversations"))
    number = figures.counted(
        contents.conversations,
        translate("Questions", "1 conversation"),
        translate("Questions", "{0} conversations"),
    )
    details = [stays]
    if contents.set_aside:
        details.append(translate("Questions", "Damaged logs that were set aside are deleted too."))
    return Question(
        translate("Questions", "Delete {0} ({1})?").format(number, data_size(contents.conversation_bytes)),
        (*details, _for_good()),
        translate("Questions", "Delete {0}").format(number),
    )


def delete_profile(name: str, settings: Settings) -> Question:
    """A profile; another one becomes the active one where it is."""
    details = []
    models = [f"{role.name}: {short(model)}" for role, model in settings.profiles[name].roles.items()]
    details += models or [translate("Questions", "It uses the default models.")]
    if name == settings.profile:
        next_ = next(other for other in settings.profiles if other != name)
        sentence = translate("Questions", "It is the active profile. “{0}” becomes active, for running sessions too.")
        details.append(sentence.format(short(next_)))
    if folders := sum(project.profile == name for project in settings.projects.values()):
        one = translate("Questions", "1 project folder uses it and falls back to the active profile.")
        many = translate("Questions", "{0} project folders use it and fall back to the active profile.")
        details.append(figures.counted(folders, one, many))
    return Question(
        translate("Questions", "Delete the profile “{0}”?").format(short(name)),
        (*details, _for_good()),
        translate("Questions", "Delete “{0}”").format(short(name)),
    )


def remove_key(provider: str, name: str, state: AppState) -> Question:
    """A provider's key out of the keyring, or out of memory."""
    fails = translate("Questions", "Requests to it will fail until you add a key.")
    used = _uses(provider, state)
    return Question(
        translate("Questions", "Remove the key for {0}?").format(short(name)),
        (*used, *((fails,) if used else (_unused(),)), translate("Questions", "Understudy keeps no copy of the key.")),
        translate("Questions", "Remove key"),
    )


def remove_provider(provider: str, name: str, state: AppState) -> Question:
    """A provider of the user's own, with its key."""
    has_key = state.keys.get(provider, KeyView()).place in (KeyPlace.KEYRING, KeyPlace.MEMORY)
    with_key = translate("Questions", "Its address and its key are deleted.")
    without = translate("Questions", "Its address is deleted.")
    used = _uses(provider, state)
    fails = translate("Questions", "Requests to it will fail.")
    return Question(
        translate("Questions", "Remove {0}?").format(short(name)),
        (with_key if has_key else without, *used, *((fails,) if used else (_unused(),)), _for_good()),
        translate("Questions", "Remove provider"),
    )


def remove_price(model: str, price: Price) -> Question:
    """A price that the user gave."""
    given = translate("Questions", "{0} in and {1} out, USD per million tokens.")
    return Question(
        translate("Questions", "Remove your price for {0}?").format(short(model)),
        (
            given.format(written(price.input), written(price.output)),
            translate("Questions", "New requests use the catalogue price, if there is one."),
        ),
        translate("Questions", "Remove price"),
    )


def renew_token() -> Question:
    """Another local token."""
    return Question(
        translate("Questions", "Renew the local token?"),
        (
            translate(
                "Questions",
                "Clients that use the old token are disconnected after 30 seconds, sessions launched from here too.",
            ),
            translate("Questions", "IDEs, scripts and copied commands need the new one."),
        ),
        translate("Questions", "Renew token"),
    )


def restore_defaults(page: str, changes: Sequence[SettingChange]) -> Question:
    """A page's settings as they are when nobody changed them."""
    line = translate("Questions", "{0}: {1} → {2}")
    return Question(
        translate("Questions", "Restore the defaults of “{0}”?").format(page),
        tuple(line.format(change.label, short(change.before), short(change.after)) for change in changes),
        translate("Questions", "Restore defaults"),
    )


def delete_report() -> Question:
    """What is left of a crash."""
    return Question(
        translate("Questions", "Delete the crash report?"),
        (translate("Questions", "Open it first if you want to report the problem."), _for_good()),
        translate("Questions", "Delete report"),
    )


def _nothing(text: str, action: str) -> Question:
    return Question(text, (), action, ready=False)


def _uses(provider: str, state: AppState) -> tuple[str, ...]:
    """Who asks ``provider``: the active profile's roles, and other profiles."""
    roles = [role.name for role in Role if _provider_of(state.roles.get(role, "")) == provider]
    others = [
        f"“{short(name)}”"
        for name, profile in state.settings.profiles.items()
        if name != state.settings.profile and any(_provider_of(model) == provider for model in profile.roles.values())
    ]
    lines = []
    if roles:
        lines.append(translate("Questions", "Used by {0}.").format(", ".join(roles)))
    if others:
        lines.append(translate("Questions", "Also used by other profiles: {0}.").format(", ".join(others)))
    return tuple(lines)


def _unused() -> str:
    return translate("Questions", "No role uses it.")


def _provider_of(model: str) -> str:
    return model.partition("/")[0]


def _for_good() -> str:
    return translate("Questions", "This can't be undone.")
