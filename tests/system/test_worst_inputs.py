"""The worst that each door takes, sent to a served installation: nobody else waits, nothing falls over, and memory comes back."""

import base64
import io
import json
import threading
import time
import zipfile
from pathlib import Path

import httpx
import pytest
import xlsxwriter

from tests.system.test_abuse_at_once import HEALTH, resident
from tests.system.ubl_orders import large_order
from tests.waiting import until

#: The bounds of the promise: seconds for one answer, MB above a fresh process.
ANSWER, MEMORY = 60.0, 100
_DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


def _base64(content):
    return base64.b64encode(content).decode()


def table(rules, cell):
    """A decision table of one column, whose cells are all alike."""
    rows = "".join(
        f'<rule id="r{n}"><inputEntry id="r{n}i"><text>{cell}</text></inputEntry>'
        f'<outputEntry id="r{n}o"><text>{n}</text></outputEntry></rule>'
        for n in range(rules)
    )
    return (
        f'<definitions xmlns="{_DMN}" id="d" name="d" namespace="n"><decision id="price" name="price">'
        '<decisionTable id="t" hitPolicy="COLLECT">'
        f'<input id="i"><inputExpression id="e"><text>quantity</text></inputExpression></input><output id="o" name="o"/>{rows}'
        "</decisionTable></decision></definitions>"
    ).encode()


def form(*components):
    return _base64(json.dumps({"type": "default", "id": "f", "schemaVersion": 18, "components": components}).encode())


def fields(number, **more):
    return [{"type": "textfield", "id": f"f{n}", "key": f"k{n}", "label": "Text", **more} for n in range(number)]


def lines(number, *, of):
    return {"type": "dynamiclist", "id": "lines", "path": "lines", "label": "Lines", "components": of}


def diagram(*, comment=0, steps=0):
    """A diagram with a comment of so many bytes, and so many steps one after the other."""
    ways = "".join(
        f'<task id="t{n}" name="Step {n}"/><sequenceFlow id="f{n}" sourceRef="t{n}" targetRef="t{n + 1}"/>' for n in range(steps)
    )
    return _base64(
        f'<definitions xmlns="{_BPMN}" id="d" targetNamespace="n"><!--{"(a+)+" * (comment // 5)}-->'
        f'<process id="p" isExecutable="true">{ways}<task id="t{steps}"/></process></definitions>'.encode()
    )


def workbook(rows):
    """Customers as XLSX."""
    told = io.BytesIO()
    book = xlsxwriter.Workbook(told, {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["customer_no", "name", "country", "currency"])
    for row in range(1, rows + 1):
        sheet.write_row(row, 0, [f"W-{row:06}", f"Wintergreen {row}", "DE", "EUR"])
    book.close()
    return told.getvalue()


def zip_bomb():
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"<row/>" * 60_000_000)
    return told.getvalue()


def orders(number):
    rows = (f"BULK-{n // 100},NORTHWIND,{n % 100 + 1},WIDGET-{n},1" for n in range(number))
    return "\n".join(["reference,customer_no,line_no,sku,qty", *rows]).encode()


