"""What can be brought in of customers and suppliers by file."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.orm import Session

from engine.runtime.state.guarded_acts import threshold
from engine.runtime.state.runtime import Runtime
from engine.store.locks import Lock
from handlers.bulk import Column, Refers, Row, TableKind, Verdict, locking
from handlers.identifiers import Number
from handlers.parties.guarded import credit_of
from handlers.parties.master_data import (
    AddressDraft,
    BankAccountDraft,
    CustomerDraft,
    SupplierDraft,
    check_customer,
    check_supplier,
)
from handlers.parties.model import Address, BankAccount, Customer, Supplier

_OF_CUSTOMER = Refers("customer_no", Customer, "customer_no", "customer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAddress(AddressDraft):
    """An address of a customer."""

    customer_no: Number


def _credit_takes_two(runtime: Runtime, tx: Session, rows: Sequence[Row]) -> str:
    """Whoever lets a customer owe more than a number of the company does not do it alone."""
    most = Decimal(threshold(runtime, tx, "second_person.credit"))
    for row in rows:
        if row.verdict in {Verdict.ADD, Verdict.CHANGE}:
            allowed = credit_of(row.after)
            if allowed > most and allowed > (credit_of(row.before) if row.before else Decimal(0)):
                row.verdict = Verdict.WAITS
    waits = sum(row.verdict is Verdict.WAITS for row in rows)
    return f"{waits} customers could owe more than {most.normalize():,f}." if waits else ""


def _changed_accounts_take_two(_runtime: Runtime, _tx: Session, rows: Sequence[Row]) -> str:
    """Receipts are recognised by bank accounts: whose one is changes only with a second person."""
    for row in rows:
        if row.verdict is Verdict.CHANGE:
            row.verdict = Verdict.WAITS
    waits = sum(row.verdict is Verdict.WAITS for row in rows)
    return f"{waits} bank accounts would be known otherwise." if waits else ""


_CONTACT_COLUMNS = (
    Column("vat_no", "VAT number with the prefix of its country", "ATU61874582"),
    Column("gln", "Global Location Number, 13 digits", "9123450000022"),
    Column("peppol_id", "Address in the Peppol network", "9915:bergmann"),
    Column("email", "Where mail goes", "einkauf@bergmann.example"),
)
_TERMS = (
    Column("net_days", "Days until an invoice is due", "30"),
    Column("discount_pct", "Discount for paying early, in percent", "2"),
    Column("discount_days", "Days in which the discount may be taken", "10"),
)
_LIMITS = Column("min_order_value", "Smallest order, net, in their currency", "100.00")
_IN_CURRENCY = "in the customer's currency"

CUSTOMERS = TableKind(
    code="customers",
    title="Customers",
    about="Who buys. A credit limit above the company's number waits for a second person. Addresses come in a file of their own.",
    role="order",
    place=30,
    draft=CustomerDraft,
    table=Customer,
    key=("customer_no",),
    columns=(
        Column("customer_no", "Their number with us; it is never changed", "C-1001"),
        Column("name", "Name as on papers", "Bergmann Haustechnik GmbH"),
        Column("country", "Country by ISO 3166, two letters", "AT"),
        Column("currency", "Currency they buy in by ISO 4217", "EUR"),
        Column("customer_class", "Class A, B or C: decides approvals and credit", "B"),
        Column("customer_group", "Group, for prices of a group", "PLUMBERS"),
        Column("channel", "Channel they usually order by", "EDI"),
        Column("region", "Region, for freight and sourcing", "AT-W"),
        Column("language", "Language of their papers", "de"),
        *_CONTACT_COLUMNS,
        Column("legal_id", "Number in the register of companies", "FN 412345 k"),
        Column("invoice_channel", "How invoices reach them: mail or peppol", "mail"),
        Column("invoice_cycle", "Invoiced by shipment, or all of a week or month together: SHIPMENT, WEEKLY or MONTHLY", "SHIPMENT"),
        Column("invoice_pdf", "Their PDF: PLAIN, or FACTUR_X with the data of the invoice in it", "PLAIN"),
        Column("credit_limit", f"What they may owe at most, {_IN_CURRENCY}", "60000.00"),
        Column("order_limit", f"Largest order that needs nobody, {_IN_CURRENCY}", "25000.00"),
        Column("credit_tolerance_pct", "How far the limit may be passed, in percent", "5"),
        Column("secured_amount", f"What is insured or guaranteed, {_IN_CURRENCY}", "10000.00"),
        *_TERMS,
        Column("payment_term", "Terms of the table payment-terms by which they pay in instalments; else empty", ""),
        Column("incoterm", "Delivery term of Incoterms 2020", "FCA"),
        Column("requires_po", "Whether their orders need a purchase order number", "yes"),
        Column("po_pattern", "Regular expression of those numbers", "PO-[0-9]+"),
        _LIMITS,
        Column("ship_complete", "Whether they take only complete orders", "no"),
        Column("paid_by_customer_no", "Number of the customer who pays for them", "C-1002"),
        Column("oldest_first", "Whether a payment that names no invoice settles the oldest first", "no"),
    ),
    choices={"customer_class": ("A", "B", "C"), "invoice_cycle": ("SHIPMENT", "WEEKLY", "MONTHLY"), "invoice_pdf": ("PLAIN", "FACTUR_X")},
    check=check_customer,
    refers=(Refers("paid_by_customer_no", Customer, "customer_no", "customer"),),
    hold=locking(Lock.CUSTOMER, "customer_no"),
    guard=_credit_takes_two,
    guarded_by="import.customers",
    elsewhere=(("open_item", "party_no"), ("journal_line", "party_no")),
)
ADDRESSES = TableKind(
    code="customer-addresses",
    title="Customers' addresses",
    about="Where goods (SHIP) and invoices (BILL) go. A customer, a kind and a name are one address.",
    role="order",
    place=31,
    draft=CustomerAddress,
    table=Address,
    key=("customer_no", "kind", "name"),
    columns=(
        Column("customer_no", "Whose address it is", "C-1001"),
        Column("kind", "SHIP where goods go, BILL where invoices go", "SHIP"),
        Column("name", "Who is there", "Bergmann Haustechnik, Lager Nord"),
        Column("street", "Street and number", "Industriezeile 8"),
        Column("city", "Town", "Linz"),
        Column("postal_code", "Postal code; keep leading zeros by making the cell text", "4020"),
        Column("region", "Region", "AT-4"),
        Column("country", "Country by ISO 3166, two letters", "AT"),
        Column("gln", "Global Location Number of the place", "9123450000022"),
        Column("is_default", "Whether orders that name none go there", "yes"),
    ),
    choices={"kind": ("BILL", "SHIP")},
    refers=(_OF_CUSTOMER,),
    hold=locking(Lock.CUSTOMER, "customer_no"),
)
BANK_ACCOUNTS = TableKind(
    code="customer-bank-accounts",
    title="Customers' bank accounts",
    about="Which customer pays from an account. A new account is known at once; to know one otherwise takes a second person.",
    role="collect",
    place=32,
    draft=BankAccountDraft,
    table=BankAccount,
    key=("iban",),
    columns=(
        Column("iban", "The account by ISO 13616", "AT022011100003429660"),
        Column("customer_no", "Who pays from it", "C-1001"),
        Column("bic", "The bank by ISO 9362", "GIBAATWW"),
        Column("holder", "In whose name it is", "Bergmann Haustechnik GmbH"),
    ),
    refers=(_OF_CUSTOMER,),
    guard=_changed_accounts_take_two,
    guarded_by="import.bank_accounts",
)
SUPPLIERS = TableKind(
    code="suppliers",
    title="Suppliers",
    about="Who sells to us and ships to our customers.",
    role="buy",
    place=50,
    draft=SupplierDraft,
    table=Supplier,
    key=("supplier_no",),
    columns=(
        Column("supplier_no", "Their number with us; it is never changed", "S-501"),
        Column("name", "Name as on papers", "Kesselbau Huber KG"),
        Column("country", "Country by ISO 3166, two letters", "AT"),
        Column("currency", "Currency we buy in by ISO 4217", "EUR"),
        Column("region", "Region", "AT-4"),
        *_CONTACT_COLUMNS,
        Column("order_channel", "How orders reach them: mail, edi or peppol", "mail"),
        *_TERMS,
        Column("freight_per_order", "What they charge for carriage, an order", "0.00"),
        _LIMITS,
        Column("rating", "Rating from 0 to 100; higher is better", "95"),
        Column("neutral_packing", "Whether they pack without their own name", "yes"),
    ),
    check=check_supplier,
    hold=locking(Lock.SUPPLIER, "supplier_no"),
    elsewhere=(("open_item", "party_no"), ("journal_line", "party_no")),
)
KINDS = (CUSTOMERS, ADDRESSES, BANK_ACCOUNTS, SUPPLIERS)
