"""What the face needs of the rest of the house, handed in once when the app is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from proxy_core.catalogue.live_models import ProviderListing
from proxy_core.catalogue.values import ModelFacts, Provider
from proxy_core.config.keys import FoundKey
from proxy_core.config.secret import Secret
from proxy_core.config.settings import Engine, Settings
from proxy_core.ledger.budget import GO, BudgetVerdict
from proxy_core.ledger.request_events import Listener
from proxy_core.upstream.port import Upstream
from proxy_core.upstream.relay import Relay


class Facts(Protocol):
    """What exists, with the user's own providers laid over the catalogue."""

    def is_provider(self, name: str) -> bool:
        """Whether a provider of this id exists."""
        ...

    def provider(self, id_: str) -> Provider | None:
        """A provider by its id."""
        ...

    def model(self, provider: str, name: str) -> ModelFacts:
        """What is known of a model; all None for an unknown one."""
        ...

    def providers_of(self, name: str) -> tuple[str, ...]:
        """The providers under which a bare name is known."""
        ...

    def can_see(self, provider: str, name: str) -> bool | None:
        """Whether a model takes images; None when that is not known."""
        ...

    def small_model(self, provider: str, big: str) -> str:
        """The model of the provider's small tier that belongs to its model ``big``; empty where there is none."""
        ...


class LocalTokenSource(Protocol):
    """Where the guard gets the local token. The keyring may be locked, slow, or changed by others."""

    def known(self) -> Secret | None:
        """The token as it was last read; None before that. Does not wait."""
        ...

    def former(self) -> Secret | None:
        """The token that was replaced a short while ago, and is good a little longer."""
        ...

    async def ask(self) -> Secret:
        """The token as it is now, or as it was last read.

        Raises :class:`~proxy_core.errors.KeyringClosed` where it was never read and cannot be.
        """
        ...


class Launches(Protocol):
    """What is known of the sessions that were launched."""

    def ended(self, id_: str) -> bool:
        """Whether a launch is known to have ended; asked for each of its requests."""
        ...


class NoLaunches:
    """None is known to have ended."""

    def ended(self, id_: str) -> bool:  # noqa: ARG002
        """Not known."""
        return False


class BudgetPolicy(Protocol):
    """What may still be spent."""

    async def verdict(self) -> BudgetVerdict:
        """What becomes of a request that comes now; asked for each one."""
        ...


class NoBudget:
    """Nothing is counted, everything goes."""

    async def verdict(self) -> BudgetVerdict:
        """Go."""
        return GO


class ConfigSnapshot(Protocol):
    """What a request goes by from its first byte to its last, whatever is changed meanwhile."""

    @property
    def settings(self) -> Settings:
        """The settings, with the environment laid over them."""
        ...

    @property
    def facts(self) -> Facts:
        """What exists under these settings."""
        ...


@dataclass(frozen=True, slots=True)
class ApiContext:
    """Everything behind the face.

    ``config_snapshot`` is called once per request, so that a change reaches the next one; ``key_of`` finds a provider's
    key; ``clock`` is Unix time in seconds; ``new_id`` makes an id of letters and digits, never the same one twice;
    ``count_tokens`` counts texts by a vocabulary; it blocks and belongs into a worker thread. ``reached`` tells within
    so many seconds what the user's keys reach; the second argument is our own port, where it does not look.
    ``launches`` knows which launch tokens are over.
    """

    config_snapshot: Callable[[], ConfigSnapshot]
    key_of: Callable[[Provider], Awaitable[FoundKey]]
    local_tokens: LocalTokenSource
    engines: Mapping[Engine, Upstream]
    relay: Relay
    listener: Listener
    clock: Callable[[], float]
    new_id: Callable[[], str]
    count_tokens: Callable[[Sequence[str], str], int]
    reached: Callable[[float, int], Awaitable[tuple[ProviderListing, ...]]]
    budget: BudgetPolicy = field(default_factory=NoBudget)
    launches: Launches = field(default_factory=NoLaunches)
