"""A whole company that lives by chance, through its own API: people, customers, suppliers, the bank, two workers, the clock and deaths.

Every act is one request, as a person or partner would send it: often right, sometimes wrong, twice, late or out of order. What is wrong
must be refused with a clear answer; nothing may fail, be lost, happen twice or be left without an owner.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import event, text

from api.app import create_app
from api.bootstrap import ports
from api.content import deploy_content
from api.demo.company import load_company
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import housekeeping
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store import clock, locks
from engine.store.unit_of_work import Database
from handlers.constraints import RULES
from handlers.invariants import check_all
from handlers.registry import service_tasks
from tests.life import bank, person

CUSTOMERS = ("C-1001", "C-1002", "C-1003")
STOCKED = ("PUMP-40", "PUMP-90", "VALVE-3W", "SEAL-12", "GLYCOL-10")
DROPPED = ("TANK-500", "TANK-800")


class Killed(BaseException):
    """A SIGKILL as it looks from inside: nothing below catches it."""


@dataclass
class Happened:
    """What was seen: how many answers of each kind, and what should never be."""

    answers: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    faults: list[str] = field(default_factory=list)
    #: What a form did not take.
    refused: list[Any] = field(default_factory=list)


class Life:
    """One company; `step` lets one thing happen."""

    def __init__(self, database: Database, seed: int) -> None:
        self.chance, self.database, self.seen = Random(seed), database, Happened()
        self.tasks = service_tasks()
        load_company(database)
        self.product = Product(Settings(), database, self.runtime(), demo=True)
        deploy_content(self.product, actor="ordercraft")
        self.people = create_app(self.product).test_client()
        self.people.post("/login", data={"persona": "edith"})
        self.people.environ_base["HTTP_X_CSRF_TOKEN"] = self.people.get("/api/v1/me").json["csrf_token"]
        self.count, self.ahead = 0, timedelta()
        self.references: list[dict[str, Any]] = []
        self.papers: list[tuple[str, dict[str, Any]]] = []
        self.bank = bank.Bank(self.chance)
        self.workers = [self._process() for _ in range(2)]

    def runtime(self) -> Runtime:
        """A process with nothing in memory."""
        return Runtime(self.database, self.tasks, ports(), NullDispatcher(), constraints=RULES)

    def step(self) -> None:
        """One thing happens."""
        self.count += 1
        acts, weights = zip(*self._acts(), strict=True)
        self.chance.choices(acts, weights)[0]()

    def _acts(self) -> list[tuple[Callable[[], None], int]]:
        return [
            (self.work, 22), (self.work_task, 22), (self.order, 10), (self.order_again, 3), (self.quote, 4), (self.answer_quote, 4),
            (self.receive_goods, 4), (self.expect_goods, 2), (self.supplier_answers, 8), (self.paper_again, 3), (self.bank_day, 8),
            (self.apply_receipt, 4), (self.release_group, 5), (self.cancel_order, 1), (self.cancel_instance, 1), (self.retry, 3),
            (self.time_passes, 6), (self.hold, 1),
        ]  # fmt: skip

    # ---- plumbing

    def post(self, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """A request; what may never happen is kept as a fault."""
        given = {"data": body, "content_type": "application/xml"} if isinstance(body, bytes) else {"json": {} if body is None else body}
        answer = self.people.post(
            f"/api/v1{path}", headers={"Idempotency-Key": f"{self.count}-{path}-{self.chance.random()}"}, **given, **more
        )
        found = answer.get_json(silent=True) or {}
        kind = path.strip("/").split("/")[0]
        self.seen.answers[f"{kind} {answer.status_code} {found.get('code', '') if answer.status_code >= 400 else ''}".strip()] += 1
        if kind == "user-tasks" and answer.status_code == 422:
            self.seen.refused.append((path, body, found.get("errors"), found.get("detail")))
        if answer.status_code >= 500 or found.get("code") == "collision":
            self.seen.faults.append(f"step {self.count}: {path} {answer.status_code} {json.dumps(found)[:300]} {body}"[:800])
        return answer.status_code, found

    def get(self, path: str) -> Any:
        answer = self.people.get(f"/api/v1{path}")
        if answer.status_code >= 500:
            self.seen.faults.append(f"step {self.count}: {path} {answer.status_code}")
        return answer.get_json(silent=True) or {}

    def rows(self, sql: str, **values: Any) -> list[Any]:
        with self.database.transaction() as tx:
            return list(tx.execute(text(sql), values).mappings())

    def one_of(self, rows: list[Any]) -> Any:
        return self.chance.choice(rows) if rows else None

    def today(self) -> date:
        with self.database.transaction() as tx:
            return clock.business_today(tx)

    # ---- workers

    def work(self) -> None:
        """Two workers do what is there at once; now and then one of them dies in the middle."""
        dies = self.chance.random() < 0.15
        after = self.chance.randint(1, 120)
        threads = [threading.Thread(target=self._worker, args=(number, after if dies and number == 0 else None)) for number in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
            if thread.is_alive():
                self.seen.faults.append(f"step {self.count}: a worker hangs")
        if dies:
            self.rows_do("UPDATE instance SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL")

    def _process(self) -> Runtime:
        """A worker's process: its own connections, and nothing in memory."""
        return replace(self.runtime(), database=Database(self.database.url, pool_size=4))

    def _worker(self, number: int, dies_after: int | None) -> None:
        process = self.workers[number]
        try:
            with _death(process.database, dies_after) if dies_after else nullcontext():
                run_until_idle(process, limit=200)
        except Killed:
            self.seen.kills += 1
            process.database.close()
            self.workers[number] = self._process()
        except Exception as error:  # noqa: BLE001  # whatever ends a worker is a fault
            self.seen.faults.append(f"step {self.count}: a worker ended with {type(error).__name__}: {error}"[:800])

    def end(self) -> None:
        """Give the workers' connections back."""
        for process in self.workers:
            process.database.close()

    def rows_do(self, sql: str) -> None:
        with self.database.transaction() as tx:
            tx.execute(text(sql))

    def time_passes(self) -> None:
        """Hours or weeks go by."""
        self.ahead += timedelta(hours=self.chance.choice([1, 4, 9, 24, 24, 72, 200, 800]))
        with self.database.transaction() as tx:
            clock.move_company(tx, self.ahead)
        housekeeping.clean(self.product.runtime)
        housekeeping.sweep(self.product.runtime)

    # ---- people

    def work_task(self) -> None:
        """Somebody does a task of the worklist, whatever it is, with a form filled in by chance."""
        found = self.one_of(self.rows("SELECT id, form_key FROM user_task WHERE state = 'open' ORDER BY created_at, id LIMIT 30"))
        if found is None:
            return
        task = self.get(f"/user-tasks/{found['id']}")
        data = person.fill(self._form(found["form_key"]), task.get("form_data", {}), self.chance)
        self.post(f"/user-tasks/{found['id']}/complete", {"data": data})

    def _form(self, key: str | None) -> dict[str, Any]:
        sql = "SELECT content FROM deployment_file WHERE path LIKE :path ORDER BY deployment_id DESC LIMIT 1"
        found = self.rows(sql, path=f"%{key}.form") if key else []
        return json.loads(bytes(found[0]["content"])) if found else {}

    def retry(self) -> None:
        """An operator tries an incident again."""
        found = self.one_of(self.rows("SELECT id FROM incident WHERE state = 'open' ORDER BY id LIMIT 20"))
        if found:
            self.post(f"/incidents/{found['id']}/retry", {})

    def cancel_instance(self) -> None:
        """An operator ends an instance; what it held is given back."""
        found = self.one_of(self.rows("SELECT id FROM instance WHERE state IN ('waiting', 'incident') ORDER BY started_at, id LIMIT 40"))
        if found:
            self.post(f"/instances/{found['id']}/cancel", {"reason": "tried by chance"})

    def hold(self) -> None:
        """Somebody puts an order on hold, or takes the hold off."""
        found = self.one_of(self.rows("SELECT order_no FROM sales_order ORDER BY order_no DESC LIMIT 10"))
        if found:
            self.post(
                f"/orders/{found['order_no']}/holds{self.chance.choice(['', '/release'])}", {"hold_code": "MANUAL", "reason": "by chance"}
            )

    # ---- customers

    def order(self) -> None:
        """A customer orders, now and then something odd."""
        body: dict[str, Any] = {
            "customer_no": self.chance.choice(CUSTOMERS),
            "customer_po": f"PO-{self.chance.randint(1, 400)}",
            "lines": [self._line() for _ in range(self.chance.randint(1, 4))],
            "ship_complete": self.chance.random() < 0.2,
        }
        if self.chance.random() < 0.3:
            body["requested_date"] = str(self.today() + timedelta(days=self.chance.choice([-3, 0, 10, 60, 500])))
        if self.chance.random() < 0.5:
            body["reference"] = f"web-{self.count}"
            self.references.append(body)
        self.post("/orders", body)

    def _line(self) -> dict[str, Any]:
        sku = self.chance.choice([*STOCKED, *STOCKED, *DROPPED, *(["NO-SUCH"] if self.chance.random() < 0.05 else [])])
        line = {
            "sku": sku,
            "quantity": str(self.chance.choice([1, 1, 1, 2, 2, 3, 5, 8, 20, 60, *([0, -1] if self.chance.random() < 0.05 else [])])),
        }
        return line | ({"unit_price": "1.00"} if self.chance.random() < 0.05 else {})

    def order_again(self) -> None:
        """The same order comes again: it is the same order."""
        body = self.one_of(self.references[-20:])
        if body:
            first, second = self.post("/orders", body), self.post("/orders", body)
            if first != second:
                self.seen.faults.append(f"step {self.count}: the same order twice: {first} {second}")

    def quote(self) -> None:
        lines = [self._line() | {"discount_pct": str(self.chance.choice([0, 0, 5, 15, 25, 45]))} for _ in range(self.chance.randint(1, 3))]
        for line in lines:
            line.pop("unit_price", None)
        self.post("/quotes", {"customer_no": self.chance.choice(CUSTOMERS), "lines": lines})

    def answer_quote(self) -> None:
        found = self.one_of(self.rows("SELECT quote_no FROM quote ORDER BY quote_no DESC LIMIT 8"))
        if found and self.chance.random() < 0.8:
            self.post(f"/quotes/{found['quote_no']}/accept", {"customer_po": f"4500-{self.count}"})
        elif found:
            self.post(f"/quotes/{found['quote_no']}/decline", {"reason": "too dear"})

    def cancel_order(self) -> None:
        found = self.one_of(self.rows("SELECT order_no FROM sales_order ORDER BY order_no DESC LIMIT 10"))
        if found:
            self.post(f"/orders/{found['order_no']}/cancel", {"reason": "no longer needed"})

    # ---- goods

    def receive_goods(self) -> None:
        receipt = {
            "sku": self.chance.choice(STOCKED),
            "warehouse_code": "VIE",
            "qty": str(self.chance.randint(1, 80)),
            "unit_cost": "11.37",
        }
        self.post("/stock/receipts", {"receipts": [receipt | {"reference": f"GR-{self.count}"}]})

    def expect_goods(self) -> None:
        due = self.today() + timedelta(days=self.chance.randint(1, 30))
        self.post(
            "/stock/supply",
            {
                "sku": self.chance.choice(STOCKED),
                "warehouse_code": "VIE",
                "qty": "30",
                "due_date": str(due),
                "reference": f"IN-{self.count}",
            },
        )

    def release_group(self) -> None:
        found = self.one_of(self.rows("SELECT group_no FROM fulfil_group WHERE kind = 'STOCK' ORDER BY group_no DESC LIMIT 12"))
        if found:
            self.post(f"/groups/{found['group_no']}/release")

    # ---- suppliers

    def supplier_answers(self) -> None:
        """A supplier sends a paper: an acknowledgement, a despatch advice or a bill, whatever was sent before."""
        found = self.one_of(self.rows("SELECT po_no FROM purchase_order ORDER BY po_no DESC LIMIT 8"))
        if not found:
            return
        po_no = found["po_no"]
        lines = self.rows("SELECT line_no, qty, unit_price FROM po_line WHERE po_no = :po_no ORDER BY line_no", po_no=po_no)
        kind = self.chance.choice(["acknowledgements", "despatch-advices", "despatch-advices", "invoices"])
        body = getattr(self, "_" + kind.replace("-", "_"))(lines)
        self.papers.append((f"/purchase-orders/{po_no}/{kind}", body))
        self.post(*self.papers[-1])

    def _acknowledgements(self, lines: list[Any]) -> dict[str, Any]:
        if self.chance.random() < 0.6:
            return {"code": "AP", "document_no": f"AB-{self.count}"}
        if self.chance.random() < 0.3:
            return {"code": "RE", "document_no": f"AB-{self.count}"}
        return {
            "code": "CA",
            "document_no": f"AB-{self.count}",
            "lines": [self._part(line) | {"unit_price": str(line["unit_price"])} for line in lines],
        }

    def _part(self, line: Any) -> dict[str, Any]:
        whole = int(line["qty"])
        return {"line_no": line["line_no"], "qty": str(whole if self.chance.random() < 0.6 else self.chance.randint(0, whole))}

    def _despatch_advices(self, lines: list[Any]) -> dict[str, Any]:
        parts = [part for part in map(self._part, lines) if part["qty"] != "0"]
        return {"asn_no": f"LS-{self.count}", **({"lines": parts} if self.chance.random() < 0.6 else {})}

    def _invoices(self, lines: list[Any]) -> dict[str, Any]:
        rate = self.chance.choice([20, 20, 20, 20, 50])
        billed = [self._part(line) | {"unit_price": str(line["unit_price"]), "tax_rate_pct": str(rate)} for line in lines]
        net = sum((Decimal(line["qty"]) * Decimal(line["unit_price"]) for line in billed), Decimal(0)).quantize(Decimal("0.01"))
        tax = (net * rate / 100).quantize(Decimal("0.01"))
        number = self.chance.choice([f"RE-{self.count}", f" re-{self.count} "])
        return {
            "supplier_invoice_no": number,
            "invoice_date": str(self.today()),
            "tax_total": str(tax),
            "gross_total": str(net + tax),
            "lines": billed,
        }

    def paper_again(self) -> None:
        """A paper comes a second time."""
        paper = self.one_of(self.papers[-20:])
        if paper:
            self.post(*paper)

    # ---- money

    def bank_day(self) -> None:
        """The bank sends a statement: payments right, short, over or unknown; returns, fees, payments out; sometimes twice."""
        open_items = self.rows("""
            SELECT document_no, open_amount, discount_amount FROM open_item WHERE kind = 'AR' AND open_amount > 0
            ORDER BY document_no DESC LIMIT 12
        """)
        content = self.bank.statement(self.today(), open_items)
        for _ in range(2 if self.chance.random() < 0.2 else 1):
            self.post("/statements", content)

    def apply_receipt(self) -> None:
        """Somebody applies a receipt by hand, keeps it on account or takes it back."""
        receipt = self.one_of(self.rows("SELECT receipt_no FROM receipt ORDER BY receipt_no DESC LIMIT 12"))
        item = self.one_of(self.rows("SELECT document_no FROM open_item WHERE kind = 'AR' ORDER BY document_no DESC LIMIT 12"))
        if receipt is None:
            return
        path = f"/receipts/{receipt['receipt_no']}"
        act = self.chance.choice(["applications", "on-account", "reversal"])
        if act == "applications" and item:
            self.post(
                f"{path}/applications",
                {"invoice_no": item["document_no"], "action": self.chance.choice(["PARTIAL", "DISCOUNT", "WRITE_OFF"])},
            )
        elif act == "on-account":
            self.post(f"{path}/on-account", {"customer_no": self.chance.choice([None, *CUSTOMERS])})
        else:
            self.post(f"{path}/reversal", {"reason": "returned by the bank"})

    # ---- what must be true

    def rest(self) -> None:
        """Everybody works until nothing is left to do by itself."""
        self.rows_do("UPDATE instance SET lease_until = now() - interval '1 second' WHERE lease_owner IS NOT NULL")
        for _ in range(20):
            if not run_until_idle(self.product.runtime):
                return
        self.seen.faults.append(f"step {self.count}: work never ends")

    def look(self) -> None:
        """Faults that nobody was told of in an answer: locks taken out of order, and incidents that only a defect makes."""
        self.seen.faults += sorted(set(locks.watch.broken))
        defects = self.rows(
            """
            SELECT DISTINCT ON (fingerprint) handler, element_id, kind, message, coalesce(right(traceback, 600), '') AS traceback
            FROM incident
            WHERE kind = ANY(:kinds) ORDER BY fingerprint
        """,
            kinds=["error", "defect", "claims_without_progress", "steps_without_wait"],
        )
        self.seen.faults += [str(dict(each)) for each in defects]

    def broken(self) -> list[Any]:
        """The invariants that do not hold."""
        with self.database.transaction() as tx:
            return [(each.id, each.sentence[:120], each.examples[:3]) for each in check_all(tx) if not each.ok]


@contextmanager
def _death(database: Database, after: int) -> Any:
    """The process dies before its n-th statement."""
    sent = 0

    def count(*_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == after:
            raise Killed

    event.listen(database.engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", count)
