"""Whether a request that runs passes a filter: the same question that the ledger answers for those on disk."""

from __future__ import annotations

from proxy_core.ledger.journal import Story
from proxy_core.ledger.rows import Filter


def accepts(wanted: Filter, story: Story) -> bool:
    """As :class:`Filter` says it. A search in bodies lets no live request through: only the ledger has those."""
    if wanted.body:
        return False
    if wanted.states and story.state not in wanted.states:
        return False
    named = (
        (wanted.role, story.role),
        (wanted.provider, story.provider),
        (wanted.model, full_model(story)),
        (wanted.session, story.session),
        (wanted.project, story.project),
        (wanted.profile, story.profile),
    )
    if any(asked and asked.lower() != own.lower() for asked, own in named):
        return False
    if wanted.since is not None and story.began < wanted.since:
        return False
    if wanted.until is not None and story.began >= wanted.until:
        return False
    if not wanted.text:
        return True
    told = " ".join((
        full_model(story), story.asked_for, story.role, story.provider, story.why, story.error, story.error_type,
        story.state, str(story.status), story.project, *story.warnings, *(one.error for one in story.attempts),
    )).lower()  # fmt: skip
    return all(word in told for word in wanted.text.lower().split())


def full_model(story: Story) -> str:
    """``provider/name``, whether or not the story's model has its provider in front."""
    if not story.provider or story.model.startswith(f"{story.provider}/"):
        return story.model
    return f"{story.provider}/{story.model}"
