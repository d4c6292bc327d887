"""What is under way when the demo opens: working time, a quote to approve, an order on credit hold, and one that is ready to ship."""

from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.intake.ordering import take_in
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.calendars import CalendarDraft, save_calendar
from engine.store.tables import instance
from handlers.orders.drafts import LineDraft, OrderDraft
from handlers.quoting.commands import begin_quote
from handlers.quoting.drafts import QuoteDraft, QuoteLineDraft

OFFICE = CalendarDraft(
    code="office",
    name="Office in Vienna",
    time_zone="Europe/Vienna",
    country="AT",
    region="9",
    week=["08:00-12:00, 12:30-17:00"] * 4 + ["08:00-14:00", "", ""],
    standard=True,
)


def open_demo(runtime: Runtime) -> None:
    """Begin them unless something is or was under way. One transaction."""
    with runtime.database.transaction() as tx:
        if tx.scalar(select(instance.c.id).limit(1)) is None:
            save_calendar(runtime, tx, OFFICE, Person("edith"))
            _begin(runtime, tx)


def _begin(runtime: Runtime, tx: Session) -> None:
    begin_quote(
        runtime,
        tx,
        QuoteDraft(
            customer_no="C-1001",
            requester="sara",
            note="Heating season offer, as discussed with Mr. Bergmann.",
            lines=[
                QuoteLineDraft(sku="PUMP-90", qty=Decimal(12), discount_pct=Decimal(24), discount_reason="Volume"),
                QuoteLineDraft(sku="VALVE-3W", qty=Decimal(30), discount_pct=Decimal(22)),
            ],
        ),
    )
    orders = (
        ("C-1003", "morgenrot-17", [("PUMP-40", 2), ("GLYCOL-10", 4)]),
        ("C-1002", "SWL-2207", [("PUMP-40", 6), ("SEAL-12", 50)]),
    )
    for customer_no, customer_po, lines in orders:
        draft = OrderDraft(
            customer_no=customer_no,
            customer_po=customer_po,
            source="DEMO",
            source_ref=customer_po,
            requester="tom",
            lines=[LineDraft(sku=sku, qty=Decimal(qty)) for sku, qty in lines],
        )
        take_in(runtime, tx, draft)
