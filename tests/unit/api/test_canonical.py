import pytest

from api.canonical import canonical_body
from api.intake.ubl_order import content_of
from tests.unit.api.test_ubl_order import ORDER

UBL = ORDER.format(quantity="3")
JSON, XML, CSV = "application/json", "application/xml", "text/csv"


@pytest.mark.parametrize(
    ("media_type", "one", "other"),
    [
        (JSON, b'{"sku": "PUMP-40", "qty": 2}', b'{\r\n  "qty": 2,\r\n  "sku": "PUMP-40"\r\n}'),
        (JSON, b'{"qty": 2}', b'{"qty": 2.0}'),
        (JSON, b'{"qty": 2.50}', b'{"qty": 25e-1}'),
        ("application/problem+json", b"[1]", b"[ 1 ]"),
        (XML, b'<a x="1" y="2"><b>Brown sauce</b></a>', b"<a y='2'  x='1'>\r\n  <b>\n Brown\n  sauce </b>\n</a>"),
        (XML, b'<a xmlns="urn:a"><b/></a>', b'<?xml version="1.0"?><!-- again --><n:a xmlns:n="urn:a"><n:b></n:b></n:a>'),
        (XML, "<a>Grün</a>".encode(), '<?xml version="1.0" encoding="ISO-8859-1"?><a>Grün</a>'.encode("iso-8859-1")),
        (CSV, b'sku,qty\nPUMP-40,2\n"a,b",1\n', b'\xef\xbb\xbf"sku","qty"\r\nPUMP-40,"2"\r\n"a,b",1'),
        ("text/plain", b"01,BANK\n99,1\n", b"01,BANK\r\n99,1"),
    ],
)
def test_another_layout_says_the_same(media_type, one, other):
    assert canonical_body(one, media_type) == canonical_body(other, media_type)


@pytest.mark.parametrize(
    ("media_type", "one", "other"),
    [
        (JSON, b'{"qty": 2}', b'{"qty": "2"}'),
        (JSON, b'{"qty": 2}', b'{"qty": 2.01}'),
        (JSON, b'{"qty": 1e999999}', b'{"qty": 1e999998}'),
        (JSON, b"[1, 2]", b"[2, 1]"),
        (JSON, b"{", b"{ "),
        (XML, b"<a>1</a>", b"<a>2</a>"),
        (XML, b'<a xmlns="urn:a"/>', b'<a xmlns="urn:b"/>'),
        (XML, b"<a><b/><c/></a>", b"<a><c/><b/></a>"),
        (XML, b"<a", b"<a "),
        (CSV, b"a,b\n1,2\n", b"a,b\n2,1\n"),
        (CSV, b"ab,c\n", b"a,bc\n"),
        (CSV, b'"a', b'"a '),
        ("application/octet-stream", b"a", b"a "),
    ],
)
def test_another_content_is_another(media_type, one, other):
    assert canonical_body(one, media_type) != canonical_body(other, media_type)


def test_an_order_sent_again_as_a_copy_by_another_clerk_is_the_same_order():
    again = (
        UBL.replace("<cbc:ID>PO-77", "<cbc:CopyIndicator>true</cbc:CopyIndicator><cbc:UUID>7</cbc:UUID><cbc:ID>PO-77")
        .replace("</cac:Party>", "<cac:Contact><cbc:Name>Ola</cbc:Name></cac:Contact></cac:Party>")
        .replace("\n", "\r\n    ")
    )
    assert content_of(again.encode()) == content_of(UBL.encode())


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('<cbc:Quantity unitCode="NAR">3<', '<cbc:Quantity unitCode="NAR">4<'),
        ('unitCode="NAR">3<', 'unitCode="KGM">3<'),
        ("<cbc:ID>PO-77</cbc:ID>", "<cbc:ID>PO-77</cbc:ID><cbc:Note>To the back door</cbc:Note>"),
        ("Brown sauce", "Brownsauce"),
    ],
)
def test_an_order_that_says_something_else_is_another_even_where_we_do_not_read_it(said, instead):
    assert said in UBL
    assert content_of(UBL.replace(said, instead, 1).encode()) != content_of(UBL.encode())
