"""The price waterfall: list, agreement, volume, promotions, manual discount, net; then header discount, freight and tax. Pure.

Discounts compound. A unit price has four decimals, an amount those of its currency, both rounded half up. Every step is kept.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.problems import Invalid
from handlers.values import percent, round4, round_currency, total, truncate_currency

ZERO = Decimal(0)
HUNDRED = Decimal(100)
#: The one step of a price that was promised before and is not worked out anew.
PROMISED = "promised"
#: Member states of the European Union for VAT (Greece is EL in VAT numbers, GR in addresses).
# fmt: off
EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL",
    "PT", "RO", "SE", "SI", "SK",
})
# fmt: on


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion that is valid on the day; empty conditions match everything."""

    code: str
    exclusive: bool
    sequence: int
    discount_pct: Decimal
    sku: str | None = None
    item_class: str = ""
    min_qty: Decimal = ZERO

    def covers(self, line: "LineFacts") -> bool:
        """Whether it holds for the line."""
        return self.sku in {None, line.sku} and self.item_class in {"", line.item_class} and line.qty >= self.min_qty


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """What is known of a line before it is priced. `fixed_unit_net` is a price already promised: nothing is worked out anew."""

    line_no: int
    sku: str
    qty: Decimal
    list_price: Decimal | None
    list_source: str = ""
    agreed_price: Decimal | None = None
    agreement: str = ""
    stackable: bool = False
    manual_discount_pct: Decimal = ZERO
    fixed_unit_net: Decimal | None = None
    item_class: str = ""
    margin_floor_pct: Decimal = ZERO
    tier_group: str = ""
    cost: Decimal = ZERO
    weight_kg: Decimal = ZERO
    tax_category: str = "S"
    tax_rate_pct: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for the whole request."""

    currency: str
    tiers: Mapping[str, Sequence[tuple[Decimal, Decimal]]]
    offers: Sequence[Offer] = ()
    header_discount_pct: Decimal = ZERO
    header_discount: Decimal = ZERO
    freight: Decimal = ZERO
    most_over_list_pct: Decimal = Decimal(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """A line after the waterfall; `header_discount` is its share of the discount on the whole."""

    facts: LineFacts
    list_price: Decimal
    unit_net: Decimal
    line_net: Decimal
    steps: tuple[dict[str, Any], ...]
    header_discount: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """What the line comes to after its share of the header discount."""
        return self.line_net - self.header_discount

    @property
    def margin_pct(self) -> Decimal:
        """Margin in percent of the net; a line given away has a margin of -100 % when it costs something."""
        cost = self.facts.cost * self.facts.qty
        return percent(self.net - cost, self.net) if self.net else (-HUNDRED if cost else ZERO)

    @property
    def margin_gap(self) -> Decimal:
        """How far the margin lies above its floor; negative is below."""
        return self.margin_pct - self.facts.margin_floor_pct


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxGroup:
    """The tax of one category and rate: rounded once for the group, as EN 16931 asks."""

    category: str
    rate_pct: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A priced request."""

    currency: str
    lines: tuple[PricedLine, ...]
    list_total: Decimal
    header_discount: Decimal
    net_total: Decimal
    freight: Decimal
    taxes: tuple[TaxGroup, ...]
    tax_total: Decimal
    gross_total: Decimal
    discount_pct: Decimal
    margin_pct: Decimal
    lowest_margin_gap: Decimal


class PriceMissing(Invalid):
    """No price list and no agreement has a price for at least one line."""

    default_code = "price_missing"


def price_basket(lines: Sequence[LineFacts], terms: Terms) -> Priced:
    """Price a request. Raises PriceMissing, or Invalid when a guard is broken."""
    missing = [line for line in lines if line.list_price is None and line.agreed_price is None and line.fixed_unit_net is None]
    if missing:
        names = ", ".join(f"line {line.line_no} ({line.sku})" for line in missing[:10])
        raise PriceMissing(
            f"No price in {terms.currency} for {names}{' and more' if len(missing) > 10 else ''}.",  # noqa: PLR2004  # enough to act on
            next_step="Set a price in a price list of that currency, then go on.",
            errors={str(line.line_no): ["has no price"] for line in missing},
        )
    tier_pct = _tier_discounts(lines, terms.tiers)
    priced = [_price_line(line, tier_pct.get(line.tier_group, ZERO), terms) for line in lines]
    return add_up(_share_header_discount(priced, terms), terms)


