"""The kinds of master data as their pages show them: which columns a list has, which fields one record, and which verbs stand behind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.runtime.verbs.pending_changes import Outcome
from handlers.catalog import changes as catalog_changes
from handlers.catalog import master_data as catalog
from handlers.catalog import views as catalog_views
from handlers.changes import Author
from handlers.edi import partners as edi
from handlers.edi.interchange import EDIFACT, X12
from handlers.parties import changes as party_changes
from handlers.parties import master_data as parties
from handlers.parties import views as party_views
from handlers.parties.guarded import CustomerEdit, NewCustomer
from handlers.receivables import bank_layouts as banking
from handlers.receivables.bank_csv import DATE_FORMATS, DECIMAL_SIGNS, DELIMITERS
from ui.forms import Field
from ui.item_page import show_item
from ui.languages import N_
from ui.product import BUY, COLLECT, ORDER, person, product
from ui.second_person import do_or_ask

Group = tuple[str, Sequence[Field]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: where its pages are, who keeps it, and the verbs that list, show, add and change it."""

    path: str
    title: str
    noun: str
    key: Field
    role: str
    draft: type[Any]
    columns: Sequence[tuple[str, str]]
    groups: Sequence[Group]
    lists: Callable[..., Any]
    shows: Callable[..., Any]
    changes: Callable[[str, Mapping[str, Any], Author], Outcome]
    adds: Callable[[Mapping[str, Any]], Outcome]
    #: What may be changed beside the fields of the draft.
    flags: Sequence[Field] = ()
    search_hint: str = ""
    empty: str = ""

    @property
    def fields(self) -> list[Field]:
        """Every field of the form but the key."""
        return [field for _, fields in self.groups for field in fields]


def _at_once(change: Callable[..., Any]) -> Callable[[str, Mapping[str, Any], Author], Outcome]:
    return lambda key, values, by: Outcome(product().database.run(lambda tx: change(tx, key, values, by)))


def _added_at_once(add: Callable[..., Any], draft: type[Any]) -> Callable[[Mapping[str, Any]], Outcome]:
    return lambda values: Outcome(product().database.run(lambda tx: add(tx, draft(**values), Author(person().name))))


def _change_customer(key: str, values: Mapping[str, Any], by: Author) -> Outcome:
    return do_or_ask("customer.change", CustomerEdit(customer_no=key, changes=dict(values)), by.version)


def _add_customer(values: Mapping[str, Any]) -> Outcome:
    return do_or_ask("customer.add", NewCustomer(customer=parties.CustomerDraft(**values)))


def _add_supplier(tx: Session, draft: parties.SupplierDraft, by: Author) -> str:
    return party_changes.add_supplier(tx, draft, (), by)


_COUNTRY = Field("country", "Country", "Two letters, such as AT")
_CURRENCY = Field("currency", "Currency", "Three letters, such as EUR")
_NUMBERS: Sequence[Field] = (
    Field("vat_no", "VAT number"),
    Field("gln", "GLN"),
    Field("peppol_id", "Peppol address", "Scheme and number, such as 9915:b"),
    Field("email", "Mail", wide=True),
)

#: When an invoice is due, ours or theirs.
_TERMS: Sequence[Field] = (
    Field("net_days", "Days net"),
    Field("discount_pct", "Discount %", "For paying early"),
    Field("discount_days", "Discount days"),
)
_ACTIVE = Field("active", "Active")
_PARTY_HINT = "Number, name, VAT number or GLN"

