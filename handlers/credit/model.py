"""Every credit check with the figures it was decided on."""

from sqlalchemy import CheckConstraint, Connection, ForeignKey, Index, Table, event, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Amount, Counter, Flag, Label, Moment, Percent, SerialId, Written


class CreditCheck(Base):
    """One check of one order, or of one of its groups at release, in the customer's currency; the latest counts.

    `decided_by` is a person, or `decision:` and the table that decided. `fingerprint` is taken of everything else when it is written and
    when it is decided: a figure that is changed afterwards no longer fits it (INV-14).
    """

    __tablename__ = "credit_check"
    __table_args__ = (
        CheckConstraint("decision IN ('', 'APPROVED', 'HOLD', 'PREPAY', 'REFER')", name="decision"),
        Index("credit_check_order_ix", "order_no", "id"),
        Index("credit_check_customer_ix", "customer_no", "checked_at"),
        Index("credit_check_group_ix", "group_no"),
    )

    id: Mapped[SerialId]
    order_no: Mapped[str] = mapped_column(ForeignKey("sales_order.order_no"))
    #: Null: the order as a whole, before it is promised.
    group_no: Mapped[str | None] = mapped_column(ForeignKey("fulfil_group.group_no"))
    order_version: Mapped[int]
    customer_no: Mapped[str] = mapped_column(ForeignKey("customer.customer_no"))
    currency: Mapped[str]
    credit_limit: Mapped[Amount]
    tolerance_pct: Mapped[Percent]
    order_limit: Mapped[Amount]
    open_ar: Mapped[Amount]
    overdue: Mapped[Counter]
    unapplied: Mapped[Amount]
    shipped_not_invoiced: Mapped[Amount]
    booked_not_shipped: Mapped[Amount]
    secured: Mapped[Amount]
    exposure: Mapped[Amount]
    available: Mapped[Amount]
    order_total: Mapped[Amount]
    #: What was to ship later than this many days ahead did not count.
    horizon_days: Mapped[int] = mapped_column(server_default=text("30"))
    oldest_overdue_days: Mapped[int]
    overdue_share_pct: Mapped[Amount]
    dunning_level: Mapped[int]
    account_hold: Mapped[Flag]
    decision: Mapped[Label]
    reason: Mapped[Label]
    decided_by: Mapped[Label]
    checked_at: Mapped[Written]
    decided_at: Mapped[Moment | None]
    fingerprint: Mapped[Label]


_FINGERPRINT = """
CREATE OR REPLACE FUNCTION credit_check_fingerprint(checked credit_check) RETURNS text LANGUAGE sql STABLE AS $$
SELECT encode(sha256(convert_to(concat_ws('|',
  checked.order_no, checked.order_version, coalesce(checked.group_no, ''), checked.customer_no, checked.currency, checked.credit_limit,
  checked.tolerance_pct, checked.order_limit, checked.open_ar, checked.overdue, checked.unapplied, checked.shipped_not_invoiced,
  checked.booked_not_shipped, checked.secured, checked.exposure, checked.available, checked.order_total, checked.horizon_days,
  checked.oldest_overdue_days, checked.overdue_share_pct, checked.dunning_level, checked.account_hold, checked.decision, checked.reason,
  checked.decided_by, extract(epoch FROM checked.checked_at), coalesce(extract(epoch FROM checked.decided_at)::text, '')), 'UTF8')), 'hex')
$$
"""


@event.listens_for(CreditCheck.__table__, "after_create")
def _create_fingerprint(_table: Table, connection: Connection, **_options: object) -> None:
    connection.execute(text(_FINGERPRINT))
