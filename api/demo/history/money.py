"""What the bank tells over the ninety days: each customer pays in its own way, and our payments go out."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from api.demo.bank import Payment, statement_of
from api.demo.history.house import House, money
from api.demo.history.masters import BUYERS

_HABITS: Final = {buyer["customer_no"]: int(buyer["pays_late"]) for buyer in BUYERS} | {"C-1001": -18, "C-1002": 3, "C-1003": 9}
_FEE: Final = Decimal("12.50")


class Bank:
    """Our account: what it holds follows from what it has told."""

    def __init__(self) -> None:
        self._balance = Decimal(0)

    def tell(self, house: House, day: date) -> None:
        """The statement of a day, unless nothing happened on it."""
        payments = [*_customers_pay(house, day), *_we_pay(house)]
        if day.day == 1 or (day.day <= 3 and day.weekday() == 0):  # noqa: PLR2004  # the first work day of a month
            payments.append(Payment("Account fee", -_FEE, "EUR", payer="Donaubank"))
        if house.happens(0.04):
            amount = money(Decimal(house.chance.randint(4_000, 90_000)) / 100)
            payments.append(
                Payment(house.chance.choice(["thank you", "see e-mail", "invoices October"]), amount, "EUR", payer="Ohne Namen GmbH")
            )
        if payments:
            content = statement_of(f"DB-{day:%Y%m%d}", payments, day=day, opening=self._balance)
            self._balance += sum((payment.amount for payment in payments), Decimal(0))
            house.send("amina", "/statements", content, media_type="application/xml")
            house.work()


def _customers_pay(house: House, day: date) -> list[Payment]:
    return [payment for item in house.rows(_OWED) if (payment := _paid(house, item, day))]


def _paid(house: House, item: Any, day: date) -> Payment | None:
    """Whoever pays within the days of the discount takes it; a few pay a little less, name nothing, or pay a part."""
    habit = _HABITS.get(item["party_no"], 0)
    if day < item["due_date"] + timedelta(days=habit) or not house.happens(0.5):
        return None
    amount, words = item["open_amount"], f"{item['document_no']} {item['name']}"
    early = item["discount_date"] is not None and day <= item["discount_date"] and item["open_amount"] == item["original"]
    if early:
        amount -= item["discount_amount"]
    elif house.happens(0.06):
        amount -= min(amount / 2, house.chance.choice([Decimal("0.90"), Decimal("4.50"), money(amount * Decimal("0.02"))]))
    elif house.happens(0.04):
        amount = money(amount / 2)
    if house.happens(0.05):
        words = house.chance.choice(["Rechnung", "your invoice", item["name"]])
    return Payment(words, money(amount), item["currency"], payer=item["name"], payer_iban=item["iban"] or "")


def _we_pay(house: House) -> list[Payment]:
    """What we told the bank to pay leaves on the next day."""
    return [
        Payment(f"{row['number']} {row['document_no']}", -row["amount"], row["currency"], payer=row["name"])
        for row in house.rows(_TO_PAY)
        if house.happens(0.7)
    ]


_OWED = """
SELECT item.document_no, item.party_no, item.open_amount, item.original, item.currency,
  item.due_date, item.discount_date, item.discount_amount,
  customer.name, (SELECT min(iban) FROM bank_account WHERE bank_account.customer_no = item.party_no) AS iban
FROM open_item AS item JOIN customer ON customer.customer_no = item.party_no
WHERE item.kind = 'AR' AND item.open_amount > 0
  AND NOT EXISTS (SELECT FROM dispute WHERE dispute.invoice_no = item.document_no)
ORDER BY item.document_no
"""
_TO_PAY = """
SELECT bill.supplier_invoice_no AS number, bill.document_no, bill.paid_amount AS amount, bill.currency, supplier.name
FROM supplier_invoice AS bill JOIN purchase_order USING (po_no) JOIN supplier ON supplier.supplier_no = purchase_order.supplier_no
WHERE bill.paid_at IS NOT NULL AND bill.paid_amount > 0
  AND NOT EXISTS (SELECT FROM bank_line WHERE bank_line.remittance LIKE '%' || bill.supplier_invoice_no || '%')
ORDER BY bill.supplier_invoice_no
"""
