"""However an order is split into shipments, its invoices come to what the order says, to the last coin."""

from collections import defaultdict
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.billing.charging import apart, draft, order_taxes
from handlers.billing.rules import outside_vat
from handlers.catalog.rules import tax_groups
from handlers.values import decimals_of, round_currency

D = Decimal
TODAY = date(2026, 3, 10)
RATES = [("S", D("20.0000")), ("S", D(10)), ("S", D("5.5")), ("Z", D(0)), ("K", D(0)), ("O", D(0))]


@st.composite
def orders(draw):
    """Lines with a price, a share of the header discount and a tax; carriage; and a way to ship it all in parts."""
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    lines = []
    for number in range(draw(st.integers(1, 4))):
        qty, price = draw(st.integers(1, 12)), draw(st.decimals("0.0001", 500, places=4))
        worth = round_currency(qty * price, currency)
        off = draw(st.decimals(0, worth, places=decimals_of(currency))) if worth else D(0)
        category, rate = draw(st.sampled_from(RATES))
        lines.append({"id": number + 1, "qty": D(qty), "price": price, "worth": worth - off, "category": category, "rate": rate})
    freight = round_currency(draw(st.decimals(0, 99, places=3)), currency)
    cuts = [(line["id"], draw(st.integers(0, 4)), draw(st.integers(1, int(line["qty"])))) for line in lines for _ in range(3)]
    return currency, lines, freight, cuts


def shipments(lines, cuts):
    """Quantities by shipment: what a cut asks for as far as it is left; the last one takes the rest."""
    left = {line["id"]: line["qty"] for line in lines}
    sent = defaultdict(lambda: defaultdict(D))
    for line_id, shipment, qty in cuts:
        taken = min(left[line_id], D(qty))
        sent[shipment][line_id] += taken
        left[line_id] -= taken
    for line_id, qty in left.items():
        sent[9][line_id] += qty
    return [[(line_id, qty) for line_id, qty in sent[shipment].items() if qty] for shipment in sorted(sent)]


class Books:
    """What was charged so far, as the tables would say."""

    def __init__(self, currency, lines, freight) -> None:
        self.currency, self.lines, self.freight = currency, {line["id"]: line for line in lines}, freight
        self.charged = defaultdict(lambda: [D(0), D(0)])
        self.taxed = defaultdict(lambda: [D(0), D(0)])
        self.gross, self.carried = D(0), False

    def bill(self, parts) -> None:
        for goods in apart([self.source(line_id, qty) for line_id, qty in parts]):
            head = {"currency": self.currency, "freight": self.freight, "freight_charged": self.carried, "order_no": "SO-1", "net_days": 30}
            made = draft(head | {"discount_pct": D(0), "discount_days": 0}, goods, self.taxes(), TODAY)
            for line in made.lines:
                self.charged[line["order_line_id"]][0] += line["qty"]
                self.charged[line["order_line_id"]][1] += line["amount"]
                self.carried |= line["charge_code"] == "FREIGHT"
            for group in made.groups:
                self.taxed[group.category, group.rate_pct][0] += group.taxable
                self.taxed[group.category, group.rate_pct][1] += group.tax
                exact = group.taxable * group.rate_pct / 100
                assert abs(group.tax - exact) < D(1).scaleb(-decimals_of(self.currency)), "less than the smallest coin from its own share"
            assert len({outside_vat(group.category) for group in made.groups}) == 1
            assert made.totals["gross_total"] == sum(line["amount"] for line in made.lines) + sum(group.tax for group in made.groups)
            self.gross += made.totals["gross_total"]

    def source(self, line_id, qty):
        line = self.lines[line_id]
        before = self.charged[line_id]
        return {
            "order_line_id": line_id, "qty": qty, "qty_ordered": line["qty"], "line_worth": line["worth"], "unit_net": line["price"],
            "qty_before": before[0], "amount_before": before[1], "tax_category": line["category"], "tax_rate_pct": line["rate"],
            "shipment_line_id": 1, "fulfil_line_id": 1, "sku": "X", "description": "X", "uom": "EA",
        }  # fmt: skip

    def taxes(self):
        worth = defaultdict(D)
        for line in self.lines.values():
            worth[line["category"], line["rate"]] += line["worth"]
        return order_taxes(
            [
                {
                    "category": category,
                    "rate_pct": rate,
                    "worth": sum_,
                    **dict(zip(("taxable_before", "tax_before"), self.before(category, rate), strict=True)),
                }
                for (category, rate), sum_ in worth.items()
            ]
        )

    def before(self, category, rate):
        return self.taxed[category, rate.normalize()]


@given(orders())
def test_the_invoices_of_an_order_come_to_its_gross_however_it_is_shipped(order):
    currency, lines, freight, cuts = order
    priced = tax_groups([(line["category"], line["rate"], line["worth"]) for line in lines], freight=freight, currency=currency)
    gross = sum(line["worth"] for line in lines) + freight + sum(group.tax for group in priced)
    books = Books(currency, lines, freight)
    for parts in shipments(lines, cuts):
        if parts:
            books.bill(parts)
    assert books.gross == gross
    assert {line_id: amount for line_id, (_, amount) in books.charged.items() if line_id} == {line["id"]: line["worth"] for line in lines}
    assert books.carried == bool(freight)
