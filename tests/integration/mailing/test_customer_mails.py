"""Mails to customers: sent by a mail server on loopback with the papers, in the company's words, or kept with the reason."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from api.notices.sending import Outward
from api.settings import Settings
from engine.runtime.state import effects
from engine.runtime.state.effects import Effect, EffectSink
from handlers.documents.store import save_document
from tests.integration.api.conftest import application, client, installation, signed_in  # noqa: F401  # the same people and pages
from tests.integration.postman import postman  # noqa: F401  # a fixture

ORDER = {"customer_no": "C-1001", "customer_po": "PO-4711", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}


@pytest.fixture
def house(installation, postman):  # noqa: F811  # the fixture of the same name
    """`deliver(…)` records effects and sends what is due; `answers()` is what became of each, by key."""
    return House(installation, Settings(smtp_host="127.0.0.1", smtp_port=postman.port, smtp_security="none", mail_from="o@orders.example"))


class House:
    def __init__(self, installation, settings):  # noqa: F811
        self.database = installation.database
        self.runtime = replace(
            installation.runtime, ports={**installation.runtime.ports, EffectSink: Outward(settings, installation.database)}
        )

    def deliver(self, *recorded):
        with self.database.transaction() as tx:
            tx.execute(text("UPDATE effect SET due_at = now() WHERE state = 'pending'"))
            effects.record(tx, *recorded)
        effects.deliver(self.runtime)
        with self.database.transaction() as tx:
            return {row.key: (row.state, row.answer) for row in tx.execute(text("SELECT key, state, answer FROM effect"))}

    def paper(self, kind, number, media_type="application/pdf"):
        with self.database.transaction() as tx:
            return save_document(tx, kind, number, media_type, b"%PDF-1.7 of " + number.encode())


def attached(letter):
    return [(part.get_filename(), part.get_content_type()) for part in letter.iter_attachments()]


def test_an_invoice_goes_with_paper_and_e_invoice_to_the_contact_for_invoices_once(house, postman):  # noqa: F811  # the fixture
    pdf, ubl = house.paper("INVOICE_PDF", "INV-7"), house.paper("INVOICE_UBL", "INV-7", "application/xml")
    papers = {"pdf_document_id": pdf, "ubl_document_id": ubl}
    with house.database.transaction() as tx:
        tx.execute(
            text("INSERT INTO contact (customer_no, name, role, email) VALUES ('C-1001', 'Eva', 'Invoices', 'eva@bergmann.example')")
        )
    payload = {"invoice_no": "INV-7", "customer_no": "C-1001", "gross_total": "1190.00", "currency": "EUR", **papers}
    postman.handler.broken = True
    assert house.deliver(Effect("invoice:INV-7", "invoice", "office@bergmann.example", payload))["invoice:INV-7"][0] == "pending"
    postman.handler.broken = False
    for _ in range(2):
        state, answer = house.deliver()["invoice:INV-7"]
    assert (state, answer["to"]) == ("sent", "eva@bergmann.example")
    (letter,) = postman.handler.letters
    assert (letter["Subject"], letter["To"]) == ("Our invoice INV-7", "eva@bergmann.example")
    assert attached(letter) == [("invoice-pdf-INV-7.pdf", "application/pdf"), ("invoice-ubl-INV-7.xml", "application/xml")]
    assert "of 1190.00 EUR attached" in letter.get_body().get_content()


def test_an_order_is_acknowledged_on_a_paper_that_people_read(house, postman, signed_in):  # noqa: F811
    order_no = signed_in("tom").post("/api/v1/orders", json=ORDER).json["order_no"]
    ubl = house.paper("ORDER_RESPONSE", order_no, "application/xml")
    payload = {"kind": "order_response", "order_no": order_no, "customer_po": "PO-4711", "document_id": ubl}
    house.deliver(Effect("ack", "mail", "office@bergmann.example", payload))
    (letter,) = postman.handler.letters
    assert letter["Subject"] == f"Your order PO-4711, our number {order_no}"
    assert attached(letter)[1] == (f"order-acknowledgement-{order_no}.pdf", "application/pdf")


def test_quote_reminder_and_return_have_words_of_their_own_and_the_company_may_say_it_otherwise(house, postman, signed_in):  # noqa: F811
    edith = signed_in("edith")
    wrong = edith.put("/api/v1/mail-texts/quote", json={"subject": "{quote_no.__class__}", "body": "{nonsense} {quote_no:>9999}"})
    assert (wrong.status_code, set(wrong.json["errors"])) == (422, {"subject", "body"})
    ours = {"kind": "quote", "subject": "Angebot {quote_no}", "body": "Guten Tag,\nbis {valid_until}."}
    page = edith.post("/operations/mail-texts", data=ours)
    assert page.status_code == 303
    assert "Angebot {quote_no}" in edith.get("/operations/mail-texts").text
    house.deliver(
        Effect("q", "mail", "a@x.example", {"kind": "quote", "quote_no": "Q-1", "valid_until": date(2026, 12, 31)}),
        Effect("r", "reminder", "a@x.example", {"invoice_no": "INV-7", "level": 2, "customer_no": "C-1001"}),
        Effect("m", "return_refused", "a@x.example", {"rma_no": "RMA-1", "invoice_no": "INV-7", "reason": "Too late."}),
    )
    said = {letter["Subject"]: letter.get_body().get_content() for letter in postman.handler.letters}
    assert set(said) == {"Angebot Q-1", "Reminder: our invoice INV-7", "Your return RMA-1"}
    assert said["Angebot Q-1"].startswith("Guten Tag,")
    assert "bis 2026-12-31." in said["Angebot Q-1"]
    assert edith.put("/api/v1/mail-texts/quote", json={"subject": "", "body": ""}).status_code == 200
    assert "Our quote {quote_no}" in edith.get("/api/v1/mail-texts").text


def test_a_statement_of_account_is_sent_once_a_day(house, postman, signed_in):  # noqa: F811
    amina = signed_in("amina")
    keys = {amina.post("/api/v1/customers/C-1001/statement-of-account").json["id"] for _ in range(2)}
    assert amina.post("/master-data/customers/C-1001/statement-of-account").status_code == 303
    (state, answer) = house.deliver()[keys.pop()]
    assert (state, len(postman.handler.letters), keys) == ("sent", 1, set())
    assert answer["attached"] == ["account-statement-C-1001.pdf"]


def test_what_cannot_go_is_kept_with_the_reason(installation, house):  # noqa: F811
    invoice = {"invoice_no": "INV-7", "customer_no": "C-1002"}
    kept = house.deliver(
        Effect("a", "invoice", "0088:7300010000001", invoice),
        Effect("b", "invoice", "customer C-9999", {"invoice_no": "INV-8", "customer_no": "C-9999"}),
        Effect("c", "payment", "supplier S-1", {"amount": "1"}),
        Effect("e", "invoice", "X12 ZZ:COYOTE", {**invoice, "partner_no": "COYOTE", "document_id": 1}),
    )
    assert {key: state for key, (state, _) in kept.items()} == {"a": "kept", "b": "kept", "c": "kept", "e": "kept"}
    assert "nothing is connected that carries it" in kept["a"][1]["why"]
    assert "Customer C-9999 has no mail address" in kept["b"][1]["why"]
    silent = House(installation, Settings())
    assert "No mail server is configured" in silent.deliver(Effect("d", "invoice", "a@x.example", invoice))["d"][1]["why"]
