"""Says whether an invoice can be sent, before the goods leave and again before it is posted, and who can mend what is missing.

First what people can mend is looked for by name; then the e-invoice is built and shown to the official rules, which know the rest.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from engine.service_tasks import Refused
from handlers.billing.creation import planned_invoices
from handlers.billing.en16931 import validate_invoice
from handlers.billing.facts import InvoiceFacts, planned_facts
from handlers.billing.rules import outside_vat
from handlers.billing.ubl import fits_e_invoice, write_ubl
from handlers.ledger.books import RateMissing, rate_on
from handlers.units import has_code

#: An invoice cannot be sent or posted as things stand; a person completes what the reason names, and it is tried again.
NOT_BILLABLE = "NOT_BILLABLE"
#: Categories in which the customer owes the tax or the goods leave the country, so that its VAT number must be on the invoice.
_BUYER_OWES = frozenset({"K", "AE"})
_MOST_NAMED = 5


def planned_of(tx: Session, group_no: str, now: datetime) -> tuple[list[InvoiceFacts], list[str]]:
    """The invoices that a group would be charged with today, and what the books lack for them."""
    facts = [planned_facts(tx, planned) for planned in planned_invoices(tx, group_no, now)]
    return facts, [sentence for each in facts for sentence in missing_rate(tx, each)]


def missing_rate(tx: Session, facts: InvoiceFacts) -> list[str]:
    """Whether the books can take the invoice's currency on its date."""
    try:
        rate_on(tx, facts.currency, facts.invoice_date)
    except RateMissing as missing:
        return [f"{missing.detail} {missing.next_step}"]
    return []


def e_invoice_of(facts: InvoiceFacts) -> bytes | None:
    """The invoice as UBL, or None where its currency has more decimals than an e-invoice may carry. Raises Refused when it is not valid."""
    refuse(gaps(facts), facts)
    if not fits_e_invoice(facts):
        return None
    document = write_ubl(facts)
    broken = [f"{finding.rule}: {finding.message}" for finding in validate_invoice(document) if finding.fatal]
    refuse([f"It breaks rules of EN 16931. {sentence}" for sentence in broken], facts)
    return document


def refuse(sentences: Sequence[str], facts: InvoiceFacts) -> None:
    """Raise Refused with what is wrong, when something is."""
    if sentences:
        what = "The invoice" if facts.invoice_no.endswith("PLANNED") else f"Invoice {facts.invoice_no}"
        raise Refused(NOT_BILLABLE, f"{what} of {facts.about} cannot be sent. {' '.join(sentences[:_MOST_NAMED])}")


def gaps(facts: InvoiceFacts) -> list[str]:
    """What is missing that a person can complete, each with who does it and where."""
    categories = {line.tax_category for line in facts.lines}
    customer = f"customer {facts.buyer['customer_no']}"
    found = []
    if not all(map(outside_vat, categories)) and not facts.seller["vat_no"]:
        found.append("Our company has no VAT number: an administrator enters it with PUT /api/v1/company.")
    if categories & _BUYER_OWES and not facts.buyer["vat_no"]:
        found.append(f"The VAT number of {customer} is missing, and the customer owes the tax: the order desk completes the customer.")
    if any(map(outside_vat, categories)) and not (facts.seller["legal_id"] or facts.seller["gln"]):
        found.append("Our company has no registration number, which an invoice outside VAT needs: enter it with PUT /api/v1/company.")
    odd = [line for line in facts.lines if not has_code(line.uom)]
    found += [f"Item {line.sku} is kept in {line.uom!r}, which no paper can carry: the order desk corrects its unit." for line in odd]
    return found
