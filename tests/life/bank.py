"""A bank that sends camt.053 statements of whatever happens on an account; its balances always add up."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

ACCOUNT = "AT611904300234573201"
CENT = Decimal("0.01")
#: Money in or out, how much, what is written on it, and whether it takes an earlier entry back.
Entry = tuple[str, Decimal, str, bool]


@dataclass
class Bank:
    """Our account at the bank. It tells each thing once, whatever we do with the statement."""

    chance: Random
    balance: Decimal = Decimal(0)
    statements: int = 0
    paid: list[tuple[str, Decimal]] = field(default_factory=list)
    #: Every statement as it was sent, by its number.
    sent: dict[str, bytes] = field(default_factory=dict)
    #: The numbers of those that were garbled on their way.
    damaged: set[str] = field(default_factory=set)

    def statement(self, day: date, open_items: list[Any], orders_to_pay: list[Any]) -> bytes:
        """The statement of a day: customers pay their open items, and we what we told the bank to pay."""
        self.statements += 1
        entries = [self._payment(item) for item in open_items if self.chance.random() < 0.4]
        entries += [("DBIT", item["amount"], f"payment {item['number']}", False) for item in orders_to_pay if self.chance.random() < 0.5]
        if self.chance.random() < 0.4:
            text = self.chance.choice(["thanks", "", "INV-9"])
            entries.append(("CRDT", Decimal(self.chance.randint(100, 90000)) / 100, text, False))
        if self.chance.random() < 0.4:
            entries.append(("DBIT", Decimal("12.50"), "account fee", False))
        if self.paid and self.chance.random() < 0.3:
            text, amount = self.paid.pop(self.chance.randrange(len(self.paid)))
            entries.append(("DBIT", amount, f"RETURN {text}", True))
        opening = self.balance
        self.balance += sum((amount if side == "CRDT" else -amount for side, amount, _, _ in entries), Decimal(0))
        number = f"S{self.statements}"
        self.sent[number] = camt(number, day, (opening, self.balance), entries, self._reference)
        return self.sent[number]

    def _payment(self, item: Any) -> Entry:
        change = self.chance.choice([0, 0, 0, -item["discount_amount"], Decimal("-1.23"), Decimal("4.56"), -item["open_amount"] / 2])
        amount = max(CENT, (item["open_amount"] + change).quantize(CENT))
        text = item["document_no"] if self.chance.random() < 0.8 else item["document_no"][:-1]
        self.paid.append((item["document_no"], amount))
        return "CRDT", amount, f"invoice {text}", False

    def _reference(self) -> str:
        return self.chance.choice(["NONREF", "1", f"B{self.statements}-{self.chance.randint(1, 99)}"])


def camt(number: str, day: date, balances: tuple[Decimal, Decimal], entries: list[Entry], reference: Any = lambda: "NONREF") -> bytes:
    """A camt.053 file with one statement of our account, from the opening to the closing balance."""
    told = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{'CRDT' if amount >= 0 else 'DBIT'}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, amount in zip(("OPBD", "CLBD"), balances, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr>'
        f"<MsgId>{number}</MsgId><CreDtTm>{day}T18:00:00</CreDtTm></GrpHdr><Stmt><Id>{number}</Id><CreDtTm>{day}T18:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id><Ccy>EUR</Ccy></Acct>{told}"
        f"{''.join(_entry(each, day, reference()) for each in entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def damaged(content: bytes) -> bytes:
    """A statement whose closing balance was garbled on its way."""
    before, closing = content.split(b"<Cd>CLBD</Cd></CdOrPrtry></Tp>", 1)
    return before + b"<Cd>CLBD</Cd></CdOrPrtry></Tp>" + closing.replace(b'<Amt Ccy="EUR">', b'<Amt Ccy="EUR">7', 1)


def _entry(entry: Entry, day: date, reference: str) -> str:
    side, amount, words, returned = entry
    party = "Dbtr" if side == "CRDT" else "Cdtr"
    reversal = "<RvslInd>true</RvslInd>" if returned else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{reversal}<Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{reference}</AcctSvcrRef><NtryDtls><TxDtls><RltdPties>"
        f"<{party}><Pty><Nm>Payer</Nm></Pty></{party}></RltdPties><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
