"""The row in which a provider's engine is chosen: how it is reached."""

from __future__ import annotations

from app.widgets.field_row import FieldRow
from app.widgets.segmented import Segmented
from app.widgets.theme import Theme
from proxy_core.config.settings import Engine


class EngineRow(FieldRow):
    """``engines`` is the choice itself; its ids are the values of :class:`Engine` but DEMO, which nobody chooses."""

    def __init__(self, theme: Theme, name: str) -> None:
        choices = (
            (Engine.DIRECT.value, self.tr("Direct")),
            (Engine.LITELLM.value, "LiteLLM"),
            (Engine.RELAY.value, self.tr("Relay")),
        )
        self.engines = Segmented(theme, name, self.tr("Engine"), choices)
        words = self.tr("Direct: as OpenAI. LiteLLM: any. Relay: as Anthropic.")
        super().__init__(self.tr("Engine"), words, self.engines, stretch=0)
