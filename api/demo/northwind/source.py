"""Reads the Northwind history from its SQLite script. It runs in memory and reaches no file; nothing of it runs in our database."""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from engine.problems import Invalid, NotFound

FILE = "northwind_sqlite_create.sql"
_MOST_BYTES = 20_000_000
#: A script may make tables, fill them and look at them.
_FORBIDDEN = frozenset({sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH})
#: By the names the file uses.
_COUNTRIES = {
    "Argentina": "AR", "Australia": "AU", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK",
    "Finland": "FI", "France": "FR", "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Japan": "JP", "Mexico": "MX",
    "Netherlands": "NL", "Norway": "NO", "Poland": "PL", "Portugal": "PT", "Singapore": "SG", "Spain": "ES", "Sweden": "SE",
    "Switzerland": "CH", "UK": "GB", "USA": "US", "Venezuela": "VE",
}  # fmt: skip
#: Where postal codes have five digits; the file has lost leading zeros, as spreadsheets do: 1307 is 01307, Dresden.
_FIVE_DIGITS = frozenset({"DE", "ES", "FR", "IT"})
#: Before postal codes some write the old sign of the country: S-844 67, B-1180.
_COUNTRY_SIGN = re.compile(r"^[A-Z]{1,2}-(?=\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somebody and where they are; `country` by ISO 3166, or empty where the file has none."""

    key: str
    name: str
    street: str
    city: str
    region: str
    postal_code: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What was sold; `price` is the list price at the end of the history."""

    key: int
    name: str
    supplier: int
    category: str
    price: Decimal
    in_stock: int
    is_discontinued: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of an order: `price` of one unit before `discount`, a share of one."""

    product: int
    price: Decimal
    qty: int
    discount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it was: when it came, was wanted and left (None: not yet), and what its carriage cost."""

    number: int
    customer: str
    ordered_on: date
    required_on: date
    shipped_on: date | None
    freight: Decimal
    ship_to: Place
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of it."""

    customers: Sequence[Place]
    suppliers: Sequence[Place]
    products: Sequence[Product]
    orders: Sequence[Order]


def read_history(folder: Path, most_orders: int | None = None) -> History:
    """The history; with `most_orders` only its first ones. Raises NotFound, Invalid."""
    path = folder / FILE if folder.is_dir() else folder
    if not path.is_file():
        raise NotFound(f"There is no {path}.", code="northwind_missing", next_step=f"Name the folder that holds {FILE}: --source FOLDER.")
    if path.stat().st_size > _MOST_BYTES:
        raise Invalid(f"{path} is too large to be the history.", code="northwind_unreadable", next_step=f"Name the folder of {FILE}.")
    memory = sqlite3.connect(":memory:")
    memory.row_factory = sqlite3.Row
    memory.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action in _FORBIDDEN else sqlite3.SQLITE_OK)
    try:
        memory.executescript(path.read_text(encoding="utf-8"))
        return _history(memory, most_orders)
    except (sqlite3.Error, UnicodeDecodeError, KeyError, TypeError) as error:
        raise Invalid(
            f"{path} is not the Northwind history: {error}.", code="northwind_unreadable", next_step=f"Name the folder of {FILE}."
        ) from error
    finally:
        memory.close()


def _history(memory: sqlite3.Connection, most_orders: int | None) -> History:
    lines: dict[int, list[Line]] = {}
    for row in memory.execute("SELECT * FROM [Order Details] ORDER BY OrderID, ProductID"):
        line = Line(product=row["ProductID"], price=_exact(row["UnitPrice"]), qty=row["Quantity"], discount=_exact(row["Discount"]))
        lines.setdefault(row["OrderID"], []).append(line)
    orders = memory.execute("SELECT * FROM Orders ORDER BY OrderDate, OrderID LIMIT ?", (-1 if most_orders is None else most_orders,))
    products = memory.execute("SELECT Products.*, CategoryName FROM Products JOIN Categories USING (CategoryID) ORDER BY ProductID")
    return History(
        customers=[_party(row, row["CustomerID"].strip()) for row in memory.execute("SELECT * FROM Customers ORDER BY CustomerID")],
        suppliers=[_party(row, str(row["SupplierID"])) for row in memory.execute("SELECT * FROM Suppliers ORDER BY SupplierID")],
        products=[
            Product(
                key=row["ProductID"],
                name=row["ProductName"],
                supplier=row["SupplierID"],
                category=row["CategoryName"],
                price=_exact(row["UnitPrice"]),
                in_stock=row["UnitsInStock"],
                is_discontinued=row["Discontinued"] == "1",
            )
            for row in products
        ],
        orders=[_order(row, lines.get(row["OrderID"], [])) for row in orders],
    )


def _order(row: sqlite3.Row, lines: Sequence[Line]) -> Order:
    country = _COUNTRIES.get((row["ShipCountry"] or "").strip(), "")
    ship_to = Place(
        key=str(row["OrderID"]),
        name=row["ShipName"],
        street=row["ShipAddress"] or "",
        city=row["ShipCity"] or "",
        region=row["ShipRegion"] or "",
        postal_code=_postal_code(row["ShipPostalCode"], country),
        country=country,
    )
    return Order(
        number=int(row["OrderID"]),
        customer=row["CustomerID"].strip(),
        ordered_on=_day(row["OrderDate"]),
        required_on=_day(row["RequiredDate"]),
        shipped_on=_day(row["ShippedDate"]) if row["ShippedDate"] else None,
        freight=_exact(row["Freight"]),
        ship_to=ship_to,
        lines=lines,
    )


def _party(row: sqlite3.Row, key: str) -> Place:
    country = _COUNTRIES.get((row["Country"] or "").strip(), "")
    return Place(
        key=key,
        name=row["CompanyName"].strip(),
        street=row["Address"] or "",
        city=row["City"] or "",
        region=row["Region"] or "",
        postal_code=_postal_code(row["PostalCode"], country),
        country=country,
    )


def _postal_code(written: str | None, country: str) -> str:
    code = _COUNTRY_SIGN.sub("", (written or "").strip())
    return code.zfill(5) if country in _FIVE_DIGITS and code.isdigit() else code


def _exact(value: Any) -> Decimal:
    """SQLite keeps fractions as binary floats; the shortest text that gives the float again is what was written."""
    return Decimal(str(value))


def _day(written: str) -> date:
    return datetime.fromisoformat(written).date()
