"""Carries our papers to the exchange: each is a file in its outbox under a name that stays the same however often it is sent."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import text

from engine.runtime.state.effects import Effect, kept
from engine.store.unit_of_work import Database
from handlers.edi.exchange import Exchange
from handlers.edi.interchange import EDIFACT, X12

_ADDRESSED: Final = (f"{X12} ", f"{EDIFACT} ")
NOT_CONFIGURED: Final = "No EDI exchange is configured: set ORDERCRAFT_EDI_EXCHANGE to a folder or an SFTP server."


def is_by_edi(effect: Effect) -> bool:
    """Whether an effect is a paper for a partner by EDI."""
    return effect.target.startswith(_ADDRESSED)


def carry(database: Database, exchange: Exchange | None, effect: Effect) -> Mapping[str, Any]:
    """Put the paper of an effect into the outbox; the very same again is there already. Raises ExchangeAway: it is tried again."""
    if exchange is None:
        return kept(effect, NOT_CONFIGURED)
    document_id = effect.payload.get("document_id")
    if document_id is None:
        return kept(effect, "There is no paper to it.")
    with database.transaction() as tx:
        content = bytes(tx.execute(_CONTENT, {"document_id": document_id}).scalar_one())
    name = file_name(effect)
    was_put = exchange.put(name, content)
    return {"sink": exchange.address, "file": name, **({} if was_put else {"was_there": True})}


def file_name(effect: Effect) -> str:
    """The partner, the kind of paper and its control number; by its key, where it has none."""
    payload = effect.payload
    number = str(payload.get("control_no") or sha256(effect.key.encode()).hexdigest()[:12])
    parts = (str(payload.get("partner_no") or "UNKNOWN"), str(payload.get("format") or "ACK"), number)
    return "-".join(re.sub(r"[^A-Za-z0-9._-]", "_", part)[:60] for part in parts) + ".edi"


_CONTENT = text("SELECT content FROM document WHERE id = :document_id")
