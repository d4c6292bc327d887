"""What Northwind's masters look like as files to import, and the little that a company has to say of itself beside them."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from api.demo.northwind.source import History, Order, Product
from handlers.ledger.bank_accounts import add_first_bank_account
from handlers.ledger.books import open_books
from handlers.parties import master_data as parties

CURRENCY = "USD"
PRICE_LIST = "BASE-USD"
WAREHOUSE = "SEA"
IBAN = "GB33BUKB20201555555555"
_COMPANY = parties.CompanyDraft(
    name="Northwind Traders",
    country="US",
    currency=CURRENCY,
    street="507 20th Ave. E.",
    city="Seattle",
    region="WA",
    postal_code="98122",
    legal_id="WA 600 123 456",
    email="orders@northwind.example",
    phone="+1 206 555 0100",
    iban=IBAN,
    bic="BUKBGB22",
    bank_name="Harbour Bank",
)
#: The history has no costs, weights, limits and terms; a company that trades at list price could have these.
_COST_SHARE, _WEIGHT_KG, _CREDIT_LIMIT, NET_DAYS = Decimal("0.6"), Decimal("0.5"), 500_000, 30
_CENT = Decimal("0.01")

File = tuple[str, bytes]
Cells = dict[str, Any]


def set_up_company(tx: Session) -> None:
    """Who we are, the books, and the bank account."""
    parties.set_company(tx, _COMPANY)
    open_books(tx, CURRENCY)
    add_first_bank_account(tx, IBAN, CURRENCY)


def files_of(history: History) -> Iterator[File]:
    """The files to import, in the order in which they need one another: each a kind and the rows."""
    yield "warehouses", as_csv([{"code": WAREHOUSE, "name": "Seattle", "country": "US", "city": "Seattle", "time_zone": "UTC"}])
    yield "customers", as_csv(_customers(history))
    yield "customer-addresses", as_csv(_addresses(history))
    yield "items", as_csv(_item(product) for product in history.products)
    yield "price-lists", as_csv([{"code": PRICE_LIST, "currency": CURRENCY}])
    prices = ({"price_list_code": PRICE_LIST, "sku": sku_of(each.key), "unit_price": each.price} for each in history.products)
    yield "prices", as_csv(prices)
    yield (
        "suppliers",
        as_csv(
            {"supplier_no": f"S-{each.key}", "name": each.name, "country": each.country, "currency": CURRENCY} for each in history.suppliers
        ),
    )
    yield (
        "supplier-prices",
        as_csv(
            {"supplier_no": f"S-{each.supplier}", "sku": sku_of(each.key), "price": _cost(each), "currency": CURRENCY}
            for each in history.products
        ),
    )
    yield "stock", as_csv(_opening_stock(history))


def order_rows(orders: Sequence[Order]) -> bytes:
    """Orders as a file to import: the price that the customer states is what the history charged, its discount taken off."""
    return as_csv(row for order in orders for row in _order_rows(order))


def sku_of(product: int) -> str:
    """Our number of a product."""
    return f"NW-{product:03}"


def price_after_discount(price: Decimal, discount: Decimal) -> Decimal:
    """The price of one unit, exact."""
    return price * (1 - discount)


def as_csv(rows: Iterable[Cells]) -> bytes:
    """The rows as a file; the first one names the columns."""
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(text, row)
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue().encode()


def _customers(history: History) -> Iterator[Cells]:
    for each in history.customers:
        limits = {"credit_limit": _CREDIT_LIMIT, "order_limit": _CREDIT_LIMIT, "net_days": NET_DAYS}
        yield {"customer_no": each.key, "name": each.name, "country": each.country, "currency": CURRENCY, **limits}


def _addresses(history: History) -> Iterator[Cells]:
    for each in history.customers:
        for kind in ("BILL", "SHIP"):
            yield {
                "customer_no": each.key,
                "kind": kind,
                "name": each.name,
                "street": each.street,
                "city": each.city,
                "postal_code": each.postal_code,
                "region": each.region,
                "country": each.country,
            }


def _item(product: Product) -> Cells:
    return {
        "sku": sku_of(product.key),
        "name": product.name,
        "item_class": product.category.upper().replace("/", "-"),
        "cost": _cost(product),
        "weight_kg": _WEIGHT_KG,
        # We sell from the United States, where no VAT is charged; sales tax is not in the history.
        "tax_category": "O",
    }


def _cost(product: Product) -> Decimal:
    return (product.price * _COST_SHARE).quantize(_CENT)


def _opening_stock(history: History) -> Iterator[Cells]:
    """What must have been there at the beginning: what is there at the end, and all that was ordered."""
    ordered: Counter[int] = Counter()
    for order in history.orders:
        for line in order.lines:
            ordered[line.product] += line.qty
    for product in history.products:
        qty = product.in_stock + ordered[product.key]
        if qty:
            yield {"sku": sku_of(product.key), "warehouse_code": WAREHOUSE, "qty": qty, "unit_cost": _cost(product)}


def _order_rows(order: Order) -> Iterator[Cells]:
    for position, line in enumerate(order.lines, 1):
        yield {
            "reference": f"NW-{order.number}",
            "customer_no": order.customer,
            "line_no": position,
            "sku": sku_of(line.product),
            "qty": line.qty,
            "unit_price": f"{price_after_discount(line.price, line.discount):f}",
            "discount_pct": f"{(line.discount * 100).normalize():f}",
            "ordered_on": order.ordered_on,
            "requested_date": order.required_on,
            "freight": order.freight,
            "ship_to_name": order.ship_to.name,
            "ship_to_street": order.ship_to.street,
            "ship_to_city": order.ship_to.city,
            "ship_to_region": order.ship_to.region,
            "ship_to_postal_code": order.ship_to.postal_code,
            "ship_to_country": order.ship_to.country,
        }
