"""How a paper asks to be paid: the amount, our account, and a code that a banking app scans. The same on every paper of the house."""

from collections.abc import Mapping
from decimal import Decimal

from handlers.documents.press import press
from handlers.values import round_currency


def how_to_pay(seller: Mapping[str, str], amount: Decimal, currency: str, reference: str) -> list[tuple[str, str]]:
    """What a payer needs, as (label, value); what we have not said of ourselves is left out."""
    shown = [
        ("Amount", f"{money(amount, currency)} {currency}"),
        ("Reference", reference),
        ("Account", grouped(seller["iban"])),
        ("Bank", " ".join(part for part in (seller["bank_name"], seller["bic"]) if part)),
    ]
    return [(label, value) for label, value in shown if value]


def payment_code(seller: Mapping[str, str], amount: Decimal, currency: str, reference: str) -> list[list[int]]:
    """The modules of a payment QR code (EPC 069-12) for an amount in euros and an account to pay it to; else empty."""
    if currency != "EUR" or not seller["iban"] or amount <= 0:
        return []
    lines = ("BCD", "002", "1", "SCT", seller["bic"], seller["name"][:70], seller["iban"].replace(" ", ""))
    return press.do(modules_of, "\n".join([*lines, f"EUR{amount:.2f}", "", "", reference]))


def modules_of(said: str) -> list[list[int]]:
    """The modules of a QR code, in the process of the press: finding the best of its patterns takes as long as typesetting the paper."""
    import segno

    return [[int(dark) for dark in row] for row in segno.make_qr(said, error="m").matrix]


def money(amount: Decimal, currency: str) -> str:
    """1668 as 1 668.00, with thin spaces that do not break."""
    return f"{round_currency(amount, currency):,f}".replace(",", "\u202f")


def grouped(iban: str) -> str:
    """An account number in groups of four."""
    plain = iban.replace(" ", "")
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))
