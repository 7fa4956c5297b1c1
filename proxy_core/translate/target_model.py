"""What translation needs to know of the model that will answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from proxy_core.translate.quirks import Quirks


@dataclass(frozen=True, slots=True)
class TargetModel:
    """``name`` is the provider's own, ``provider`` its id.

    None in the rest means unknown, and what is unknown is tried.
    """

    name: str
    provider: str = ""
    quirks: Quirks = field(default_factory=Quirks)
    max_output: int | None = None
    vision: bool | None = None
    pdf: bool | None = None
    tools: bool | None = None
    reasoning: bool | None = None
    web_search: bool | None = None
    efforts: frozenset[str] = frozenset()

    @property
    def takes_pdf(self) -> bool:
        """Whether a PDF may be sent: the provider has a place for it and the model is not known to refuse it."""
        return self.quirks.pdf and self.pdf is not False