def header_discount_of(net: Decimal, terms: Terms) -> Decimal:
    """The discount on the whole: a stated amount, or a percentage of the net. Raises Invalid when it exceeds the net."""
    amount = terms.header_discount or round_currency(net * terms.header_discount_pct / HUNDRED, terms.currency)
    if not ZERO <= amount <= net:
        raise Invalid(
            f"A discount of {amount} {terms.currency} on {net} {terms.currency} is impossible.",
            code="discount_invalid",
            next_step="Give a discount between zero and the net amount.",
        )
    return amount


def allocate(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Share an amount in proportion to the weights: each share cut off, the largest weight takes the residue, so that nothing is lost."""
    whole = total(weights)
    if not whole:
        return [ZERO for _ in weights]
    shares = [truncate_currency(amount * weight / whole, currency) for weight in weights]
    largest = max(range(len(weights)), key=lambda index: weights[index])
    shares[largest] += amount - total(shares)
    return shares


def pick_freight(brackets: Sequence[tuple[Decimal, Decimal, Decimal | None]], weight_kg: Decimal, net: Decimal) -> Decimal:
    """Carriage from (up to kg, amount, free from net) brackets: the smallest that holds the weight, else the largest."""
    if not brackets or not weight_kg:
        return ZERO
    ordered = sorted(brackets)
    _, amount, free_from = next((bracket for bracket in ordered if bracket[0] >= weight_kg), ordered[-1])
    return ZERO if free_from is not None and net >= free_from else amount


def tax_treatment(category: str, seller: str, ship_to: str, *, vat_no_valid: bool) -> tuple[str, str]:
    """The tax category and the country whose rate applies: domestic, intra-EU with a valid VAT number (K), export (G)."""
    if seller == ship_to or category in {"E", "Z", "O"}:
        return category, seller
    if seller in EU and ship_to in EU:
        return ("K", seller) if vat_no_valid else (category, seller)
    if seller in EU:
        return "G", seller
    return category, ship_to


def _tier_discounts(lines: Sequence[LineFacts], tiers: Mapping[str, Sequence[tuple[Decimal, Decimal]]]) -> dict[str, Decimal]:
    quantities: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        if line.tier_group:
            quantities[line.tier_group] += line.qty
    return {group: max((pct for min_qty, pct in tiers.get(group, ()) if qty >= min_qty), default=ZERO) for group, qty in quantities.items()}


def _price_line(line: LineFacts, tier_pct: Decimal, terms: Terms) -> PricedLine:
    if line.fixed_unit_net is not None:
        base = line.list_price if line.list_price is not None else line.fixed_unit_net
        steps: list[dict[str, Any]] = [{"step": PROMISED, "source": "quote or agreement of the order", "unit_price": line.fixed_unit_net}]
        unit_net = line.fixed_unit_net
    else:
        base, steps = _list_and_agreement(line)
        unit_net = _discounted(base, _discounts(line, tier_pct, terms.offers), steps)
    _guard(line, base, unit_net, terms)
    line_net = round_currency(unit_net * line.qty, terms.currency)
    return PricedLine(facts=line, list_price=base, unit_net=unit_net, line_net=line_net, steps=tuple(steps))


def _list_and_agreement(line: LineFacts) -> tuple[Decimal, list[dict[str, Any]]]:
    steps: list[dict[str, Any]] = []
    if line.list_price is not None:
        steps.append({"step": "list", "source": line.list_source, "unit_price": line.list_price})
    if line.agreed_price is not None:
        steps.append({"step": "agreement", "source": line.agreement, "unit_price": line.agreed_price})
    base: Decimal = steps[-1]["unit_price"]
    return base, steps


def _discounts(line: LineFacts, tier_pct: Decimal, offers: Sequence[Offer]) -> list[tuple[str, str, Decimal]]:
    found: list[tuple[str, str, Decimal]] = []
    if line.agreed_price is None or line.stackable:
        if tier_pct:
            found.append(("volume", line.tier_group, tier_pct))
        matching = [offer for offer in offers if offer.covers(line)]
        exclusive = sorted((offer for offer in matching if offer.exclusive), key=lambda offer: (-offer.discount_pct, offer.code))[:1]
        stackable = sorted((offer for offer in matching if not offer.exclusive), key=lambda offer: (offer.sequence, offer.code))
        found += [("promotion", offer.code, offer.discount_pct) for offer in [*exclusive, *stackable]]
    if line.manual_discount_pct:
        found.append(("manual", "", line.manual_discount_pct))
    return found


def _discounted(base: Decimal, discounts: Sequence[tuple[str, str, Decimal]], steps: list[dict[str, Any]]) -> Decimal:
    price = base
    for step, source, pct in discounts:
        price = price * (HUNDRED - pct) / HUNDRED
        steps.append({"step": step, "source": source, "pct": pct, "unit_price": round4(price)})
    net = round4(price)
    steps.append({"step": "net", "source": "", "unit_price": net})
    return net


def _guard(line: LineFacts, base: Decimal, unit_net: Decimal, terms: Terms) -> None:
    highest = base * (HUNDRED + terms.most_over_list_pct) / HUNDRED
    if unit_net < 0:
        what, cure = "is below zero", "Lower the discount to at most 100 %."
    elif unit_net > highest and line.fixed_unit_net is None:
        what, cure = (
            f"is more than {terms.most_over_list_pct.normalize():f} % above the list price of {base}",
            "Correct the line's discount.",
        )
    else:
        return
    raise Invalid(
        f"Line {line.line_no} ({line.sku}): the net price {unit_net} {terms.currency} {what}.",
        code="price_guard",
        next_step=cure,
        errors={f"lines.{line.line_no}": [what]},
    )


def _share_header_discount(lines: Sequence[PricedLine], terms: Terms) -> list[PricedLine]:
    net = [line.line_net for line in lines]
    shares = allocate(header_discount_of(total(net), terms), net, terms.currency)
    return [
        PricedLine(
            facts=line.facts,
            list_price=line.list_price,
            unit_net=line.unit_net,
            line_net=line.line_net,
            steps=line.steps,
            header_discount=share,
        )
        for line, share in zip(lines, shares, strict=True)
    ]


def add_up(lines: Sequence[PricedLine], terms: Terms) -> Priced:
    """Priced lines as a whole, with tax by group and the carriage of the terms."""
    net = total(line.net for line in lines)
    listed = total(round_currency(line.list_price * line.facts.qty, terms.currency) for line in lines)
    cost = total(line.facts.cost * line.facts.qty for line in lines)
    taxes = tax_groups(
        [(line.facts.tax_category, line.facts.tax_rate_pct, line.net) for line in lines], freight=terms.freight, currency=terms.currency
    )
    tax = total(group.tax for group in taxes)
    return Priced(
        currency=terms.currency,
        lines=tuple(lines),
        list_total=listed,
        header_discount=total(line.header_discount for line in lines),
        net_total=net,
        freight=terms.freight,
        taxes=taxes,
        tax_total=tax,
        gross_total=net + terms.freight + tax,
        discount_pct=percent(listed - net, listed),
        margin_pct=percent(net - cost, net),
        lowest_margin_gap=min((line.margin_gap for line in lines), default=ZERO),
    )


def tax_groups(lines: Sequence[tuple[str, Decimal, Decimal]], *, freight: Decimal, currency: str) -> tuple[TaxGroup, ...]:
    """Tax per category and rate of (category, rate, net) lines; freight follows the group with the most goods."""
    taxable: dict[tuple[str, Decimal], Decimal] = defaultdict(lambda: ZERO)
    for category, rate, net in lines:
        taxable[category, rate.normalize()] += net
    if freight and taxable:
        taxable[max(taxable, key=lambda key: (taxable[key], key))] += freight
    return tuple(
        TaxGroup(category=category, rate_pct=rate, taxable=amount, tax=round_currency(amount * rate / HUNDRED, currency))
        for (category, rate), amount in sorted(taxable.items())
    )