def statement(entries):
    entry = (
        '<Ntry><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-03-02</Dt></BookgDt>'
        "<NtryDtls><TxDtls><RmtInf><Ustrd>INV-{0} INV-{0} INV-{0}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
    balance = '<Bal><Tp><CdOrPrtry><Cd>{0}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{1}</Amt>'
    balance += "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-03-02</Dt></Dt></Bal>"
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>m</MsgId>'
        "<CreDtTm>2026-03-02T00:00:00</CreDtTm></GrpHdr><Stmt><Id>worst</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        + balance.format("OPBD", "0.00")
        + balance.format("CLBD", f"{entries}.00")
        + "".join(entry.format(n) for n in range(entries))
        + "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def interchange(segments):
    head = "ISA*00*          *00*          *ZZ*NORTHWIND      *ZZ*ORDERCRAFT     *260302*0900*U*00401*000000001*0*P*>~"
    head += "GS*PO*N*O*20260302*0900*1*X*004010~"
    return (
        head + "ST*850*0001~BEG*00*NE*4711**20260302~" + "PO1*1*1*EA*1.00**VP*WIDGET~" * segments + "SE*3*0001~GE*1*1~IEA*1*000000001~"
    ).encode()


def worst_inputs():
    """What, where, and the body."""
    slow = "count(for i in 1..5000 return i) &gt; ?"
    quantity = {"decision": "price", "inputs": {"quantity": 7}}
    rows = [{f"k{n}": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" for n in range(30)} for _ in range(1000)]
    cell_kinds = {
        "looping cells": (2000, slow),
        "10,000 rules": (10_000, "&gt; 7"),
        "joining cells": (2000, 'string join(for i in 1..900 return "abcdef") = ?'),
    }
    for what, (rules, cell) in cell_kinds.items():
        yield f"a table, {what}", "/api/v1/decisions/try", {"content": _base64(table(rules, cell)), **quantity}
    freezing = fields(30, validate={"pattern": "(a+)+$"})
    yield "a form, 1,000 rows", "/api/v1/forms/try", {"content": form(lines(1000, of=fields(30))), "submitted": {"lines": rows}}
    yield "a form, patterns that freeze", "/api/v1/forms/try", {"content": form(lines(1000, of=freezing)), "submitted": {"lines": rows}}
    yield "a form, 5,000 fields", "/api/v1/forms/try", {"content": form(*fields(5000)), "submitted": {}}
    chosen = {"type": "select", "id": "s", "key": "s", "label": "S", "valuesExpression": "=offered"}
    offered = {"offered": [{"label": "x", "value": f"v{n}"} for n in range(20_000)], "lines": []}
    many = {"content": form(lines(1000, of=[chosen])), "given": offered, "submitted": {"lines": [{"s": "none"} for _ in range(1000)]}}
    yield "a form, 20,000 options in 1,000 rows", "/api/v1/forms/try", many
    yield "a diagram, a comment of 325 kB", "/api/v1/deployments/check", {"name": "worst", "files": {"w.bpmn": diagram(comment=325_000)}}
    yield "a diagram, 9,000 steps", "/api/v1/deployments/check", {"name": "worst", "files": {"w.bpmn": diagram(steps=9000)}}
    yield "a context of 600,000 numbers", "/api/v1/feel/try", {"text": "sort(a)", "context": {"a": list(range(600_000))}}
    yield "JSON, 200,000 deep", "/api/v1/feel/try", b'{"text": "1", "context": {"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"
    yield "JSON, a number of 4,000,000 digits", "/api/v1/feel/try", b'{"text": "a", "context": {"a": ' + b"9" * 4_000_000 + b"}}"
    for number in range(15):
        yield f"a text of 20,000 characters, {number}", "/api/v1/feel/try", {"text": f"{number}" + "+1" * 9990}
    yield "XLSX, 60,000 rows", "/api/v1/imports/kinds/customers?dry_run=true", workbook(60_000)
    yield "XLSX, a bomb", "/api/v1/imports/kinds/customers?dry_run=true", zip_bomb()
    yield "CSV, 9,000 lines of orders", "/api/v1/imports/kinds/orders?dry_run=true", orders(9000)
    yield "UBL, 9,000 lines", "/api/v1/intake/ubl-orders", large_order(9000)
    yield "UBL, a million elements", "/api/v1/intake/ubl-orders", b"<Order>" + b"<a/>" * 1_000_000 + b"</Order>"
    yield "camt.053, 9,000 entries", "/api/v1/statements", statement(9000)
    yield "X12, 150,000 segments", "/api/v1/intake/edi", interchange(150_000)


class Watch:
    """How long `/health/live` takes to answer, all the while."""

    def __init__(self, address):
        self._address, self._over, self.longest = address, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        with httpx.Client(base_url=self._address, timeout=60) as client:
            while not self._over.wait(0.05):
                began = time.monotonic()
                assert client.get("/health/live").status_code == 200
                self.longest = max(self.longest, time.monotonic() - began)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_the_worst_of_each_door_keeps_nobody_waiting_and_memory_comes_back(house, capsys):
    installation = house()
    process = installation.serve("--demo")
    told = []
    with httpx.Client(base_url=installation.address, timeout=300) as edith:
        edith.post("/login", data={"persona": "edith"})
        edith.headers["X-CSRF-Token"] = edith.get("/api/v1/me").json()["csrf_token"]
        for page in ("/", "/worklist", "/processes", "/orders"):
            edith.get(page)
        fresh = resident(process.pid)
        for what, where, body in worst_inputs():
            with Watch(installation.address) as watch:
                began = time.monotonic()
                sent = {"json": body} if isinstance(body, dict) else {"content": body, "headers": _media_type(body)}
                answer = edith.post(where, **sent)
                took = time.monotonic() - began
            told.append(
                f"{what}: {answer.status_code} after {took:.1f} s, /health/live {watch.longest * 1000:.0f} ms, "
                f"{resident(process.pid):.0f} MB"
            )
            assert answer.status_code < 500, f"{what}: {answer.text[:500]}"
            assert answer.status_code < 400 or answer.json()["next_step"], what
            assert took < ANSWER, told[-1]
            assert watch.longest < HEALTH, told[-1]
        until(lambda: resident(process.pid) < fresh + MEMORY, lambda: "\n".join(told))
        after = resident(process.pid)
    with capsys.disabled():
        print("\n" + "\n".join(told) + f"\nmemory {fresh:.0f} MB, then {after:.0f} MB")  # noqa: T201  # what was measured


def _media_type(body):
    kind = "application/xml" if body.startswith(b"<") else "application/json" if body.startswith(b"{") else "application/octet-stream"
    return {"Content-Type": kind}
