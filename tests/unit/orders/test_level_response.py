"""What a Peppol Message Level Response says of a paper, and that the rules of its transaction take it."""

from datetime import date
from pathlib import Path

import pytest

from handlers.billing.en16931 import Rules
from handlers.orders.level_response import ACKNOWLEDGED, REJECTED, VIOLATION, WARNING, LevelResponse, LineAnswer, write_level_response

RULES = Path(__file__).parents[4] / "shared" / "data" / "peppol-rules" / "PEPPOLBIS-T71.xslt"


@pytest.mark.parametrize(
    ("code", "description", "line"),
    [
        (ACKNOWLEDGED, "", LineAnswer("/Order/OrderLine[2]", "ANVIL-9 is no item that we know; our order desk sees to it.", WARNING)),
        (REJECTED, "The change cannot be read.", LineAnswer("/OrderChange/OrderLine[1]", "line_no is no line of the order", VIOLATION)),
    ],
)
def test_each_line_is_answered_with_its_place_and_reason(code, description, line):
    response = LevelResponse(
        response_no="MLR-7", issued_on=date(2026, 3, 2), sender="0088:7302347231110", receiver="0088:7300010000001", about="PO-1",
        code=code, description=description, lines=[line],
    )  # fmt: skip
    paper = write_level_response(response)
    assert f"ResponseCode>{code}<".encode() in paper
    assert f"LineID>{line.where}<".encode() in paper
    assert f"StatusReasonCode>{line.reason}<".encode() in paper
    if not RULES.exists():
        pytest.skip("The rules of Peppol are not here (../shared/data/peppol-rules).")
    assert Rules(RULES).findings(paper) == []
