"""Receipts with what is left of each: the amount less what was applied, written off or kept on account."""

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine.store.paging import AnyRow, Asked, Key, Page, read_page
from handlers.receivables.model import Application, Receipt


def list_receipts(tx: Session, asked: Asked) -> Page[AnyRow]:
    """Every receipt with `rest`, what is left to apply; the latest first."""
    return read_page(tx, _RECEIPTS, (Key(Receipt.created_at, descending=True), Key(Receipt.receipt_no, descending=True)), asked)


def list_unapplied(tx: Session, asked: Asked) -> Page[AnyRow]:
    """Receipts of which something is left, the oldest first."""
    return read_page(tx, _RECEIPTS.where(_LEFT > 0), (Key(Receipt.received_on), Key(Receipt.receipt_no)), asked, count=True)


_APPLIED = (
    select(func.coalesce(func.sum(Application.cash), 0))
    .where(Application.receipt_no == Receipt.receipt_no, Application.unapplied_at.is_(None))
    .scalar_subquery()
)
_LEFT = case((Receipt.reversed_at.is_(None), Receipt.amount - Receipt.on_account - Receipt.written_off - _APPLIED), else_=0)
_RECEIPTS = select(*Receipt.__table__.c, _LEFT.label("rest"))