CUSTOMERS = Kind(
    path="customers",
    title="Customers",
    noun="customer",
    key=Field("customer_no", "Customer number", "Cannot be changed later"),
    role=ORDER,
    draft=parties.CustomerDraft,
    columns=(
        ("Customer", "customer_no"),
        ("Name", "name"),
        ("Class", "customer_class"),
        ("Country", "country"),
        ("Credit limit", "credit_limit"),
        ("Currency", "currency"),
        ("Days net", "net_days"),
        ("On hold", "account_hold"),
        ("Active", "active"),
    ),
    groups=(
        ("Who they are", (Field("name", "Name", wide=True), _COUNTRY, Field("region", "Region"), Field("language", "Language"), *_NUMBERS)),
        (
            "How they buy",
            (
                _CURRENCY,
                Field("customer_class", "Class", "Decides approvals and credit", ("A", "B", "C")),
                Field("customer_group", "Group", "For group prices"),
                Field("channel", "Channel"),
                Field("incoterm", "Incoterm"),
                Field("min_order_value", "Smallest order", "Net, in their currency"),
                Field("requires_po", "Orders need a purchase order number"),
                Field("po_pattern", "Pattern of their purchase orders"),
                Field("ship_complete", "Ships only when complete"),
            ),
        ),
        (
            "How they pay",
            (
                *_TERMS,
                Field("credit_limit", "Credit limit", "In their currency"),
                Field("credit_tolerance_pct", "Tolerance %"),
                Field("order_limit", "Limit per order"),
                Field("secured_amount", "Secured amount"),
                Field("invoice_channel", "Invoices go by"),
                Field(
                    "invoice_cycle", "Invoiced by", "Each shipment alone, or all of a period together", ("SHIPMENT", "WEEKLY", "MONTHLY")
                ),
                Field("invoice_pdf", "Their PDF", "FACTUR_X carries the data of the invoice (ZUGFeRD)", ("PLAIN", "FACTUR_X")),
                Field("payment_term", "Pays in instalments", "By these terms of the table payment-terms; empty: all at once"),
                Field("paid_by_customer_no", "Paid by customer", "Where another one pays"),
                Field("oldest_first", "Money without a reference pays what is due first"),
            ),
        ),
    ),
    flags=(_ACTIVE, Field("account_hold", "Account on hold", "Stops their orders")),
    lists=party_views.list_customers,
    shows=party_views.show_customer,
    changes=_change_customer,
    adds=_add_customer,
    search_hint=_PARTY_HINT,
    empty="Customers come with their first UBL order, by API, or are added here.",
)
SUPPLIERS = Kind(
    path="suppliers",
    title="Suppliers",
    noun="supplier",
    key=Field("supplier_no", "Supplier number", "Cannot be changed later"),
    role=BUY,
    draft=parties.SupplierDraft,
    columns=(
        ("Supplier", "supplier_no"),
        ("Name", "name"),
        ("Country", "country"),
        ("Currency", "currency"),
        ("Days net", "net_days"),
        ("Orders go by", "order_channel"),
        ("Active", "active"),
    ),
    groups=(
        ("Who they are", (Field("name", "Name", wide=True), _COUNTRY, Field("region", "Region"), *_NUMBERS)),
        (
            "How we buy",
            (
                _CURRENCY,
                *_TERMS,
                Field("order_channel", "Orders go by"),
                Field("freight_per_order", "Freight per order"),
                Field("min_order_value", "Smallest order"),
                Field("rating", "Rating", "Higher is better"),
                Field("neutral_packing", "Packs without its own name"),
            ),
        ),
    ),
    flags=(_ACTIVE,),
    lists=party_views.list_suppliers,
    shows=party_views.show_supplier,
    changes=_at_once(party_changes.change_supplier),
    adds=_added_at_once(_add_supplier, parties.SupplierDraft),
    search_hint=_PARTY_HINT,
    empty="A supplier ships to our customers by drop shipment. Add the first one here or by API.",
)

