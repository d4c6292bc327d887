"""What the bank says, and what receivables do with it."""

from datetime import timedelta

from tests.life.bank import damaged
from tests.life.customers import CUSTOMERS
from tests.life.world import World

_OWED = """
SELECT document_no, open_amount, discount_amount FROM open_item WHERE kind = 'AR' AND open_amount > 0 ORDER BY document_no DESC LIMIT 12
"""
#: Money that nobody has found a use for yet.
_FREE = """
SELECT receipt_no FROM receipt
WHERE reversed_at IS NULL AND amount > written_off
  + coalesce((SELECT sum(cash) FROM application WHERE application.receipt_no = receipt.receipt_no AND unapplied_at IS NULL), 0)
ORDER BY receipt_no DESC LIMIT 12
"""
#: With how many statements of the same number were refused before: the bank has sent it whole since.
_UNBALANCED = """
SELECT user_task.id, statement.bank_ref,
  (SELECT count(*) FROM bank_statement AS before WHERE before.bank_ref = statement.bank_ref AND before.refused_at IS NOT NULL) AS refused
FROM user_task JOIN instance ON instance.id = user_task.instance_id
JOIN bank_statement AS statement ON statement.statement_no = instance.business_key
WHERE user_task.state = 'open' AND user_task.element_id = 'balance_statement' AND instance.state <> 'suspended'
ORDER BY length(statement.bank_ref), statement.bank_ref, statement.statement_no
"""
#: What we told the bank to pay and it has not shown yet.
_TO_PAY = """
SELECT supplier_invoice_no AS number, paid_amount AS amount FROM supplier_invoice
WHERE paid_at IS NOT NULL AND paid_amount > 0
  AND NOT EXISTS (SELECT FROM bank_line WHERE bank_line.remittance LIKE '%' || supplier_invoice_no || '%')
ORDER BY supplier_invoice_no
"""


def bank_day(world: World) -> None:
    """The bank sends a statement: payments right, short, over or unknown; returns, fees, payments out; sometimes twice, sometimes damaged.

    What we refused comes again as it is: a bank does not change its mind.
    """
    refused = world.rows("SELECT bank_ref FROM bank_statement GROUP BY bank_ref HAVING bool_and(refused_at IS NOT NULL) ORDER BY bank_ref")
    if refused and world.chance.random() < 0.7:
        world.send("statement again", "/statements", world.bank.sent[refused[0]["bank_ref"]])
        return
    content = world.bank.statement(world.today(), world.rows(_OWED), world.rows(_TO_PAY))
    if world.chance.random() < 0.05:
        world.bank.damaged.add(f"S{world.bank.statements}")
        world.send("damaged statement", "/statements", damaged(content))
        return
    for _ in range(2 if world.chance.random() < 0.2 else 1):
        world.send("statement", "/statements", content)


def balance_statement(world: World) -> None:
    """Treasury looks at the oldest statement that does not fit: refuses a damaged one, and reads the others again; mostly."""
    found = world.rows(_UNBALANCED)
    if not found:
        return
    wrong = found[0]["bank_ref"] in world.bank.damaged and found[0]["refused"] == 0
    likely, other = ("refuse", "reread") if wrong else ("reread", "refuse")
    action = likely if world.chance.random() < 0.97 else other
    body = {"data": {"action": action, "reason": "compared with the bank's own page"}, "reason": "tried by chance"}
    world.send("task balance_statement", f"/user-tasks/{found[0]['id']}/complete", body)


def apply_receipt(world: World) -> None:
    """Somebody applies a receipt by hand, keeps it on account or takes it back."""
    likely = world.chance.random() < 0.7
    receipt = world.one(_FREE if likely else "SELECT receipt_no FROM receipt ORDER BY receipt_no DESC LIMIT 12")
    item = world.one(_OWED if likely else "SELECT document_no FROM open_item WHERE kind = 'AR' ORDER BY document_no DESC LIMIT 12")
    if receipt is None:
        return
    path = f"/receipts/{receipt['receipt_no']}"
    act = world.chance.choice(["apply", "apply", "apply", "on account", "reverse"])
    if act == "apply" and item:
        action = world.chance.choice(["PARTIAL", "EARNED_DISCOUNT", "UNEARNED_DISCOUNT", "WRITE_OFF"])
        world.send(f"apply {action.lower()}", f"{path}/applications", {"invoice_no": item["document_no"], "action": action})
    elif act == "on account":
        world.send(act, f"{path}/on-account", {"customer_no": world.chance.choice([None, *CUSTOMERS])})
    else:
        world.send("reverse", f"{path}/reversal", {"reason": "returned by the bank"})


def dispute(world: World) -> None:
    """A customer says why it will not pay something of an invoice, or all of it."""
    item = world.one(_OWED)
    if item:
        reason = world.chance.choice(["PRICE", "QTY_SHORT", "DAMAGE", "PROMO", "FREIGHT", "TAX", "RETURN", "OTHER"])
        amount = world.chance.choice([None, "5.00", "0.01", str(item["open_amount"]), str(item["open_amount"] + 1)])
        body = {"reason": reason, "amount": amount, "description": "not as agreed"}
        world.send("dispute", f"/invoices/{item['document_no']}/disputes", body)


def adjust_invoice(world: World) -> None:
    """Somebody asks for a credit memo or a debit note without goods."""
    found = world.one(_POSTED)
    lines = world.get(f"/invoices/{found['invoice_no']}/adjustable") if found else []
    if lines:
        line = world.chance.choice(lines)
        amount = world.chance.choice(["1.00", "7.35", str(line["left"])])
        asked = {"kind": world.chance.choice(["CM", "CM", "DM"]), "reason": "as agreed by phone"}
        body = asked | {"lines": [{"line_no": line["line_no"], "amount": amount}]}
        world.send("adjust invoice", f"/invoices/{found['invoice_no']}/adjustments", body)


def promise_payment(world: World) -> None:
    """A customer promises to pay by a day."""
    item = world.one(_OWED)
    if item:
        day = world.today() + timedelta(days=world.chance.choice([-2, 3, 10, 40]))
        world.send("promise", f"/invoices/{item['document_no']}/promises", {"promised_on": str(day), "note": "by phone"})


def send_back(world: World) -> None:
    """A customer wants to send goods of an invoice back: some, all, or more than there are left."""
    found = world.one(_POSTED)
    lines = world.get(f"/invoices/{found['invoice_no']}/returnable") if found else []
    if lines:
        line = world.chance.choice(lines)
        qty = world.chance.choice(["1", str(line["left"]), str(line["left"]), "999"])
        reason = world.chance.choice(["DAMAGED", "DEFECTIVE", "WRONG_ITEM", "NOT_ORDERED", "CHANGE_OF_MIND"])
        body = {"invoice_no": found["invoice_no"], "reason": reason, "lines": [{"line_no": line["line_no"], "qty": qty}]}
        world.send("return", "/returns", body)


_POSTED = "SELECT invoice_no FROM invoice WHERE kind = 'INV' AND posted_at IS NOT NULL ORDER BY invoice_no DESC LIMIT 20"
