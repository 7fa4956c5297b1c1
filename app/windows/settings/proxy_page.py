"""The page of where the proxy listens, whom it lets in, and how it goes out."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.i18n.said import said
from app.state.app_state import AppState, KeyPlace, KeyView
from app.state.commands import CopyToken, RenewToken
from app.widgets.buttons import QuietButton
from app.widgets.confirm_dialog import ask
from app.widgets.field_row import FieldRow
from app.widgets.labels import Label
from app.widgets.notice import Notice
from app.widgets.theme import Theme
from app.widgets.theme_tokens import GAP_8
from app.windows.settings import questions
from app.windows.settings.fields import SwitchField, TextField
from app.windows.settings.page import Page
from app.windows.settings.reading import host, port, proxy_url_or_nothing, seconds, url


class ProxyPage(Page):
    """Address, guard, timeouts, the way out."""

    resets = ("proxy", "timeouts")

    def __init__(self, theme: Theme) -> None:
        super().__init__(
            theme,
            "proxy",
            self.tr("Proxy"),
            self.tr("Claude Code speaks to this address. The proxy starts anew when its address or port changes."),
        )
        self.lan_notice = Notice("lan-warning")
        self.open_notice = Notice("open-warning", "bad")
        self.column.addWidget(self.lan_notice)
        self.column.addWidget(self.open_notice)
        self._address(theme)
        self._guard(theme)
        self._ways_out(theme)
        self._timeouts(theme)
        self.column.addStretch(1)

    def show_state(self, state: AppState) -> None:
        super().show_state(state)
        proxy = state.settings.proxy
        self.lan_notice.say(
            self.tr("Other machines in your network reach the proxy, and spend on your keys with its token.")
            if proxy.lan
            else ""
        )
        self.open_notice.say(
            self.tr("Open mode: every program on this machine may spend on your keys, without a token.")
            if proxy.open
            else ""
        )
        self._show_token(state.token)

    def _address(self, theme: Theme) -> None:
        self.card(
            self.tr("Address"),
            TextField(
                theme,
                "proxy.host",
                self.tr("Address"),
                self.tr("127.0.0.1 is this machine alone."),
                host,
                mono=True,
            ),
            TextField(
                theme,
                "proxy.port",
                self.tr("Port"),
                self.tr("From 1 to 65535; 8082 unless you need another."),
                port,
                sample="8888888",
                mono=True,
            ),
            SwitchField(
                theme,
                "proxy.lan",
                self.tr("Access from the network"),
                self.tr("Allows an address that other machines reach, such as 0.0.0.0."),
            ),
        )

    def _guard(self, theme: Theme) -> None:
        keys = QWidget()
        row = QHBoxLayout(keys)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_8)
        self.token = Label("", "body", "muted")
        self.token.setObjectName("token")
        self.token.setFont(theme.font("mono"))
        self.copy_token = QuietButton(theme, self.tr("Copy"), "copy-token", "copy")
        self.copy_token.clicked.connect(lambda: self.command_requested.emit(CopyToken()))
        self.renew_token = QuietButton(theme, self.tr("Renew…"), "renew-token", "again")
        self.renew_token.clicked.connect(self._ask_about_token)
        row.addWidget(self.token, 1)
        row.addWidget(self.copy_token)
        row.addWidget(self.renew_token)
        keys.setAccessibleName(self.tr("Local token"))
        self.token_row = FieldRow(
            self.tr("Local token"),
            self.tr("Clients need this token. Renewing disconnects clients that use the old one."),
            keys,
        )
        self.card(
            self.tr("Access"),
            self.token_row,
            SwitchField(
                theme,
                "proxy.open",
                self.tr("Open mode"),
                self.tr("For tools that cannot send a token. Leave it off otherwise."),
            ),
        )

    def _ways_out(self, theme: Theme) -> None:
        self.card(
            self.tr("Outgoing"),
            TextField(
                theme,
                "proxy.outgoing_proxy",
                self.tr("HTTP proxy"),
                self.tr("Through which providers are reached, where your network wants one."),
                proxy_url_or_nothing,
                hint=self.tr("None"),
            ),
            TextField(
                theme,
                "proxy.passthrough_url",
                self.tr("Passthrough"),
                self.tr("Where requests go that pass through unchanged."),
                url,
            ),
        )

    def _timeouts(self, theme: Theme) -> None:
        unit = self.tr("seconds")
        rows = (
            ("timeouts.connect", self.tr("Connect"), self.tr("To a provider.")),
            (
                "timeouts.first_chunk",
                self.tr("First words"),
                self.tr("Local models may read a long prompt for minutes."),
            ),
            (
                "timeouts.between_chunks",
                self.tr("Between words"),
                self.tr("Silence after which an answer is given up."),
            ),
            ("timeouts.request_body", self.tr("Request"), self.tr("For a client to send all of it.")),
        )
        self.card(
            self.tr("Timeouts"),
            *(
                TextField(theme, path, label, help_, seconds, unit=unit, sample="8888888")
                for path, label, help_ in rows
            ),
        )

    def _ask_about_token(self) -> None:
        ask(self.theme, self.renew_token, questions.renew_token(), lambda: self.command_requested.emit(RenewToken()))

    def _show_token(self, token: KeyView) -> None:
        fixed = token.place is KeyPlace.ENVIRONMENT
        masked = f"•••••••• {token.last_four}".rstrip()
        if token.place is KeyPlace.NONE and not token.unreadable:
            masked = self.tr("Made at the first start")
        self.token.setText(masked)
        self.copy_token.setEnabled(token.place is not KeyPlace.NONE)
        self.renew_token.setEnabled(not fixed)
        self.token_row.note.setText(
            self.tr("Set by {0} in the environment").format(token.variable) if fixed else said(token.trouble)
        )
        self.token_row.note.setVisible(bool(self.token_row.note.text()))
