"""What is sent: put together from the row and its subject when it is first sent, and kept, so that every further attempt is the same."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from handlers.webhooks.catalogue import BY_SOURCE, envelope, written


class NothingToSay(Exception):
    """A message that this version cannot write: its type or its subject is there no more."""


def body_of(tx: Session, row: Any) -> str:
    """The message of a delivery as it is signed. Raises NothingToSay."""
    event = BY_SOURCE.get(row.source)
    if event is None:
        raise NothingToSay(f"The catalogue has no {row.source} any more.")
    values: dict[str, Any] = dict(row.detail)
    if event.facts is not None:
        found = tx.execute(event.facts, {"key": event.of(row.subject, row.detail)}).mappings().one_or_none()
        if found is None:
            raise NothingToSay(f"There is no {row.subject} any more.")
        values |= found
    values |= _beside(row)
    return written(envelope(event, row.subject, row.occurred_at, event.said(values)))


def _beside(row: Any) -> Mapping[str, Any]:
    """What a subject made of two numbers says by itself."""
    receipt_no, separator, invoice_no = row.subject.partition(":")
    return {"receipt_no": receipt_no, "invoice_no": invoice_no} if separator and row.source == "journal:receipt.applied" else {}
