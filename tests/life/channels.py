"""What customers send by file: UBL papers, X12 and EDIFACT interchanges, tables of orders. Now and then the same again, or a broken one."""

from datetime import timedelta
from typing import Any

from tests.life.customers import STOCKED
from tests.life.world import World
from tests.unit.edi.interchanges import EDIFACT, MESSAGE, X12

#: Bergmann buys by every channel; this is who it is in its papers.
CUSTOMER, GLN, OURS = "C-1001", "9123450000022", "9123450000015"
_PARTNERS: tuple[dict[str, Any], ...] = (
    {"partner_no": "BERG-X12", "syntax": "X12", "their_qualifier": "ZZ", "their_id": "COYOTE", "our_qualifier": "ZZ", "our_id": "BERGWERK"},
    {
        "partner_no": "BERG-EDIFACT", "syntax": "EDIFACT", "their_qualifier": "14", "their_id": "9012345000004", "our_qualifier": "14",
        "our_id": "9012345000011",
    },
)  # fmt: skip
_LINES_OF = "SELECT line_no, buyer_line_no FROM order_line WHERE order_no = :order_no ORDER BY line_no"
_ORDERED = "SELECT order_no, customer_po FROM sales_order WHERE customer_no = 'C-1001' ORDER BY order_no DESC LIMIT 12"
#: Where each kind of paper is sent.
_UBL = {"Order": "ubl-orders", "OrderChange": "ubl-order-changes", "OrderCancellation": "ubl-order-cancellations"}


def order_by_edi(world: World) -> None:
    """An interchange with one to three orders, by X12 or EDIFACT; one of them may be broken."""
    _meet(world)
    chance = world.chance
    make, envelope = chance.choice([(_order_850, _x12), (_orders, _edifact)])
    bodies = [make(world, number) for number in range(chance.choice([1, 1, 1, 2, 3]))]
    if chance.random() < 0.1:
        bodies[0] = bodies[0].replace("PUMP", "PU?MP", 1).replace("EUR", "XXX", 1)
    _send(world, "edi order", "/intake/edi", envelope(world, "", bodies))


def change_by_edi(world: World) -> None:
    """The buyer wants more, less or nothing of an order, by 860 or ORDCHG, whatever has become of it."""
    _meet(world)
    found = world.one(_ORDERED)
    if found is None:
        return
    chance, po = world.chance, found["customer_po"]
    number, qty, price = _buyer_line(world, found), chance.choice([1, 2, 5, 30]), "249.00"
    if chance.random() < 0.5:
        kind, purpose = chance.choice([("QI", "04"), ("QD", "04"), ("DI", "04"), ("", "01")])
        line = f"POC*{number}*{kind}*{qty}**EA*{price}**VN*PUMP-40~\n" if kind else ""
        body = f"BCH*{purpose}*SA*{po}**{chance.randint(1, 4)}*20260302~\n{line}"
        _send(world, "edi change", "/intake/edi", _x12(world, "860", [body]))
        return
    action = chance.choice(["1", "2", "3"])
    body = (
        f"BGM+230+CH-{world.step}+{chance.choice(['4', '4', '1'])}'\nDTM+137:20260303:102'\nRFF+ON:{po}'\n"
        f"LIN+{number}+{action}+PUMP-40:SA'\nQTY+21:{qty}:PCE'\nUNS+S'\n"
    )
    _send(world, "edi change", "/intake/edi", _edifact(world, "ORDCHG", [body]))


def order_by_ubl(world: World) -> None:
    """A Peppol order, sometimes of an item nobody knows."""
    lines = "".join(_ubl_line(number, world.chance.choice([*STOCKED, *STOCKED, "NO-SUCH"]), world) for number in range(1, 3))
    content = f"<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>{_parties()}{lines}"
    _send_ubl(world, "Order", f"UBL-{world.chance.randint(1, 300)}", content)


def change_by_ubl(world: World) -> None:
    """The buyer changes or cancels an order by a Peppol paper."""
    found = world.one(_ORDERED)
    if found is None:
        return
    about = f"<cac:OrderReference><cbc:ID>{found['customer_po']}</cbc:ID></cac:OrderReference>"
    kind = world.chance.choice(["OrderChange", "OrderChange", "OrderCancellation"])
    if kind == "OrderCancellation":
        content = f"{about}<cbc:CancellationNote>No longer needed</cbc:CancellationNote>{_parties()}"
    else:
        content = (
            f"{about}{_parties()}{_ubl_line(_buyer_line(world, found), 'PUMP-40', world, status=world.chance.choice(['3', '1', '2']))}"
        )
    _send_ubl(world, kind, f"{kind[:7]}-{world.step}", content)


def orders_by_file(world: World) -> None:
    """A table of orders, CSV: good ones go in, a wrong row holds back its own order alone."""
    chance = world.chance
    rows = ["reference,customer_no,customer_po,line_no,sku,qty"]
    for number in range(chance.randint(1, 3)):
        reference = f"file-{world.step}-{number}"
        for line_no in (1, 2):
            sku = chance.choice([*STOCKED, *STOCKED, "NO-SUCH"])
            qty = chance.choice(["1", "3", "8", "-1", "two"] if chance.random() < 0.1 else ["1", "3", "8"])
            rows.append(f"{reference},{chance.choice(['C-1001', 'C-1002'])},CSV-{world.step}-{number},{line_no},{sku},{qty}")
    _send(world, "orders file", "/imports/kinds/orders", "\n".join(rows).encode(), "text/csv")