ITEMS = Kind(
    path="items",
    title="Items",
    noun="item",
    key=Field("sku", "SKU", "Cannot be changed later"),
    role=ORDER,
    draft=catalog.ItemDraft,
    columns=(
        ("SKU", "sku"),
        ("Name", "name"),
        ("Class", "item_class"),
        ("Unit", "uom"),
        ("Cost", "cost"),
        ("Tax", "tax_category"),
        ("Comes from", "sourcing"),
        ("Sold", "sellable"),
    ),
    groups=(
        (
            "What it is",
            (
                Field("name", "Name", wide=True),
                Field("item_class", "Class", "Decides its margin floor"),
                Field("uom", "Unit"),
                Field("gtin", "GTIN"),
                Field("weight_kg", "Weight kg"),
                Field("volume_l", "Volume litres", "Of one unit in a carton"),
                Field("origin_country", "Country of origin"),
                Field("commodity_code", "Commodity code"),
            ),
        ),
        (
            "How it is sold",
            (
                Field("cost", "Standard cost", "In our currency"),
                Field("tax_category", "Tax category", "", ("S", "Z", "E", "AE", "K", "G", "O")),
                Field("pack_size", "Pack size"),
                Field("moq", "Smallest quantity"),
                Field("max_qty", "Largest quantity"),
                Field("tier_group", "Tier group", "For volume discounts"),
                Field("sourcing", "Comes from", "", ("STOCK", "DROP", "NONE")),
                Field("substitute_sku", "Replaced by"),
                Field("restricted", "May not be exported"),
                Field("sellable", "Is sold"),
            ),
        ),
    ),
    lists=catalog_views.list_items,
    shows=show_item,
    changes=_at_once(catalog_changes.change_item),
    adds=_added_at_once(catalog_changes.add_item, catalog.ItemDraft),
    search_hint="SKU, name or GTIN",
    empty="An item is what can be quoted, sold and shipped. Add the first one here or by API.",
)
EDI_PARTNERS = Kind(
    path="edi-partners",
    title="EDI partners",
    noun="partner",
    key=Field("partner_no", "Partner number", "Cannot be changed later"),
    role=ORDER,
    draft=edi.PartnerDraft,
    columns=(
        ("Partner", "partner_no"),
        ("Name", "name"),
        ("Customer", "customer_no"),
        ("Syntax", "syntax"),
        ("Version", "message_version"),
        ("Qualifier", "their_qualifier"),
        ("Their address", "their_id"),
        ("Test", "is_test"),
        ("Active", "active"),
    ),
    groups=(
        (
            "Who they are",
            (
                Field("name", "Name", wide=True),
                Field("customer_no", "Customer number", "Whose orders come from there"),
                Field("syntax", "Syntax", "", (X12, EDIFACT)),
                Field("their_qualifier", "Their qualifier", "X12: 01, 12, ZZ …; EDIFACT: 14 or empty"),
                Field("their_id", "Their address"),
                Field("their_group_id", "Their group address", "X12 GS02, where another than that"),
                Field("is_test", "Only tests are agreed"),
            ),
        ),
        (
            "What we are there",
            (
                Field("our_qualifier", "Our qualifier"),
                Field("our_id", "Our address"),
                Field("our_group_id", "Our group address", "X12 GS03, where another than that"),
            ),
        ),
        (
            "What they get by EDI",
            (
                Field("message_version", "Version of our papers", "004010 or 005010; D96A or D01B. Empty: the first"),
                Field("acknowledges", "Acknowledgements (997, TA1, CONTRL)"),
                Field("sends_order_response", "Order responses (855, ORDRSP)"),
                Field("sends_despatch_advice", "Despatch advices (856, DESADV)"),
                Field("sends_invoice", "Invoices (810, INVOIC)"),
            ),
        ),
    ),
    flags=(_ACTIVE,),
    lists=edi.list_partners,
    shows=edi.show_partner,
    changes=_at_once(edi.change_partner),
    adds=_added_at_once(edi.add_partner, edi.PartnerDraft),
    search_hint="Number, name, customer or address",
    empty="An EDI partner is a customer who orders by X12 or EDIFACT. Add the first one here or by API.",
)
_IN_FILE = "As the file names the column"
BANK_LAYOUTS = Kind(
    path="bank-layouts",
    title="Bank files",
    noun="layout",
    key=Field("layout_no", "Layout", "A name for this file, such as MYBANK-CSV"),
    role=COLLECT,
    draft=banking.LayoutDraft,
    columns=(
        ("Layout", "layout_no"),
        ("Account", "account"),
        ("Currency", "currency"),
        ("Between columns", "delimiter"),
        ("Dates", "date_format"),
        ("Balance", "balance"),
        ("Active", "active"),
    ),
    groups=(
        (
            "How it is written",
            (
                Field("account", "Our account", "Its IBAN or number"),
                Field("currency", "Currency", "Three letters, such as EUR"),
                Field("delimiter", "Between columns", "", tuple(DELIMITERS)),
                Field("decimal_sign", "Decimal sign", "", tuple(DECIMAL_SIGNS)),
                Field("date_format", "Dates", "", tuple(DATE_FORMATS)),
            ),
        ),
        (
            "Which column is what",
            (
                Field("booked_on", "Day it was booked", _IN_FILE),
                Field("value_on", "Value day", _IN_FILE),
                Field("amount", "Amount", "Both directions, money out below zero"),
                Field("money_in", "Money in", "Where there is one column for each"),
                Field("money_out", "Money out", "Where there is one column for each"),
                Field("balance", "Balance after it", "Checked where it is there"),
                Field("payer_name", "Who", _IN_FILE),
                Field("payer_account", "Their account", _IN_FILE),
                Field("remittance", "Text", "Several columns with + between them", wide=True),
                Field("reference", "Reference of the payer", _IN_FILE),
                Field("bank_ref", "Reference of the bank", _IN_FILE),
                Field("code", "Kind of entry", "As the decision bank-entry reads it"),
            ),
        ),
    ),
    flags=(_ACTIVE,),
    lists=banking.list_layouts,
    shows=banking.show_layout,
    changes=_at_once(banking.change_layout),
    adds=_added_at_once(banking.add_layout, banking.LayoutDraft),
    search_hint="Layout or account",
    empty="camt, MT940 and BAI2 need no layout. For a bank that sends CSV, say here which column is what.",
)
KINDS = (CUSTOMERS, ITEMS, SUPPLIERS, EDI_PARTNERS, BANK_LAYOUTS)
#: The tabs of the section, with what needs no kind.
TABS = (
    ("/master-data/company", N_("Company")),
    ("/master-data/customers", N_("Customers")),
    ("/master-data/items", N_("Items")),
    ("/master-data/prices", N_("Prices")),
    ("/master-data/allocations", N_("Kept supply")),
    ("/master-data/made-items", N_("Made items")),
    ("/master-data/suppliers", N_("Suppliers")),
    ("/master-data/supplier-prices", N_("Suppliers' prices")),
    ("/master-data/rates", N_("Exchange rates")),
    ("/master-data/edi-partners", N_("EDI partners")),
    ("/master-data/bank-layouts", N_("Bank files")),
    ("/master-data/calendars", N_("Calendars")),
    ("/master-data/imports", N_("Imports")),
)
