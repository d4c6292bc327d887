"""One order by X12 from 850 to 820 and one by EDIFACT from ORDERS to INVOIC, through the real diagrams; a partner's program reads along."""

from contextlib import suppress
from decimal import Decimal

import pytest
from mockedi import edifact as theirs_edifact
from mockedi import x12 as theirs_x12
from mockedi.validate import validate

from api.demo.bank import Payment, statement_of
from engine.problems import Conflict
from handlers.edi.reading import read_file
from handlers.fulfillment.commands import release_group
from handlers.receivables.bank_files import take_in_file
from tests.integration.at_work import do, say, settle
from tests.unit.edi.interchanges import ORDER_850, ORDERS, edifact, x12

D = Decimal
#: What the directories of D96A and 004010 have and the partner's program, which knows their core, does not: marks of packages, weights,
#: taxes and counts; VAT numbers, the day a payment is due, the day a delivery is promised, the taxable amount, the number of a change, and
#: whether an order is accepted.
NOT_IN_ITS_CORE = {
    *("MAN", "MEA", "PCI", "GIN", "CNT", "TAX"),
    *(("RFF", "VA"), ("RFF", "PP"), ("DTM", "13"), ("DTM", "69"), ("MOA", "125"), ("BGM", "27"), ("BGM", "29")),
}
SEGMENTS_IN_ERROR = "5"


@pytest.fixture
def folders():
    return ("edi-order", "order-to-promise", "fulfillment-to-invoice", "invoice-to-receipt")


def written(desk):
    """Every interchange we wrote, by kind: its acknowledgement and papers, in order."""
    rows = desk.rows("""
        SELECT CASE WHEN document.kind = 'EDI_ACKNOWLEDGEMENT' THEN 'ack' ELSE told.kind END, document.content
        FROM document LEFT JOIN edi_interchange AS interchange ON interchange.document_id = document.id AND interchange.direction = 'OUT'
        LEFT JOIN edi_transaction AS told ON told.interchange_id = interchange.id
        WHERE document.media_type LIKE 'application/edi%' ORDER BY document.id
    """)
    return {kind: bytes(content) for kind, content in rows}


def segments(content, *tags):
    """The segments with these tags, as text."""
    mark = "~" if content.startswith(b"ISA") else "'"
    return [each.strip() for each in content.decode("latin-1").split(mark) if each.strip().startswith(tags)]


def go_to_invoice(desk):
    """The warehouse picks and ships what was ordered, before its day; the invoice leaves."""
    ((group_no,),) = desk.rows("SELECT group_no FROM fulfil_group")
    with suppress(Conflict), desk.runtime.database.transaction() as tx:  # its day may be today: then nobody has to release it
        release_group(desk.runtime, tx, group_no, "wanda")
    settle(desk.runtime)
    do(desk.runtime, "Pick", packages=1, weight_kg=D("9.6"))
    do(desk.runtime, "Hand over", handed_over=True)


def test_an_order_goes_by_x12_from_850_to_810(desk):
    desk.send(x12(ORDER_850))
    go_to_invoice(desk)
    made = written(desk)
    assert list(made) == ["ack", "855", "856", "810"]
    assert segments(made["856"], "PRF") == ["PRF*PO-4711***20260302"]
    assert segments(made["856"], "SN1") == ["SN1*10*2*EA"]
    assert segments(made["856"], "LIN")[0].startswith("LIN*10*VP*PUMP-40*BP*C-77")
    (big,) = segments(made["810"], "BIG")
    ((invoice_no, gross, tax),) = desk.rows("SELECT invoice_no, (gross_total * 100)::int, trim_scale(tax_total)::text FROM invoice")
    assert big.endswith(f"*{invoice_no}*20260302*PO-4711")
    assert segments(made["810"], "TDS", "TXI") == [f"TDS*{gross}", f"TXI*VA*{tax}*20"]
    assert adds_up(segments(made["810"], "IT1", "SAC", "TXI"), D(gross) / 100)
    effects = desk.rows("SELECT kind, target FROM effect WHERE target = 'X12 ZZ:COYOTE' ORDER BY kind")
    assert findings_of_a_partner(made) == {}
    assert effects == [(kind, "X12 ZZ:COYOTE") for kind in ("despatch_advice", "edi", "edi", "invoice")]


