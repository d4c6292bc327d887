"""Reads bank statements in ISO 20022 camt.053, versions 2 to 8, by local names, so that the version's namespace does not matter.

The file comes from outside: size and number of entries are capped, document types, entities and the network are refused.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lxml import etree

from engine.hardened_xml import XmlLimits, parse_xml
from engine.problems import Invalid, TooLarge
from handlers.identifiers import day, folded

_LIMITS = XmlLimits(max_bytes=20_000_000, max_elements=2_000_000)
#: The most entries taken from one statement, and the most statements from one file.
MOST_ENTRIES = 50_000
MOST_STATEMENTS = 100
#: What xs:decimal may be written with; ISO 20022 forbids amounts below zero, and we keep four decimals of 18 digits.
_DECIMAL = frozenset("0123456789.+-")
_MOST = Decimal(10) ** 14
_DECIMALS = 4
#: What banks write where they have no reference.
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NOTAVAILABLE", "NOTPROVIDEDNOTPROVIDED"})
_CURRENCY = re.compile(r"[A-Z]{3}")
_ASK_BANK = "Ask the bank for the statement as camt.053 (versions 2 to 8), or export it again."


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One booked movement; money in is positive."""

    bank_ref: str
    amount: Decimal
    currency: str
    booked_on: date
    value_on: date
    payer_name: str
    payer_iban: str
    structured_refs: tuple[str, ...]
    #: What the payer wrote, line by line as the bank broke it.
    remittance: str
    reversal: bool
    #: The bank's code of the transaction: domain, family and sub-family (ISO 20022 external codes), or its own.
    transaction_code: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement. `faults` says in words why it cannot be trusted; none means that it balances."""

    account: str
    bank_ref: str
    currency: str
    opening: Decimal
    closing: Decimal
    opened_on: date
    closed_on: date
    entries: tuple[BankEntry, ...]
    faults: tuple[str, ...]


def read_camt053(content: bytes) -> tuple[Statement, ...]:
    """Read every statement of a file. Raises TooLarge or Invalid with what to do; never anything else."""
    root = parse_xml(content, "bank statement", _LIMITS)
    kinds = {_name(child) for child in root}
    if "BkToCstmrStmt" not in kinds:
        found = ", ".join(sorted(kinds)) or _name(root)
        raise Invalid(f"The file is no bank statement: it holds {found[:80]}.", code="statement_kind", next_step=_ASK_BANK)
    statements = _all(root, "BkToCstmrStmt/Stmt")
    if not statements:
        raise Invalid("The file holds no statement.", code="statement_count", next_step=_ASK_BANK)
    if len(statements) > MOST_STATEMENTS:
        raise TooLarge(
            f"The file holds {len(statements)} statements; at most {MOST_STATEMENTS} are taken.",
            code="statement_too_large",
            next_step="Split it into several files.",
        )
    return tuple(_statement(each) for each in statements)


def _statement(element: etree._Element) -> Statement:
    account = folded(_text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id"))
    if not account:
        raise Invalid("The statement names no account.", code="statement_account", next_step=_ASK_BANK)
    balances = {_text(balance, "Tp/CdOrPrtry/Cd"): balance for balance in reversed(_all(element, "Bal"))}
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if opening is None or closing is None:
        raise Invalid("The statement has no opening or no closing balance.", code="statement_balances", next_step=_ASK_BANK)
    opening_amount, opening_currency = _signed(opening)
    closing_amount, closing_currency = _signed(closing)
    currency = _text(element, "Acct/Ccy") or opening_currency
    bank_ref = _text(element, "Id") or _text(element, "LglSeqNb")
    entries = tuple(_entries(element))
    totals = {"opening balance": opening_currency, "closing balance": closing_currency}
    return Statement(
        account=account,
        bank_ref=bank_ref,
        currency=currency,
        opening=opening_amount,
        closing=closing_amount,
        opened_on=_day(opening, "Dt"),
        closed_on=_day(closing, "Dt"),
        entries=entries,
        faults=tuple(_faults(currency, totals, entries, closing_amount - opening_amount)),
    )


def _faults(currency: str, totals: dict[str, str], entries: Sequence[BankEntry], change: Decimal) -> Iterator[str]:
    for what, found in totals.items():
        if found != currency:
            yield f"The {what} is in {found}, the account in {currency}."
    for position, entry in enumerate(entries, start=1):
        if entry.currency != currency:
            yield f"Entry {position} is in {entry.currency}, the account in {currency}."
    booked = sum((entry.amount for entry in entries), Decimal(0))
    if booked != change:
        yield f"The balances differ by {change} {currency}, the entries add up to {booked} {currency}."


def _entries(statement: etree._Element) -> Iterator[BankEntry]:
    elements = _all(statement, "Ntry")
    if len(elements) > MOST_ENTRIES:
        raise TooLarge(
            f"The statement has {len(elements)} entries; at most {MOST_ENTRIES} are taken.",
            code="statement_too_large",
            next_step="Ask the bank for shorter statements.",
        )
    for element in elements:
        status = _text(element, "Sts/Cd") or _text(element, "Sts")
        if status in {"BOOK", ""}:
            yield from _parts(element)


def _parts(entry: etree._Element) -> list[BankEntry]:
    """One bank entry for each transaction of a batch where their amounts are given and add up, else one for the whole."""
    amount, currency = _signed(entry)
    details = _all(entry, "NtryDtls/TxDtls")
    own = [_amount_of(detail) for detail in details]
    if len(details) > 1 and all(own) and sum(part for part, _ in own) == abs(amount) and {code for _, code in own} == {currency}:
        sign = 1 if amount > 0 else -1
        return [_entry(entry, [detail], (sign * part, currency)) for detail, (part, _) in zip(details, own, strict=True)]
    return [_entry(entry, details, (amount, currency))]


def _entry(entry: etree._Element, details: Sequence[etree._Element], money: tuple[Decimal, str]) -> BankEntry:
    amount, currency = money
    reversal = _text(entry, "RvslInd").lower() in {"true", "1"}
    # Who stands on the other side; in a reversal the parties keep the parts they had in what is reversed.
    parties = ("Dbtr", "Cdtr") if (amount > 0) != reversal else ("Cdtr", "Dbtr")
    booked_on = _day(entry, "BookgDt")
    references = [
        _text(element, "")
        for detail in details
        for path in ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb", "Refs/EndToEndId")
        for element in _all(detail, path)
    ]
    remittance = "\n".join(_text(element, "") for detail in details for element in _all(detail, "RmtInf/Ustrd"))
    return BankEntry(
        bank_ref=_text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"),
        amount=amount,
        currency=currency,
        booked_on=booked_on,
        value_on=_day(entry, "ValDt", default=booked_on),
        payer_name=_first(details, *(path for party in parties for path in (f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm"))),
        payer_iban=folded(_first(details, *(path for party in parties for path in _account_of(party)))),
        structured_refs=tuple(reference for reference in references if is_reference(reference)),
        remittance=remittance or _text(entry, "AddtlNtryInf"),
        reversal=reversal,
        transaction_code=_transaction_code([*details, entry]),
    )


def _account_of(party: str) -> tuple[str, str]:
    return f"RltdPties/{party}Acct/Id/IBAN", f"RltdPties/{party}Acct/Id/Othr/Id"


def _transaction_code(elements: Sequence[etree._Element]) -> str:
    """The most exact code there is: of the transaction, else of the entry; the bank's own where it gives none of ISO's."""
    codes = (
        "/".join((_text(each, "BkTxCd/Domn/Cd"), _text(each, "BkTxCd/Domn/Fmly/Cd"), _text(each, "BkTxCd/Domn/Fmly/SubFmlyCd")))
        for each in elements
    )
    return next((code for code in codes if code.strip("/")), "") or _first(elements, "BkTxCd/Prtry/Cd")


def is_reference(text: str) -> bool:
    """Whether a reference says anything: banks write NONREF or NOTPROVIDED where they have none."""
    return bool(text) and folded(text).replace("-", "") not in _NO_REFERENCE


def _amount_of(detail: etree._Element) -> tuple[Decimal, str]:
    for path in ("Amt", "AmtDtls/TxAmt/Amt"):
        found = _all(detail, path)
        if found:
            return _money(found[0])
    return Decimal(0), ""


def _signed(element: etree._Element) -> tuple[Decimal, str]:
    found = _all(element, "Amt")
    direction = _text(element, "CdtDbtInd")
    if not found or direction not in {"CRDT", "DBIT"}:
        raise Invalid("An amount or its direction (CRDT or DBIT) is missing.", code="statement_amount", next_step=_ASK_BANK)
    amount, currency = _money(found[0])
    return (amount if direction == "CRDT" else -amount), currency


def _money(element: etree._Element) -> tuple[Decimal, str]:
    """An amount as its schema types it (xs:decimal, at least 0): leading zeros and a plus sign change nothing."""
    text = _text(element, "")
    currency = element.get("Ccy", "")
    amount = _decimal(text)
    if amount is None or not 0 <= amount < _MOST or amount != round(amount, _DECIMALS) or not _CURRENCY.fullmatch(currency):
        raise Invalid(
            f"{text[:40]!r} {currency[:10]!r} is no amount: a statement gives plain amounts of at most {_DECIMALS} decimals and 14 digits "
            "before them, without a minus sign, with a currency.",
            code="statement_amount",
            next_step=_ASK_BANK,
        )
    return abs(amount), currency


def _decimal(text: str) -> Decimal | None:
    """The value of an xs:decimal; None when it is none."""
    try:
        return Decimal(text) if text and set(text) <= _DECIMAL else None
    except InvalidOperation:
        return None


def _day(element: etree._Element, path: str, *, default: date | None = None) -> date:
    text = _text(element, f"{path}/Dt") or _text(element, f"{path}/DtTm")
    if not text and default is not None:
        return default
    try:
        return day(date.fromisoformat(text[:10]), path)
    except (ValueError, Invalid):
        raise Invalid(f"{text[:40]!r} is no date of our time.", code="statement_date", next_step=_ASK_BANK) from None


def _first(elements: Sequence[etree._Element], *paths: str) -> str:
    return next((text for element in elements for path in paths if (text := _text(element, path))), "")


def _text(element: etree._Element, path: str) -> str:
    found = _all(element, path) if path else [element]
    return (found[0].text or "").strip()[:1000] if found else ""


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    found = [element]
    for name in path.split("/"):
        found = [child for parent in found for child in parent if _name(child) == name]
    return found


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
