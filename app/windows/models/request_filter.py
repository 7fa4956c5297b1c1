"""Whether a request that runs passes a filter: the same question that the ledger answers for those on disk."""

from __future__ import annotations

from proxy_core.ledger.request_events import RequestRecord
from proxy_core.ledger.rows import Filter


def accepts(wanted: Filter, record: RequestRecord) -> bool:
    """As :class:`Filter` says it. A search in bodies lets no live request through: only the ledger has those."""
    if wanted.body:
        return False
    if wanted.states and record.state not in wanted.states:
        return False
    named = (
        (wanted.role, record.role),
        (wanted.provider, record.provider),
        (wanted.model, full_model(record)),
        (wanted.session, record.session),
        (wanted.project, record.project),
        (wanted.profile, record.profile),
    )
    if any(asked and asked.lower() != own.lower() for asked, own in named):
        return False
    if wanted.since is not None and record.began < wanted.since:
        return False
    if wanted.until is not None and record.began >= wanted.until:
        return False
    if not wanted.text:
        return True
    told = " ".join((
        full_model(record), record.asked_for, record.role, record.provider, record.why, record.error, record.error_type,
        record.state, str(record.status), record.project, *record.warnings, *(one.error for one in record.attempts),
    )).lower()  # fmt: skip
    return all(word in told for word in wanted.text.lower().split())


def full_model(record: RequestRecord) -> str:
    """``provider/name``, whether or not the story's model has its provider in front."""
    if not record.provider or record.model.startswith(f"{record.provider}/"):
        return record.model
    return f"{record.provider}/{record.model}"