def adds_up(rows, gross):
    total = D(0)
    for row in (each.split("*") for each in rows):
        if row[0] == "IT1":
            total += round(D(row[2]) * D(row[4]), 2)
        elif row[0] == "TXI":
            total += D(row[2])
        else:
            total += D(row[5]) / 100 * (1 if row[1] == "C" else -1)
    return total == gross


def test_an_order_goes_by_edifact_from_orders_to_invoic(desk):
    desk.send(edifact(ORDERS))
    go_to_invoice(desk)
    made = written(desk)
    assert list(made) == ["ack", "ORDRSP", "DESADV", "INVOIC"]
    assert segments(made["DESADV"], "QTY") == ["QTY+12:2:PCE"]
    assert segments(made["DESADV"], "RFF")[0] == "RFF+ON:PO-4712"
    ((gross, net, tax),) = desk.rows(
        "SELECT to_char(gross_total, 'FM990.00'), to_char(net_total, 'FM990.00'), to_char(tax_total, 'FM990.00') FROM invoice"
    )
    sums = segments(made["INVOIC"], "MOA")
    assert {f"MOA+77:{gross}", f"MOA+79:{net}", f"MOA+124:{tax}"} <= set(sums)
    assert findings_of_a_partner(made) == {}
    for content in made.values():
        ((back,), left) = read_file(content)
        assert (back.findings, left, back.sender) == ([], [], "14:9012345000011")


def findings_of_a_partner(made):
    """What a partner's program, which knows the dictionaries, says of each of our papers."""
    return {kind: told for kind, content in made.items() if (told := verdict(content.decode("latin-1")))}


def verdict(text):
    read = (theirs_x12 if text.startswith("ISA") else theirs_edifact).parse(text)
    report = validate(read)
    found = [each for message in report.messages for each in message.segments]
    unknown = [each.tag for each in found if not each.elements and each.tag not in NOT_IN_ITS_CORE]
    wrong = [(each.tag, told.value, told.note) for each in found for told in each.elements if (each.tag, told.value) not in NOT_IN_ITS_CORE]
    of_sets = [told for message in report.messages for told in message.set_errors if told[0] != SEGMENTS_IN_ERROR]
    return [*unknown, *wrong, *of_sets, *report.envelope_errors, *report.interchange_findings]


def test_an_820_says_which_invoice_a_payment_is_for_and_the_bank_entry_with_its_trace_settles_it(desk):
    desk.send(x12(ORDER_850))
    go_to_invoice(desk)
    ((invoice_no, gross),) = desk.rows("SELECT invoice_no, gross_total FROM invoice")
    remittance = (
        f"BPR*I*{gross:.2f}*C*ACH************20260330~\nTRN*1*99812-A~\nCUR*PR*EUR~\nN1*PR*Coyote~\n"
        f"RMR*IV*{invoice_no}**{gross:.2f}*{gross:.2f}~\nRMR*IV*INV-777777**0~\n"
    )
    desk.send(x12(remittance, control="000000950").replace(b"GS*PO", b"GS*RA").replace(b"ST*850", b"ST*820"))
    do(desk.runtime, "Remittance advice of COYOTE-X12", note="INV-777777 is a typing error")
    assert desk.rows("SELECT named, invoice_no FROM remittance_line ORDER BY position") == [(invoice_no, invoice_no), ("INV-777777", None)]
    with desk.runtime.database.transaction() as tx:
        (statement_no,) = take_in_file(tx, statement_of("S-820", [Payment("TRACE 99812-a", gross, "EUR", payer="Somebody")])).statement_nos
    say(desk.runtime, "statement.received", statement_no, statement_no=statement_no)
    assert desk.rows("SELECT open_amount::int FROM open_item WHERE document_no = :no", no=invoice_no) == [(0,)]
    assert desk.rows("SELECT state, number FROM edi_transaction WHERE kind = '820'") == [("DONE", "99812-A")]
