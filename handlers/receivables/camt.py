"""Reads bank statements in ISO 20022 camt.053, versions 2 to 8, by local names, so that the version's namespace does not matter.

The file comes from outside: size and number of entries are capped, document types, entities and the network are refused.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256

from lxml import etree

from engine.hardened_xml import XmlLimits, parse_xml
from engine.problems import Invalid, TooLarge

_LIMITS = XmlLimits(max_bytes=20_000_000, max_elements=2_000_000)
#: The most entries taken from one statement.
MOST_ENTRIES = 50_000
_AMOUNT = re.compile(r"\d{1,14}(\.\d{1,5})?")
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
    remittance: str
    reversal: bool


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


def read_camt053(content: bytes) -> Statement:
    """Read one statement. Raises TooLarge or Invalid with what to do; never anything else."""
    root = parse_xml(content, "bank statement", _LIMITS)
    kinds = {_name(child) for child in root}
    if "BkToCstmrStmt" not in kinds:
        found = ", ".join(sorted(kinds)) or _name(root)
        raise Invalid(f"The file is no bank statement: it holds {found[:80]}.", code="statement_kind", next_step=_ASK_BANK)
    statements = _all(root, "BkToCstmrStmt/Stmt")
    if len(statements) != 1:
        raise Invalid(
            f"The file holds {len(statements)} statements; one is taken at a time.",
            code="statement_count",
            next_step="Send one file for each account and day.",
        )
    return _statement(statements[0])


def _statement(element: etree._Element) -> Statement:
    account = _text(element, "Acct/Id/IBAN") or _text(element, "Acct/Id/Othr/Id")
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
    entries = tuple(_entries(element, bank_ref))
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
    for entry in entries:
        if entry.currency != currency:
            yield f"Entry {entry.bank_ref} is in {entry.currency}, the account in {currency}."
    booked = sum((entry.amount for entry in entries), Decimal(0))
    if booked != change:
        yield f"The balances differ by {change} {currency}, the entries add up to {booked} {currency}."


def _entries(statement: etree._Element, statement_ref: str) -> Iterator[BankEntry]:
    elements = _all(statement, "Ntry")
    if len(elements) > MOST_ENTRIES:
        raise TooLarge(
            f"The statement has {len(elements)} entries; at most {MOST_ENTRIES} are taken.",
            code="statement_too_large",
            next_step="Ask the bank for shorter statements.",
        )
    seen: Counter[str] = Counter()
    for element in elements:
        status = _text(element, "Sts/Cd") or _text(element, "Sts")
        if status in {"BOOK", ""}:
            for entry in _parts(element, statement_ref):
                seen[entry.bank_ref] += 1
                again = seen[entry.bank_ref]
                yield entry if again == 1 else _renamed(entry, f"{entry.bank_ref}#{again}")


def _parts(entry: etree._Element, statement_ref: str) -> list[BankEntry]:
    """One bank entry for each transaction of a batch where their amounts are given and add up, else one for the whole."""
    amount, currency = _signed(entry)
    details = _all(entry, "NtryDtls/TxDtls")
    own = [_amount_of(detail) for detail in details]
    if len(details) > 1 and all(own) and sum(part for part, _ in own) == abs(amount) and {code for _, code in own} == {currency}:
        sign = 1 if amount > 0 else -1
        return [
            _entry(entry, [detail], (sign * part, currency), f"{_reference(entry, statement_ref)}/{number}")
            for number, (detail, (part, _)) in enumerate(zip(details, own, strict=True), start=1)
        ]
    return [_entry(entry, details, (amount, currency), _reference(entry, statement_ref))]


def _entry(entry: etree._Element, details: Sequence[etree._Element], money: tuple[Decimal, str], bank_ref: str) -> BankEntry:
    amount, currency = money
    party = "Dbtr" if amount > 0 else "Cdtr"
    booked_on = _day(entry, "BookgDt")
    references = [
        _text(element, "")
        for detail in details
        for path in ("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb", "Refs/EndToEndId")
        for element in _all(detail, path)
    ]
    remittance = " ".join(_text(element, "") for detail in details for element in _all(detail, "RmtInf/Ustrd"))
    payer_name = _first(details, f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
    payer_iban = _first(details, f"RltdPties/{party}Acct/Id/IBAN", f"RltdPties/{party}Acct/Id/Othr/Id")
    if not bank_ref:
        parts = (str(booked_on), str(amount), currency, payer_name, payer_iban, remittance, *references)
        bank_ref = "sha256:" + sha256("\x1f".join(parts).encode()).hexdigest()[:32]
    return BankEntry(
        bank_ref=bank_ref,
        amount=amount,
        currency=currency,
        booked_on=booked_on,
        value_on=_day(entry, "ValDt", default=booked_on),
        payer_name=payer_name,
        payer_iban=payer_iban.replace(" ", ""),
        structured_refs=tuple(reference for reference in references if reference and reference != "NOTPROVIDED"),
        remittance=remittance or _text(entry, "AddtlNtryInf"),
        reversal=_text(entry, "RvslInd").lower() in {"true", "1"},
    )


def _renamed(entry: BankEntry, bank_ref: str) -> BankEntry:
    values = {name: getattr(entry, name) for name in BankEntry.__slots__} | {"bank_ref": bank_ref}
    return BankEntry(**values)


def _reference(entry: etree._Element, statement_ref: str) -> str:
    own = _text(entry, "AcctSvcrRef")
    numbered = _text(entry, "NtryRef")
    return own or (f"{statement_ref}/{numbered}" if numbered else "")


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
    text = _text(element, "")
    currency = element.get("Ccy", "")
    if not _AMOUNT.fullmatch(text) or not _CURRENCY.fullmatch(currency):
        raise Invalid(
            f"{text[:40]!r} {currency[:10]!r} is no amount: a statement gives plain amounts without a sign, with a currency.",
            code="statement_amount",
            next_step=_ASK_BANK,
        )
    return Decimal(text), currency


def _day(element: etree._Element, path: str, *, default: date | None = None) -> date:
    text = _text(element, f"{path}/Dt") or _text(element, f"{path}/DtTm")
    if not text and default is not None:
        return default
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Invalid(f"{text[:40]!r} is no date.", code="statement_date", next_step=_ASK_BANK) from None


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
