"""Builds camt.053 files for tests."""

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


@dataclass(frozen=True)
class Credit:
    amount: str
    text: str = ""
    ref: str = ""
    name: str = ""
    iban: str = ""
    structured: str = ""
    day: str = "2026-03-18"
    currency: str = "EUR"
    direction: str = "CRDT"
    status: str = "<Sts>BOOK</Sts>"


def entry(credit: Credit) -> str:
    structured = f"<Strd><CdtrRefInf><Ref>{credit.structured}</Ref></CdtrRefInf></Strd>" if credit.structured else ""
    reference = f"<AcctSvcrRef>{credit.ref}</AcctSvcrRef>" if credit.ref else ""
    return f"""<Ntry><Amt Ccy="{credit.currency}">{credit.amount}</Amt><CdtDbtInd>{credit.direction}</CdtDbtInd>{credit.status}
    <BookgDt><Dt>{credit.day}</Dt></BookgDt><ValDt><Dt>{credit.day}</Dt></ValDt>{reference}
    <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>{credit.name}</Nm></Dbtr><DbtrAcct><Id><IBAN>{credit.iban}</IBAN></Id></DbtrAcct></RltdPties>
    <RmtInf><Ustrd>{credit.text}</Ustrd>{structured}</RmtInf></TxDtls></NtryDtls></Ntry>"""


def balance(code: str, amount: str, day: str, currency: str = "EUR") -> str:
    return f"""<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
    <Dt><Dt>{day}</Dt></Dt></Bal>"""


def camt053(entries: Sequence[Credit], *, closing: str, opening: str = "1000.00", statement: str = "STMT-077", version: int = 8) -> bytes:
    return f"""{HEAD}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.0{version}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt>
<Id>{statement}</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>
{balance("OPBD", opening, "2026-03-17")}{balance("CLBD", closing, "2026-03-18")}
{"".join(entry(each) for each in entries)}</Stmt></BkToCstmrStmt></Document>""".encode()
