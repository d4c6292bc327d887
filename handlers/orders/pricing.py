"""Feeds the price waterfall of `handlers.catalog.rules` from the tables, for quotes and orders alike, in constantly many statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, select, text
from sqlalchemy.orm import Session
from stdnum.eu import vat

from engine.problems import Invalid
from engine.store.memo import read_once
from handlers.catalog import rules
from handlers.catalog.model import FreightRate, Promotion, TaxRate, VolumeTier
from handlers.catalog.offers import offer_in_force
from handlers.ledger.books import rate_on
from handlers.parties.master_data import company, find_customer
from handlers.parties.model import Company, Customer
from handlers.parties.policy import chosen
from handlers.rowsets import as_json
from handlers.values import round4, total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineToPrice:
    """A line to price, in the item's base unit."""

    line_no: int
    sku: str
    qty: Decimal
    manual_discount_pct: Decimal = ZERO
    fixed_unit_net: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingRequest:
    """What is to be priced, for whom, on which day. `freight` None means: by our rates."""

    customer_no: str
    currency: str
    day: date
    lines: Sequence[LineToPrice]
    channel: str = ""
    ship_to: dict[str, Any]
    header_discount_pct: Decimal = ZERO
    header_discount: Decimal = ZERO
    freight: Decimal | None = None


def price(tx: Session, request: PricingRequest) -> rules.Priced:
    """Price a request. Raises PriceMissing, Invalid (a guard, a missing tax or exchange rate), NotFound (customer, company)."""
    return read_once(tx, ("price", as_json([request])), lambda: _price(tx, request))


def _price(tx: Session, request: PricingRequest) -> rules.Priced:
    customer, seller = find_customer(tx, request.customer_no), company(tx)
    rows = tx.execute(_LINE_FACTS, _facts_parameters(request, customer)).mappings().all()
    taxes = _Taxes(tx, request, customer, seller)
    rates = _Rates(tx, request, seller)
    lines = [_line_facts(row, taxes, rates) for row in rows]
    terms = _terms(tx, request, customer, lines)
    priced = rules.price_basket(lines, terms)
    if request.freight is not None or not priced.net_total:
        return priced
    freight = _freight(tx, request, lines, priced.net_total)
    return rules.price_basket(lines, _terms_with_freight(terms, freight)) if freight else priced


def as_columns(line: rules.PricedLine) -> dict[str, Any]:
    """A priced line as the columns an order line and a quote line share."""
    facts = line.facts
    return {
        "list_price": line.list_price,
        "unit_net": line.unit_net,
        "line_net": line.line_net,
        "header_discount": line.header_discount,
        "discounts": list(line.steps),
        "cost": facts.cost,
        "item_class": facts.item_class,
        "tax_category": facts.tax_category,
        "tax_rate_pct": facts.tax_rate_pct,
        "weight_kg": facts.weight_kg,
    }


def as_totals(priced: rules.Priced) -> dict[str, Any]:
    """A priced request as the columns an order and a quote share."""
    return {
        "list_total": priced.list_total,
        "header_discount": priced.header_discount,
        "freight": priced.freight,
        "net_total": priced.net_total,
        "tax_total": priced.tax_total,
        "gross_total": priced.gross_total,
        "taxes": [asdict(group) for group in priced.taxes],
    }


def vat_number_is_valid(number: str) -> bool:
    """Whether the check digits of an EU VAT number are right."""
    return bool(number) and bool(vat.is_valid(number))