def file_again(world: World) -> None:
    """What came by file comes again as it was, even after months."""
    if world.files:
        path, content, kind = world.chance.choice(world.files)
        world.send("file again", path, content, content_type=kind)


def _meet(world: World) -> None:
    """The partner is known from the first interchange on."""
    if not world.rows("SELECT 1 FROM edi_partner"):
        for partner in _PARTNERS:
            world.send("partner", "/edi/partners", partner | {"name": "Bergmann", "customer_no": CUSTOMER})


def _send(world: World, what: str, path: str, content: bytes, kind: str = "application/octet-stream") -> None:
    world.files.append((path, content, kind))
    world.send(what, path, content, content_type=kind)


def _buyer_line(world: World, order: Any) -> str:
    """A line of an order as its buyer numbers it, or one that is none."""
    lines = [line["buyer_line_no"] or str(line["line_no"]) for line in world.rows(_LINES_OF, order_no=order["order_no"])]
    return str(world.chance.choice([*lines, *lines, "99"]))


def _order_850(world: World, number: int) -> str:
    chance, day = world.chance, world.today() + timedelta(days=world.chance.choice([0, 5, 30]))
    lines = "".join(
        f"PO1*{10 * line}*{chance.choice([1, 2, 5, 20])}*EA*249.00**VN*{chance.choice(['PUMP-40', 'PUMP-40', 'PUMP-90'])}~\n"
        for line in (1, 2)
    )
    return f"BEG*00*SA*X-{chance.randint(1, 300)}-{number}**20260302~\nCUR*BY*EUR~\nDTM*002*{day:%Y%m%d}~\n{lines}CTT*2~\n"


def _orders(world: World, number: int) -> str:
    chance, day = world.chance, world.today() + timedelta(days=world.chance.choice([0, 5, 30]))
    line = f"LIN+1++{chance.choice(['PUMP-40', 'SEAL-12', 'NO-SUCH'])}:SA'\nQTY+21:{chance.choice([1, 2, 5, 20])}:PCE'\nPRI+AAA:249.00'\n"
    return (
        f"BGM+220+E-{chance.randint(1, 300)}-{number}+9'\nDTM+137:20260302:102'\nDTM+2:{day:%Y%m%d}:102'\nNAD+BY+9012345000004::9'\n"
        f"CUX+2:EUR:9'\n{line}UNS+S'\nCNT+2:1'\n"
    )


def _x12(world: World, kind: str, bodies: list[str]) -> bytes:
    sets = "".join(
        f"ST*{kind or '850'}*{number:04d}~\n{body}SE*{body.count('~') + 2}*{number:04d}~\n" for number, body in enumerate(bodies, start=1)
    )
    content = X12.format(sets=sets, control=_control(world), ack=world.chance.choice("01"), count=len(bodies))
    return (content.replace("GS*PO", "GS*PC") if kind == "860" else content).encode()


def _edifact(world: World, kind: str, bodies: list[str]) -> bytes:
    messages = "".join(
        MESSAGE.format(number=number, body=body, segments=body.replace("?'", "").count("'") + 2)
        for number, body in enumerate(bodies, start=1)
    )
    content = EDIFACT.format(messages=messages, control=_control(world), ack="1", count=len(bodies))
    return (content.replace("+ORDERS:", f"+{kind}:") if kind else content).encode("latin-1")


def _control(world: World) -> str:
    """Rarely one that was used before."""
    return f"{world.chance.randint(1, max(1, world.step)) if world.chance.random() < 0.05 else world.step:09d}"


def _send_ubl(world: World, kind: str, number: str, content: str) -> None:
    head = f"<cbc:ID>{number}</cbc:ID><cbc:IssueDate>{world.today()}</cbc:IssueDate>"
    document = (
        f'<{kind} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{kind}-2"'
        ' xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"'
        f' xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">{head}{content}</{kind}>'
    )
    _send(world, f"ubl {kind}", f"/intake/{_UBL[kind]}", document.encode(), "application/xml")


def _parties() -> str:
    def party(number: str, name: str) -> str:
        return (
            f'<cac:Party><cbc:EndpointID schemeID="0088">{number}</cbc:EndpointID>'
            f"<cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName>"
            f"<cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>"
        )

    buyer = f"<cac:BuyerCustomerParty>{party(GLN, 'Bergmann')}</cac:BuyerCustomerParty>"
    return f"{buyer}<cac:SellerSupplierParty>{party(OURS, 'Alpenkontor')}</cac:SellerSupplierParty>"


def _ubl_line(number: object, sku: str, world: World, status: str = "") -> str:
    code = f"<cbc:LineStatusCode>{status}</cbc:LineStatusCode>" if status else ""
    price = f'<cac:Price><cbc:PriceAmount currencyID="EUR">{world.chance.choice(["249.00", "12.50"])}</cbc:PriceAmount></cac:Price>'
    return (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{number}</cbc:ID>{code}<cbc:Quantity unitCode="EA">{world.chance.choice([1, 2, 4, 25])}'
        f"</cbc:Quantity>{price}<cac:Item><cbc:Name>{sku}</cbc:Name>"
        f"<cac:SellersItemIdentification><cbc:ID>{sku}</cbc:ID></cac:SellersItemIdentification></cac:Item></cac:LineItem></cac:OrderLine>"
    )
