"""Builds camt.053 files for tests."""

from collections.abc import Sequence
from dataclasses import dataclass

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
OURS = "DE89370400440532013000"


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
    reversal: bool = False
    #: The sub-family of the bank's transaction code, such as CHRG.
    code: str = ""


def debit(amount: str, text: str = "", **more: object) -> Credit:
    """Money out."""
    return Credit(amount, text, direction="DBIT", **more)


def entry(credit: Credit) -> str:
    structured = f"<Strd><CdtrRefInf><Ref>{credit.structured}</Ref></CdtrRefInf></Strd>" if credit.structured else ""
    reference = f"<AcctSvcrRef>{credit.ref}</AcctSvcrRef>" if credit.ref else ""
    reversal = "<RvslInd>true</RvslInd>" if credit.reversal else ""
    levels = f"<Fmly><Cd>MDOP</Cd><SubFmlyCd>{credit.code}</SubFmlyCd></Fmly>"
    code = f"<BkTxCd><Domn><Cd>PMNT</Cd>{levels}</Domn></BkTxCd>" if credit.code else ""
    written = "".join(f"<Ustrd>{line}</Ustrd>" for line in credit.text.split("\n"))
    return f"""<Ntry><Amt Ccy="{credit.currency}">{credit.amount}</Amt><CdtDbtInd>{credit.direction}</CdtDbtInd>{reversal}{credit.status}
    <BookgDt><Dt>{credit.day}</Dt></BookgDt><ValDt><Dt>{credit.day}</Dt></ValDt>{reference}{code}
    <NtryDtls><TxDtls><RltdPties><Dbtr><Nm>{credit.name}</Nm></Dbtr><DbtrAcct><Id><IBAN>{credit.iban}</IBAN></Id></DbtrAcct></RltdPties>
    <RmtInf>{written}{structured}</RmtInf></TxDtls></NtryDtls></Ntry>"""


def balance(code: str, amount: str, day: str, currency: str = "EUR") -> str:
    side = "DBIT" if amount.startswith("-") else "CRDT"
    return f"""<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt>
    <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"""


def camt053(entries: Sequence[Credit], *, closing: str, opening: str = "1000.00", statement: str = "STMT-077", version: int = 8) -> bytes:
    """A file of one statement of our account."""
    return f"""{HEAD}
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.0{version}"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr><Stmt>
<Id>{statement}</Id><Acct><Id><IBAN>{OURS}</IBAN></Id><Ccy>EUR</Ccy></Acct>
{balance("OPBD", opening, "2026-03-17")}{balance("CLBD", closing, "2026-03-18")}
{"".join(entry(each) for each in entries)}</Stmt></BkToCstmrStmt></Document>""".encode()
