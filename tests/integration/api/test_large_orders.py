"""An order of many lines costs as many statements as one of few, by whichever door it comes, also where its items are unknown."""

import html
import re
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from api.content import deploy_content
from tests.integration.edi.conftest import add_coyote
from tests.unit.api.test_ubl_order import ORDER as UBL
from tests.unit.edi.interchanges import ORDER_850, x12

COUNTRY = "<cac:PostalAddress><cac:Country><cbc:IdentificationCode>NO</cbc:IdentificationCode></cac:Country></cac:PostalAddress>"
NUMBER = "<cac:SellersItemIdentification><cbc:ID>{}</cbc:ID></cac:SellersItemIdentification>"
FEW, MANY = 3, 40


@contextmanager
def statements(installation):
    sent = []

    def note(*given):
        sent.append(given[2])

    event.listen(installation.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(installation.database.engine, "before_cursor_execute", note)


def json_order(tom, number, lines):
    each = {"sku": "PUMP-40", "quantity": "1"}
    return tom.post("/api/v1/orders", json={"customer_no": "C-1001", "customer_po": f"PO-{number}", "lines": [each] * lines})


def ubl_order(tom, number, lines):
    order = UBL.format(quantity="3").replace("PO-77", f"PO-{number}").replace("</cac:PartyName>", f"</cac:PartyName>{COUNTRY}")
    head, _, rest = order.partition("<cac:OrderLine>")
    body, _, tail = rest.partition("</cac:OrderLine>")
    told = (
        f"<cac:OrderLine>{body}</cac:OrderLine>".replace("<cbc:ID>1<", f"<cbc:ID>{line}<").replace(
            "</cac:Item>", f"{NUMBER.format(f'NEW-{number}-{line}')}</cac:Item>"
        )
        for line in range(1, lines + 1)
    )
    data = f"{head}{''.join(told)}{tail}".encode()
    return tom.post("/api/v1/intake/ubl-orders?create_missing=true", data=data, content_type="application/xml")


def x12_order(tom, number, lines):
    head, _, rest = ORDER_850.replace("PO-4711", f"PO-{number}").partition("PO1*10*")
    line = rest.partition("CTT")[0]
    body = head + "".join(f"PO1*{place}*{line}" for place in range(1, lines + 1)) + f"CTT*{lines}~\n"
    return tom.post("/api/v1/intake/edi", data=x12(body, control=f"{number:09}"), content_type="application/edi-x12")


@pytest.mark.parametrize("send", [json_order, ubl_order, x12_order])
def test_an_order_costs_the_same_statements_whatever_the_number_of_its_lines(send, signed_in, installation):
    deploy_content(installation, actor="test")
    with installation.database.transaction() as tx:
        add_coyote(tx)
    tom = signed_in("tom")
    send(tom, 1, FEW)  # what is read once in a process is read
    counted = []
    for number, lines in ((2, FEW), (3, MANY)):
        with statements(installation) as sent:
            assert send(tom, number, lines).status_code in {201, 202}
        counted.append(len(sent))
    # Another outcome, such as goods that are short, may cost a few; a line costs none.
    assert counted[1] - counted[0] < (MANY - FEW) // 4


def test_the_page_of_a_large_order_shows_a_hundred_lines_and_leads_to_the_next(signed_in, installation):
    deploy_content(installation, actor="test")
    tom = signed_in("tom")
    order_no = json_order(tom, 7, 250).json["order_no"]
    shown, address = [], f"/orders/{order_no}"
    while address:
        page = tom.get(address).text
        assert len(page) < 300_000, "a page that a browser shows in time"
        shown.append([int(number) for number in re.findall(r'data-label="Line">(\d+)<', page)])
        following = re.search(r'rel="next" href="([^"]+)"', page)
        address = html.unescape(following[1]) if following else ""
    assert [len(lines) for lines in shown] == [100, 100, 50]
    assert [number for lines in shown for number in lines] == list(range(1, 251))
    assert tom.get(f"/orders/{order_no}?cursor=moon").status_code == 400
