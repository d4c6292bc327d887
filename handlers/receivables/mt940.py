"""Reads bank statements in SWIFT MT940: the fields by the library `mt-940`, which checks no balance, so that is done here."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from mt940 import models

from engine.problems import Invalid, Problem
from handlers.identifiers import folded
from handlers.receivables.bank_shapes import (
    MOST_STATEMENTS,
    BankEntry,
    Contents,
    Refusal,
    Statement,
    balance_faults,
    check_count,
    is_reference,
    plain_amount,
    plain_day,
)

_ASK_BANK = "Ask the bank for the file again, or for camt.053 (versions 2 to 8)."
_MESSAGE: Final = re.compile(r"^(?=:20:)", re.MULTILINE)
#: What the transaction types of field 61 mean in the external codes of ISO 20022, which the decision `bank-entry` reads.
_ISO: Final = {"CHG": "CHRG", "COM": "COMM", "INT": "INTR", "RTI": "RRTN", "BRF": "CHRG"}
#: Subfields of field 86 as banks in the middle of Europe write them: ?20 to ?29 and ?60 to ?63 what the payer wrote, ?31 and ?32 who it is.
_SUBFIELD: Final = re.compile(r"\?(\d{2})")
_WRITTEN: Final = frozenset({*(str(number) for number in range(20, 30)), *(str(number) for number in range(60, 64))})
#: What banks put before the parts of a SEPA payment.
_TAG: Final = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC)\+")


def read_mt940(text: str) -> Contents:
    """Read every message of a file; one that cannot be read is told, the rest goes on. Raises Invalid, TooLarge when none can."""
    bodies = [part for part in _MESSAGE.split(text.replace("\r\n", "\n")) if part.startswith(":20:")]
    if not bodies or len(bodies) > MOST_STATEMENTS:
        raise Invalid(
            f"The file holds {len(bodies)} statements; 1 to {MOST_STATEMENTS} are taken.", code="statement_count", next_step=_ASK_BANK
        )
    statements, problems, refusals = [], [], []
    for place, body in enumerate(bodies, start=1):
        try:
            statements.append(_statement(body))
        except Problem as problem:
            problems.append(problem)
            refusals.append(Refusal(f"statement {place}", problem.detail, problem.next_step))
    if not statements:
        raise problems[0]
    return Contents("MT940", tuple(statements), refusals=tuple(refusals))


def _statement(body: str) -> Statement:
    found = _parsed(re.split(r"^-\}?|^:20:", body.removeprefix(":20:"), flags=re.MULTILINE)[0])
    opening, closing = (found.data.get(f"final_{name}_balance") or found.data.get(f"intermediate_{name}_balance") for name in _BALANCES)
    account = folded(str(found.data.get("account_identification") or ""))
    if opening is None or closing is None:
        raise Invalid("The statement has no opening (60F) or no closing balance (62F).", code="statement_balances", next_step=_ASK_BANK)
    if not account:
        raise Invalid("The statement names no account.", code="statement_account", next_step=_ASK_BANK)
    currency = str(opening.amount.currency)
    check_count(len(found.transactions))
    entries = tuple(_entry(each.data, currency) for each in found.transactions)
    amounts = [_amount(each.amount) for each in (opening, closing)]
    totals = {"opening balance": currency, "closing balance": str(closing.amount.currency)}
    return Statement(
        account=account,
        bank_ref=str(found.data.get("statement_number") or found.data.get("transaction_reference") or ""),
        currency=currency,
        opening=amounts[0],
        closing=amounts[1],
        opened_on=_day(opening.date),
        closed_on=_day(closing.date),
        entries=entries,
        faults=tuple(balance_faults(currency, totals, entries, amounts[1] - amounts[0])),
    )


_BALANCES: Final = ("opening", "closing")


def _parsed(body: str) -> models.Transactions:
    """What the library reads of one message, field 86 as it came. It raises whatever its patterns stumble over: all of that is caught."""
    transactions = models.Transactions(processors={"post_transaction_details": [], "pre_transaction_details": []})
    try:
        transactions.parse(f":20:{body}")
    except Exception as error:  # noqa: BLE001  # a reader of text from outside: any error of it is the text's
        raise Invalid(f"The statement is no MT940: {str(error)[:120]}.", code="statement_kind", next_step=_ASK_BANK) from None
    return transactions


def _entry(data: Mapping[str, Any], currency: str) -> BankEntry:
    details = dict(_subfields(str(data.get("transaction_details") or "")))
    written = "\n".join(text for number, text in details.items() if number in _WRITTEN) or details.get("", "")
    tags = dict(_tagged(written.replace("\n", "")))
    references = (tags.get("EREF", ""), str(data.get("customer_reference") or ""))
    kind = str(data.get("id") or "")
    booked_on = _day(data.get("guessed_entry_date") or data.get("entry_date") or data.get("date"))
    return BankEntry(
        bank_ref=str(data.get("bank_reference") or ""),
        amount=_amount(data.get("amount")),
        currency=currency,
        booked_on=booked_on,
        value_on=_day(data.get("date")),
        payer_name="".join(details.get(number, "") for number in ("32", "33")).strip(),
        payer_iban=folded(details.get("31", "") or tags.get("IBAN", "")),
        structured_refs=tuple(dict.fromkeys(each for each in references if is_reference(each))),
        remittance=(tags.get("SVWZ") or written or str(data.get("extra_details") or ""))[:1000],
        reversal=str(data.get("status") or "").startswith("R"),
        transaction_code=f"SWIFT/{kind}/{_ISO.get(kind[-3:], '')}" if kind else "",
    )


def _subfields(details: str) -> Iterator[tuple[str, str]]:
    """The numbered parts of field 86, a broken line put together; all of it under no number where the bank numbers nothing."""
    parts = _SUBFIELD.split(details)
    if len(parts) == 1:
        yield "", details
        return
    for number, text in zip(parts[1::2], parts[2::2], strict=True):
        yield number, text.replace("\n", "")


def _tagged(written: str) -> Iterator[tuple[str, str]]:
    parts = _TAG.split(written)
    for tag, text in zip(parts[1::2], parts[2::2], strict=True):
        yield tag, text.strip()


def _amount(found: Any) -> Decimal:
    amount = getattr(found, "amount", None)
    return plain_amount(amount if isinstance(amount, Decimal) else None, str(found))


def _day(found: Any) -> date:
    return plain_day(str(found), date(found.year, found.month, found.day) if isinstance(found, date) else None)
