from datetime import datetime

import pytest

from handlers.edi.acknowledging import acknowledge, status_of_interchange
from handlers.edi.reading import read_file
from handlers.edi.writing import Envelope, latin
from tests.unit.edi.interchanges import ORDER_850, ORDERS, edifact, x12


def answered(data):
    """The acknowledgement's segments between the envelope's, and the status of the whole."""
    ((interchange,), _) = read_file(data)
    envelope = Envelope(
        syntax=interchange.syntax,
        sender=interchange.receiver,
        receiver=interchange.sender,
        group_sender="BERGWERK",
        group_receiver="COYOTE",
        control_no=7,
        is_test=False,
        version="",
        sent_at=datetime(2026, 3, 2, 12, 6),  # noqa: DTZ001  # as it is written on the paper
    )
    made = acknowledge(interchange, envelope).decode("latin-1")
    (back,), left = read_file(made.encode("latin-1")) if made else ((None,), [])
    assert left == []
    assert back is None or (back.findings == [] and all(not each.rejected for _, each in back.transactions))
    mark = "~" if interchange.syntax == "X12" else "'"
    segments = [each.strip() for each in made.split(mark)]
    service = ("ISA", "GS", "ST", "SE", "GE", "IEA", "UNA", "UNB", "UNH", "UNT", "UNZ")
    return [each for each in segments if each and not each.startswith(service)], status_of_interchange(interchange)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ["AK5*A", "AK9*A*1*1*1"]),
        ("SE*11", "SE*12", ["AK5*R*4", "AK9*R*1*1*0"]),
        ("SE*11*0001", "SE*11*0009", ["AK5*R*3", "AK9*R*1*1*0"]),
        ("SE*11*0001~\n", "", ["AK5*R*2", "AK9*R*1*1*0"]),
        ("ST*850", "ST*899", ["AK5*R*1", "AK9*R*1*1*0"]),
        ("EA*249.00", "EA*dear", ["AK3*PO1*8**8", "AK4*4**6*dear", "AK5*R*5", "AK9*R*1*1*0"]),
        ("*SA*PO-4711", "*SA*", ["AK3*BEG*2**8", "AK4*3**1", "AK5*R*5", "AK9*R*1*1*0"]),
        ("DTM*002*20260309", "DTM*002*20260230", ["AK3*DTM*4**8", "AK4*2**8*20260230", "AK5*E*5", "AK9*E*1*1*1"]),
        ("CUR*BY*EUR", "CUR*BY*EURO", ["AK3*CUR*3**8", "AK4*2**5*EURO", "AK5*E*5", "AK9*E*1*1*1"]),
        ("CUR*BY*EUR", "CUR*BY*EU", ["AK3*CUR*3**8", "AK4*2**4*EU", "AK5*E*5", "AK9*E*1*1*1"]),
        ("CUR*BY", "XYZ*BY", ["AK3*XYZ*3**6", "AK5*E*5", "AK9*E*1*1*1"]),
        ("GE*1*17", "GE*2*17", ["AK5*R", "AK9*R*2*1*0*5"]),
        ("GE*1*17", "GE*1*18", ["AK5*R", "AK9*R*1*1*0*4"]),
        ("GE*1*17~\n", "", ["AK5*R", "AK9*R*1*1*0*3"]),
    ],
)
def test_a_997_says_by_segment_and_element_what_is_wrong(old, new, told):
    data = x12(ORDER_850).replace(old.encode(), new.encode(), 1)
    segments, _ = answered(data)
    kind = "899" if new == "ST*899" else "850"
    assert segments == ["AK1*PO*17", f"AK2*{kind}*0001", *told]


def test_a_997_names_a_segment_that_is_missing():
    segments, _ = answered(x12(ORDER_850.replace("BEG*00*SA*PO-4711**20260302~\n", "")))
    assert segments == ["AK1*PO*17", "AK2*850*0001", "AK3*BEG*10**3", "AK5*R*5", "AK9*R*1*1*0"]


def test_good_sets_of_an_interchange_are_accepted_beside_a_bad_one():
    bad = ORDER_850.replace("PO1*10*2", "PO1*10*two")
    segments, status = answered(x12(ORDER_850, bad, ORDER_850.replace("4711", "4713")))
    assert [each for each in segments if each.startswith(("AK5", "AK9"))] == ["AK5*A", "AK5*R*5", "AK5*A", "AK9*P*3*3*2"]
    assert status == "PARTLY"


@pytest.mark.parametrize(
    ("data", "ta1"),
    [
        (x12(ORDER_850, ack="1"), "TA1*000000907*260302*1205*A*000"),
        (x12(ORDER_850).replace(b"IEA*1*000000907", b"IEA*1*000000908"), "TA1*000000907*260302*1205*R*001"),
        (x12(ORDER_850).replace(b"IEA*1*", b"IEA*7*"), "TA1*000000907*260302*1205*R*021"),
        (x12(ORDER_850).partition(b"IEA")[0], "TA1*000000907*260302*1205*R*023"),
    ],
)
def test_ta1_answers_for_the_interchange_where_asked_or_rejected(data, ta1):
    segments, status = answered(data)
    assert segments[0] == ta1
    assert (len(segments) == 1) is (status == "REJECTED")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("", "", ["UCI+55+9012345000004:14+9012345000011:14+7"]),
        ("UNT+15+1", "UNT+16+1", ["UCI+55+9012345000004:14+9012345000011:14+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4+29+UNT"]),
        ("UNT+15+1", "UNT+15+2", ["UCI+55+9012345000004:14+9012345000011:14+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4+28+UNT"]),
        (
            "QTY+21:2:PCE",
            "QTY+21:two:PCE",
            ["UCI+55+9012345000004:14+9012345000011:14+7", "UCM+1+ORDERS:D:96A:UN:EAN008+4", "UCS+11", "UCD+37+2:2"],
        ),
        (
            "CUX+2:EUR",
            "CUX+2:EURO",
            ["UCI+55+9012345000004:14+9012345000011:14+7", "UCM+1+ORDERS:D:96A:UN:EAN008+7", "UCS+7", "UCD+39+2:2"],
        ),
        ("UNZ+1+55", "UNZ+2+55", ["UCI+55+9012345000004:14+9012345000011:14+4+29+UNZ"]),
        ("UNZ+1+55", "UNZ+1+56", ["UCI+55+9012345000004:14+9012345000011:14+4+28+UNZ"]),
        ("ORDERS:D", "OSTRPT:D", ["UCI+55+9012345000004:14+9012345000011:14+7", "UCM+1+OSTRPT:D:96A:UN:EAN008+4+14"]),
    ],
)
def test_contrl_says_by_segment_and_element_what_is_wrong(old, new, told):
    segments, _ = answered(edifact(ORDERS).replace(old.encode(), new.encode(), 1))
    assert segments == told


def test_nobody_acknowledges_an_acknowledgement():
    ((interchange,), _) = read_file(x12(ORDER_850))
    envelope = Envelope(
        syntax="X12", sender="ZZ:B", receiver="ZZ:A", group_sender="B", group_receiver="A", control_no=7, is_test=False, version="",
        sent_at=datetime(2026, 3, 2, 12, 6),  # noqa: DTZ001
    )  # fmt: skip
    assert answered(acknowledge(interchange, envelope)) == ([], "ACCEPTED")


def test_what_no_set_of_characters_has_is_written_by_its_nearest_letters():
    assert latin("Łódź \u2013 Ωmega™ “x”", ascii_only=True) == 'Lodz - megaTM "x"'
    assert latin("Café Ł\nü") == "Café L ü"
