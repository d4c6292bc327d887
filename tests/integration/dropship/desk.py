"""A buyer's and a supplier's side of the drop-ship processes, in the real runtime on the real diagrams."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from engine.runtime.post import schedules, timers
from engine.runtime.state.people import Person
from engine.runtime.verbs.messages import Message
from engine.store.clock import business_today
from handlers.dropship.inbound import (
    AcknowledgedDraft,
    AcknowledgementDraft,
    AsnDraft,
    BilledDraft,
    Recorded,
    ShippedDraft,
    SupplierInvoiceDraft,
    record_acknowledgement,
    record_asn,
    record_supplier_invoice,
)
from handlers.invariants import check_all
from tests.integration.at_work import at_work, do, settle, tell
from tests.integration.golden.builders import SUPPLIER, Sold, company, customer, item, one, order, supplier
from tests.worklist import tasks_of

D = Decimal
PETRA = Person("petra", frozenset({"buyer", "accounts-payable", "accounts-receivable", "order-desk", "operator"}))
FOLDERS = (
    "dropship",
    "supplier-despatch-advice",
    "supplier-invoice",
    "supplier-late-answer",
    "dropship-cancellation",
    "invoice-to-receipt",
    "cancelled-instance",
    "write-off-accrual",
)
PO = "PO-000001"


class Desk:
    """One company with one supplier, and what its people and its supplier do."""

    def __init__(self, database, *, net_days: int = 30, folders: Sequence[str] = (), **terms: Any) -> None:
        self.runtime = at_work(database, *FOLDERS, *folders)
        with database.transaction() as tx:
            company(tx)
            customer(tx)
            item(tx)
            supplier(tx)
            changes = {"net_days": net_days, "discount_pct": 0, "discount_days": 0} | terms
            tx.execute(
                text("UPDATE supplier SET net_days = :net_days, discount_pct = :discount_pct, discount_days = :discount_days"), changes
            )
            self.today: date = business_today(tx)

    # ---- the engine
    def transaction(self):
        return self.runtime.database.transaction()

    def say(self, name: str, key: str | None, payload: dict[str, Any], correlation: dict[str, Any], message_id: str | None = None) -> str:
        return tell(self.runtime, Message(name=name, correlation=correlation, payload=payload, business_key=key, message_id=message_id))

    def settle(self) -> None:
        settle(self.runtime)

    def tasks(self) -> list[str]:
        with self.transaction() as tx:
            return sorted(each.title for each in tasks_of(tx, PETRA))

    def do(self, title: str, **data: Any) -> None:
        do(self.runtime, title, person=PETRA, **data)

    def waits(self) -> dict[str, str]:
        """What each kind of process waits for; nothing when it is over."""
        with self.transaction() as tx:
            return {row.process_key: row.element_id for row in tx.execute(_WAITS)}

    def ring(self, element_id: str) -> None:
        """Let a timer fire."""
        with self.transaction() as tx:
            due = text("UPDATE timer SET due_at = now() - interval '1 minute' WHERE element_id = :id")
            assert tx.connection().execute(due, {"id": element_id}).rowcount == 1
            timers.tick(self.runtime, tx)
        self.settle()

    def ring_of(self, process_key: str, element_id: str) -> None:
        """Let a timer of one kind of process fire."""
        with self.transaction() as tx:
            due = text("""
                UPDATE timer SET due_at = now() - interval '1 minute'
                WHERE element_id = :id AND instance_id IN (SELECT id FROM instance WHERE process_key = :key)""")
            assert tx.connection().execute(due, {"id": element_id, "key": process_key}).rowcount == 1
            timers.tick(self.runtime, tx)
        self.settle()

    def strike(self, process_key: str) -> None:
        """Let the clock begin a process."""
        with self.transaction() as tx:
            due = text("""
                UPDATE schedule SET next_due_at = now() - interval '1 second'
                WHERE process_version_id IN (SELECT id FROM process_version WHERE process_key = :key)""")
            assert tx.connection().execute(due, {"key": process_key}).rowcount == 1
            assert schedules.fire(self.runtime, tx) == 1
        self.settle()

    def ask(self, sql: str) -> Any:
        with self.transaction() as tx:
            return one(tx, sql)

    def broken(self) -> list[Any]:
        with self.transaction() as tx:
            return [(each.id, each.violations) for each in check_all(tx) if not each.ok]

    # ---- the business
    def order(self, qty: str = "10", *changes: str) -> str:
        """An order of the customer; `changes` are SQL that befalls it before anybody is asked for it."""
        with self.transaction() as tx:
            made = order(tx, [Sold(qty, "80.00")], kind="DROP")
            for change in changes:
                tx.execute(text(change))
        group = made.groups[0]
        self.say("dropship.requested", group, {"group_no": group, "order_no": made.order_no, "supplier_no": SUPPLIER}, {"group_no": group})
        return group

    def acknowledge(self, code: str = "AP", *, qty: str | None = None, price: str = "55.00", number: str = "AB-1") -> str:
        lines = [] if qty is None else [AcknowledgedDraft(line_no=1, qty=D(qty), unit_price=D(price))]
        with self.transaction() as tx:
            recorded = record_acknowledgement(tx, AcknowledgementDraft(po_no=PO, document_no=number, code=code, lines=lines))
        return "duplicate" if recorded is None else self.tell(recorded)

    def ship(self, qty: str | None, number: str = "LS-1") -> str:
        lines = [] if qty is None else [ShippedDraft(line_no=1, qty=D(qty))]
        with self.transaction() as tx:
            asn_no = record_asn(tx, AsnDraft(po_no=PO, document_no=number, shipped_on=self.today, lines=lines))
        return self.tell(Recorded("supplier.shipped", asn_no, {"po_no": PO, "asn_no": asn_no}))

    def bill(self, qty: str, number: str = "RE-1", *, price: str = "55.00", rate: str = "20", days_ago: int = 0) -> str:
        net = D(qty) * D(price)
        tax = (net * D(rate) / 100).quantize(D("0.01"))
        draft = SupplierInvoiceDraft(
            po_no=PO,
            document_no=number,
            invoice_date=self.today - timedelta(days=days_ago),
            currency="EUR",
            lines=[BilledDraft(line_no=1, qty=D(qty), unit_price=D(price), tax_rate_pct=D(rate))],
            tax_total=tax,
            gross_total=net + tax,
        )
        with self.transaction() as tx:
            number = record_supplier_invoice(tx, draft)
        return self.tell(Recorded("supplier.invoiced", number, {"po_no": PO, "supplier_invoice_no": number}))

    def tell(self, recorded: Recorded) -> str:
        return self.say(recorded.message, recorded.business_key, recorded.payload, {"po_no": PO}, f"{recorded.message}:{recorded.identity}")


_WAITS = text("""
SELECT instance.process_key, element_id FROM timer JOIN instance ON instance.id = instance_id
UNION SELECT instance.process_key, element_id FROM user_task JOIN instance ON instance.id = instance_id
WHERE user_task.state NOT IN ('completed', 'cancelled')
""")
