"""Receipts with what is left of each: the amount less what was applied, written off or kept on account."""

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from handlers.receivables.model import Application, Receipt
from ui.read.paging import AnyRow, Page, page

_APPLIED = (
    select(func.coalesce(func.sum(Application.cash), 0))
    .where(Application.receipt_no == Receipt.receipt_no, Application.unapplied_at.is_(None))
    .scalar_subquery()
)
_LEFT = case((Receipt.reversed_at.is_(None), Receipt.amount - Receipt.on_account - Receipt.written_off - _APPLIED), else_=0)

#: Every receipt; `rest` is what is left to apply.
RECEIPTS = select(*Receipt.__table__.c, _LEFT.label("rest"))


def list_unapplied(tx: Session, number: int) -> Page[AnyRow]:
    """One page of receipts of which something is left, the oldest first. Two statements."""
    return page(tx, RECEIPTS.where(_LEFT > 0).order_by(Receipt.received_on, Receipt.receipt_no), number)