class _Taxes:
    """The tax rates of the day, looked up once for the request."""

    def __init__(self, tx: Session, request: PricingRequest, customer: Customer, seller: Company) -> None:
        self.seller = seller.country
        self.ship_to = request.ship_to.get("country") or customer.country
        self.vat_no_valid = vat_number_is_valid(customer.vat_no)
        self.day = request.day
        found = tx.execute(
            select(TaxRate.country, TaxRate.category, TaxRate.rate_pct)
            .where(TaxRate.country.in_([self.seller, self.ship_to]), TaxRate.valid_from <= self.day, TaxRate.valid_until >= self.day)
            .order_by(TaxRate.valid_from)
        )
        self.rates = {(row.country, row.category): row.rate_pct for row in found}

    def of(self, category: str) -> tuple[str, Decimal]:
        """The category and rate that apply to an item of a category."""
        applied, country = rules.tax_treatment(category, self.seller, self.ship_to, vat_no_valid=self.vat_no_valid)
        if applied in {"K", "G", "Z", "E", "O", "AE"}:
            return applied, ZERO
        if (country, applied) not in self.rates:
            raise Invalid(
                f"No tax rate of category {applied} is on file for {country} on {self.day}.",
                code="tax_rate_missing",
                next_step=f"File the rate of category {applied} for {country}, then go on.",
            )
        return applied, self.rates[country, applied]


class _Rates:
    """What one unit of a currency is worth in the currency of the request; each pair is looked up once."""

    def __init__(self, tx: Session, request: PricingRequest, seller: Company) -> None:
        self.tx, self.day, self.books, self.currency = tx, request.day, seller.currency, request.currency
        self.known: dict[str, Decimal] = {}

    def convert(self, amount: Decimal, currency: str | None) -> Decimal:
        """An amount in another currency (None: the books') in the request's."""
        source = currency or self.books
        if source == self.currency or not amount:
            return amount
        return round4(amount * self._in_books(source) / self._in_books(self.currency))

    def _in_books(self, currency: str) -> Decimal:
        if currency == self.books:
            return Decimal(1)
        if currency not in self.known:
            self.known[currency] = rate_on(self.tx, currency, self.day)
        return self.known[currency]


def _facts_parameters(request: PricingRequest, customer: Customer) -> dict[str, Any]:
    return {
        "rows": as_json(request.lines),
        "currency": request.currency,
        "day": request.day,
        "customer": customer.customer_no,
        "customer_group": customer.customer_group,
        "channel": request.channel or customer.channel,
    }


def _line_facts(row: RowMapping, taxes: _Taxes, rates: _Rates) -> rules.LineFacts:
    category, rate = taxes.of(row["tax_category"])
    own_cost = rates.convert(row["cost"], None)
    bought = row["supplier_price"]
    return rules.LineFacts(
        line_no=row["line_no"],
        sku=row["sku"],
        qty=row["qty"],
        list_price=row["list_price"],
        list_source=row["list_source"] or "",
        agreed_price=row["agreed_price"],
        agreement=row["agreement"] or "",
        stackable=bool(row["stackable"]),
        manual_discount_pct=row["manual_discount_pct"],
        fixed_unit_net=row["fixed_unit_net"],
        item_class=row["item_class"],
        margin_floor_pct=row["margin_floor_pct"],
        tier_group=row["tier_group"],
        cost=own_cost if bought is None else rates.convert(bought, row["supplier_currency"]),
        weight_kg=row["weight_kg"],
        tax_category=category,
        tax_rate_pct=rate,
    )


def _terms(tx: Session, request: PricingRequest, customer: Customer, lines: Sequence[rules.LineFacts]) -> rules.Terms:
    groups = {line.tier_group for line in lines if line.tier_group}
    tiers: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for row in tx.execute(select(VolumeTier).where(VolumeTier.tier_group.in_(groups))).scalars():
        tiers[row.tier_group].append((row.min_qty, row.discount_pct))
    promotions = tx.execute(
        select(Promotion).where(
            Promotion.valid_from <= request.day,
            Promotion.valid_until >= request.day,
            Promotion.customer_class.in_(["", customer.customer_class]),
            Promotion.channel.in_(["", request.channel or customer.channel]),
        )
    ).scalars()
    return rules.Terms(
        currency=request.currency,
        tiers=tiers,
        offers=[
            rules.Offer(
                code=row.code,
                exclusive=row.exclusive,
                sequence=row.sequence,
                discount_pct=row.discount_pct,
                sku=row.sku,
                item_class=row.item_class,
                min_qty=row.min_qty,
            )
            for row in promotions
        ],
        header_discount_pct=request.header_discount_pct,
        header_discount=request.header_discount,
        freight=request.freight or ZERO,
        most_over_list_pct=chosen(tx, "price.most_over_list_pct")["price.most_over_list_pct"],
    )


