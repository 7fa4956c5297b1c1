"""The page of how the app behaves."""

from __future__ import annotations

from app.i18n.languages import LANGUAGES
from app.widgets.theme import Theme
from app.windows.settings.fields import ChoiceField, ListField, SwitchField
from app.windows.settings.page import Page
from proxy_core.config.settings import Appearance


class GeneralPage(Page):
    """Start, notifications, language, appearance."""

    resets = ("general",)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "general", self.tr("General"))
        self.card(
            self.tr("Start"),
            SwitchField(
                theme,
                "general.start_at_login",
                self.tr("Start at login"),
                self.tr("Understudy is there when you need it."),
            ),
            SwitchField(
                theme,
                "general.start_hidden",
                self.tr("Start hidden"),
                self.tr("Only the tray icon shows. Where there is no tray, the window opens."),
            ),
            SwitchField(
                theme,
                "general.start_proxy",
                self.tr("Start the proxy"),
                self.tr("Whenever Understudy starts."),
            ),
        )
        self.card(
            self.tr("Notifications and appearance"),
            SwitchField(
                theme,
                "general.notifications",
                self.tr("Notifications"),
                self.tr("When the proxy fails, a key is rejected, a budget is used up, or a model is gone."),
            ),
            ChoiceField(
                theme,
                "general.appearance",
                self.tr("Appearance"),
                "",
                (
                    (Appearance.SYSTEM, self.tr("System")),
                    (Appearance.LIGHT, self.tr("Light")),
                    (Appearance.DARK, self.tr("Dark")),
                ),
            ),
            ListField(
                "general.language",
                self.tr("Language"),
                self.tr("Another language is spoken from the next start."),
                (("", self.tr("System")), *LANGUAGES.items()),
            ),
        )
        self.column.addStretch(1)
