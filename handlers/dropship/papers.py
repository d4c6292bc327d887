"""What every paper of a supplier has in common: its form, its number, its lines, its foot, and that it is taken once."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.store import json_text
from engine.store.clock import business_today
from handlers.identifiers import canonical

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MOST_LINES = 10_000
#: A despatch advice may name tomorrow's collection; a paper from next month is a slip.
_MOST_DAYS_AHEAD = 7

Paper = TypeVar("Paper", bound="DataclassInstance")


class Totalled(Protocol):
    """What a paper says in its foot."""

    @property
    def freight(self) -> Decimal:
        """Without tax."""

    @property
    def tax_total(self) -> Decimal:
        """On all of it."""

    @property
    def gross_total(self) -> Decimal:
        """Lines, freight and tax together."""


def read_paper(draft: Paper) -> Paper:
    """The paper in its canonical form. Raises Invalid."""
    read: Any = canonical(draft)
    if not read.document_no:
        raise Invalid(
            "The paper has no number.",
            code="incomplete",
            next_step="Name the supplier's number of it.",
            errors={"document_no": ["must not be blank"]},
        )
    return read  # type: ignore[no-any-return]


def not_ahead(tx: Session, day: date, field: str) -> None:
    """Raises Invalid for a paper that is from some other week to come."""
    last = business_today(tx) + timedelta(days=_MOST_DAYS_AHEAD)
    if day > last:
        raise Invalid(
            f"{field} is {day}, which is still to come.",
            code="date_ahead",
            next_step="Ask the supplier for the right date.",
            errors={field: [f"must not lie after {last}"]},
        )


def check_foot(what: str, net: Decimal, draft: Totalled) -> None:
    """Raises Invalid when a bill or credit note does not add up."""
    foot = net + draft.freight + draft.tax_total
    if foot != draft.gross_total:
        raise Invalid(
            f"The {what} says {draft.gross_total}, but its lines ({net}), freight ({draft.freight}) and tax ({draft.tax_total}) "
            f"make {foot}.",
            code="bill_does_not_add_up",
            next_step=f"Ask the supplier for a corrected {what}.",
            errors={"gross_total": [f"must be {foot}"]},
        )


def order_lines(tx: Session, po_no: str, given: Sequence[Any]) -> dict[int, Row[Any]]:
    """The lines of the order by number. Raises Invalid for an unknown line, one named twice, or too many."""
    known = {row.line_no: row for row in tx.execute(_LINES, {"po_no": po_no})}
    numbers = [line.line_no for line in given]
    strange = sorted(set(numbers) - set(known))
    if strange or len(set(numbers)) < len(numbers) or len(numbers) > MOST_LINES:
        what = f"line {strange[0]}, which the order does not have" if strange else "a line twice, or too many lines"
        raise Invalid(f"The message for {po_no} names {what}.", code="po_line", next_step="Name each line of the order at most once.")
    return known


def some(lines: Sequence[Any], what: str) -> None:
    """Raises Invalid for a paper without lines."""
    if not lines:
        raise Invalid(f"The {what} has no lines.", code="no_lines", next_step="Name at least one line of the order.")


def paper_known(tx: Session, table: str, sender: str, draft: Any) -> Row[Any] | None:
    """The same paper, recorded before. Raises Conflict when its number was used for something else, or spelt otherwise."""
    row = tx.execute(_KNOWN[table], {"sender": sender, "number": draft.document_no}).one_or_none()
    if row is not None and (row.document_no != draft.document_no or row.sha256 != digest_of(draft)):
        otherwise = "with other content" if row.document_no == draft.document_no else f"as {row.document_no}"
        raise Conflict(
            f"The supplier has sent {draft.document_no} before {otherwise}.",
            code="key_reused",
            next_step="If it is the same paper there is nothing to do; ask the supplier to send another one under a number of its own.",
        )
    return row


def digest_of(draft: Any) -> str:
    """By what the same paper is known again."""
    return sha256(json_text.encode(draft)).hexdigest()


#: A supplier numbers its answers by order, what it sends and bills throughout.
_KNOWN = {
    name: text(f"SELECT * FROM {name} WHERE {sender} = :sender AND folded(document_no) = folded(:number)")
    for name, sender in (
        ("po_acknowledgement", "po_no"),
        ("asn", "supplier_no"),
        ("supplier_invoice", "supplier_no"),
        ("supplier_credit", "supplier_no"),
    )
}
#: How much of a line is agreed: what was confirmed (none is none), else what the latest answer says, else what was ordered.
_LINES = text("""
SELECT line.*, coalesce(line.confirmed_qty, said.qty, line.qty) AS agreed,
  coalesce((SELECT sum(shipped.qty) FROM asn_line AS shipped JOIN asn USING (asn_no)
            WHERE shipped.po_line_id = line.id AND asn.rejected_at IS NULL), 0) AS despatched
FROM po_line AS line
LEFT JOIN LATERAL (
  SELECT CASE WHEN given.code = 'RE' THEN 0 ELSE one.qty END AS qty FROM po_acknowledgement AS given
  LEFT JOIN po_acknowledged_line AS one ON one.acknowledgement_id = given.id AND one.line_no = line.line_no
  WHERE given.po_no = line.po_no ORDER BY given.id DESC LIMIT 1
) AS said ON true
WHERE line.po_no = :po_no ORDER BY line.line_no
""")