def _terms_with_freight(terms: rules.Terms, freight: Decimal) -> rules.Terms:
    return rules.Terms(
        currency=terms.currency,
        tiers=terms.tiers,
        offers=terms.offers,
        header_discount_pct=terms.header_discount_pct,
        header_discount=terms.header_discount,
        freight=freight,
        most_over_list_pct=terms.most_over_list_pct,
    )


def _freight(tx: Session, request: PricingRequest, lines: Sequence[rules.LineFacts], net: Decimal) -> Decimal:
    zones = [request.ship_to.get("region") or "", request.ship_to.get("country") or "", ""]
    brackets: dict[str, list[tuple[Decimal, Decimal, Decimal | None]]] = defaultdict(list)
    for row in tx.execute(select(FreightRate).where(FreightRate.zone.in_(zones), FreightRate.currency == request.currency)).scalars():
        brackets[row.zone].append((row.up_to_kg, row.amount, row.free_from_net))
    zone = next((zone for zone in zones if zone in brackets), "")
    return rules.pick_freight(brackets[zone], total(line.weight_kg * line.qty for line in lines), net)


_LINE_FACTS = text(f"""
SELECT wanted.line_no, wanted.sku, wanted.qty, wanted.manual_discount_pct, wanted.fixed_unit_net,
       item.item_class, item.tier_group, item.cost, item.weight_kg, item.tax_category, class.margin_floor_pct,
       listed.unit_price AS list_price, listed.code AS list_source,
       agreed.unit_price AS agreed_price, agreed.reference AS agreement, agreed.stackable,
       bought.price + bought.inbound_freight AS supplier_price, bought.currency AS supplier_currency
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS wanted(
       line_no int, sku text, qty numeric, manual_discount_pct numeric, fixed_unit_net numeric)
JOIN item ON item.sku = wanted.sku
JOIN item_class AS class ON class.code = item.item_class
LEFT JOIN LATERAL (
  SELECT price.unit_price, list.code FROM price_list AS list JOIN price ON price.price_list_code = list.code
  WHERE price.sku = wanted.sku AND price.uom = item.uom AND price.min_qty <= wanted.qty AND list.currency = :currency
    AND :day BETWEEN list.valid_from AND list.valid_until AND :day BETWEEN price.valid_from AND price.valid_until
    AND (list.kind, list.owner) IN (('CUSTOMER', :customer), ('GROUP', :customer_group), ('CHANNEL', :channel), ('BASE', ''))
  ORDER BY array_position(ARRAY['CUSTOMER', 'GROUP', 'CHANNEL', 'BASE'], list.kind::text),
           price.min_qty DESC, price.valid_from DESC, list.code
  LIMIT 1
) AS listed ON true
LEFT JOIN LATERAL (
  SELECT agreement.unit_price, agreement.stackable, agreement.reference FROM agreement
  WHERE agreement.customer_no = :customer AND agreement.sku = wanted.sku AND agreement.currency = :currency
    AND :day BETWEEN agreement.valid_from AND agreement.valid_until
  ORDER BY agreement.valid_from DESC, agreement.id DESC LIMIT 1
) AS agreed ON true
LEFT JOIN LATERAL (
  SELECT offer.price, offer.currency, offer.inbound_freight FROM supplier_item AS offer
  WHERE item.sourcing = 'DROP' AND offer.sku = wanted.sku AND {offer_in_force(":day")} ORDER BY offer.rank, offer.supplier_no LIMIT 1
) AS bought ON true
ORDER BY wanted.line_no
""")
