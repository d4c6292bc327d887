"""What moves money takes two: one asks, another one confirms, and the very verb is done then. Who asked never confirms."""

import base64
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from api.content import content, deploy_content
from api.demo.bank import Payment, statement_of
from engine.runtime.operate import batch_work
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.pending_changes import expire
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import start
from handlers.ledger.open_items import NewOpenItem, add_open_item
from handlers.parties.policy import choose
from handlers.receivables.late_charges import LateTerms, charge
from handlers.receivables.late_interest import RateFrom
from tests import tiny_models as m

BERGMANN = "/api/v1/customers/C-1001"


@pytest.fixture(autouse=True)
def cautious(installation):
    """The company wants two from 50,000 on."""
    with installation.database.transaction() as tx:
        choose(tx, "second_person.credit", Decimal(50_000))


def limit_of(browser):
    return Decimal(browser.get(BERGMANN).json["record"]["credit_limit"])


def raised(browser, to, **more):
    return browser.patch(BERGMANN, json={"changes": {"credit_limit": to, **more}, "reason": "A frame order"})


def test_a_credit_limit_above_the_company_s_number_waits_for_the_credit_desk(signed_in):
    tom, clara = signed_in("tom"), signed_in("clara")
    assert raised(tom, "55000").status_code == 200, "it was 60,000: whoever lowers it does so alone"
    asked = raised(tom, "80000", net_days=45)
    assert (asked.status_code, asked.json["rule"]) == (202, "The customer could owe 84,000; above 50,000 it takes two.")
    assert limit_of(tom) == 55000
    change = clara.get(asked.headers["Location"]).json
    assert {name: (Decimal(each["from"]), Decimal(each["to"])) for name, each in change["effect"].items()} == {
        "credit_limit": (55000, 80000),
        "net_days": (30, 45),
    }
    assert [each["id"] for each in clara.get("/api/v1/pending-changes?view=confirm").json["items"]] == [change["id"]]
    assert tom.get("/api/v1/pending-changes?view=confirm").json["items"] == []
    assert clara.post(f"{asked.headers['Location']}/confirm", json={}).status_code == 200
    assert limit_of(tom) == 80000
    new = {"customer": {"customer_no": "C-9", "name": "Hafen", "country": "DE", "currency": "EUR", "secured_amount": "90000"}}
    assert tom.post("/api/v1/customers", json=new).status_code == 202, "a new customer is no way round it"


def test_what_has_changed_since_it_was_asked_for_is_told_and_not_done(signed_in):
    tom, clara = signed_in("tom"), signed_in("clara")
    asked = raised(tom, "80000")
    raised(tom, "1000")
    late = clara.post(f"{asked.headers['Location']}/confirm", json={})
    assert (late.status_code, late.json["code"]) == (409, "change_overtaken")
    assert limit_of(tom) == 1000
    assert clara.post(f"{asked.headers['Location']}/refuse", json={"reason": "Ask anew"}).json["state"] == "refused"


def test_what_cannot_be_done_is_refused_while_its_asker_still_sits_there(signed_in, installation):
    wrong = raised(signed_in("tom"), "80000", country="XX")
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["country"])
    with installation.database.transaction() as tx:
        assert tx.scalar(text("SELECT count(*) FROM pending_change")) == 0


def test_who_asked_may_withdraw_and_what_nobody_decides_expires(signed_in, installation):
    tom, clara = signed_in("tom"), signed_in("clara")
    first = raised(tom, "80000").headers["Location"]
    assert clara.post(f"{first}/withdraw", json={}).status_code == 403
    assert tom.post(f"{first}/withdraw", json={"reason": "Not needed"}).json["state"] == "withdrawn"
    second = raised(tom, "80000").headers["Location"]
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE pending_change SET expires_at = business_now() WHERE state = 'pending'"))
    assert clara.post(f"{second}/confirm", json={}).json["code"] == "change_expired"
    with installation.database.transaction() as tx:
        expire(tx)
    assert clara.get(second).json["state"] == "expired"
    assert limit_of(tom) == 60000


def test_a_change_of_somebody_who_has_left_is_not_done_in_their_name(signed_in, installation):
    asked = raised(signed_in("tom"), "80000").headers["Location"]
    with installation.database.transaction() as tx:
        tx.execute(text("UPDATE user_account SET active = false WHERE name = 'tom'"))
    assert signed_in("clara").post(f"{asked}/confirm", json={}).json["code"] == "asker_gone"


def test_only_who_may_confirm_and_who_asked_see_a_change(signed_in):
    asked = raised(signed_in("tom"), "80000").headers["Location"]
    assert signed_in("jonas").get(asked).status_code == 404
    page = asked.replace("/api/v1/pending-changes", "/worklist/changes")
    assert signed_in("jonas").get(page).status_code == 404
    assert "Confirm, and do it" in signed_in("clara").get(page).text
    assert "Withdraw it" in signed_in("tom").get(page).text


def test_the_numbers_that_say_when_it_takes_two_take_two(signed_in, installation):
    edith, ines = signed_in("edith"), signed_in("ines")
    assert edith.put("/api/v1/policies/quote.valid_days", json={"value": "20"}).status_code == 200
    asked = edith.put("/api/v1/policies/second_person.credit", json={"value": "100000"})
    assert asked.status_code == 202
    assert ines.post(f"{asked.headers['Location']}/confirm", json={}).status_code == 200
    assert raised(signed_in("tom"), "80000").status_code == 200


@pytest.fixture
def short_payment(installation, signed_in):
    """An invoice of 150.00, and 120.00 that came in for it on a statement that Amina took in."""
    deploy_content(installation, actor="test")
    file = statement_of("STMT-1", [Payment("thanks", Decimal("120.00"), "EUR")])
    signed_in("amina").post("/api/v1/statements", data=file, content_type="application/xml")
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        today = tx.execute(text("SELECT business_today()")).scalar_one()
        owed = {"kind": "AR", "party_no": "C-1002", "document_no": "INV-000901", "document_date": today, "due_date": today}
        add_open_item(tx, NewOpenItem(**owed, amount=Decimal(150), currency="EUR"))
    return "/api/v1/receipts/RC-000001/applications"


def test_who_took_a_statement_in_writes_nothing_off_of_it_alone(short_payment, signed_in):
    amina, edith, ines = signed_in("amina"), signed_in("edith"), signed_in("ines")
    given = {"invoice_no": "INV-000901", "action": "WRITE_OFF"}
    asked = amina.post(short_payment, json=given)
    assert (asked.status_code, asked.json["does"]) == (202, "Apply RC-000001 to INV-000901 and write off 30.00 EUR")
    assert amina.post(f"{asked.headers['Location']}/confirm", json={}).json["code"] == "four_eyes"
    assert edith.post(short_payment, json=given).status_code == 200, "30.00 is below the number, and it is not her statement"
    assert ines.post(f"{asked.headers['Location']}/confirm", json={}).json["code"] == "change_overtaken"


def test_a_write_off_above_the_number_takes_two_and_neither_is_who_took_the_statement_in(short_payment, signed_in, installation):
    amina, edith, ines = signed_in("amina"), signed_in("edith"), signed_in("ines")
    with installation.database.transaction() as tx:
        choose(tx, "second_person.write_off", Decimal("29.99"))
    asked = edith.post(short_payment, json={"invoice_no": "INV-000901", "action": "WRITE_OFF"}).headers["Location"]
    assert amina.post(f"{asked}/confirm", json={}).json["code"] == "four_eyes"
    assert ines.post(f"{asked}/confirm", json={}).status_code == 200
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT open_amount FROM open_item WHERE document_no = 'INV-000901'")).scalar_one() == 0


@pytest.fixture
def late_charge(short_payment, installation):
    """A late charge on INV-000901: interest of thirty days and a fee of 15."""
    with installation.database.transaction() as tx:
        due = tx.execute(text("SELECT due_date FROM open_item WHERE document_no = 'INV-000901'")).scalar_one()
        day = datetime.combine(due + timedelta(days=30), time(9), UTC)
        terms = LateTerms(level=3, fee=Decimal(15), minimum=Decimal(0), rates=[RateFrom(due, Decimal(8))], basis="Our terms")
        charged = charge(tx, "INV-000901", terms, day)
        assert charged.charge_no == "LC-000001"
        return charged.fee + charged.interest


def test_a_late_charge_is_waived_by_one_up_to_the_number_and_above_it_by_two(late_charge, signed_in, installation):
    amina, ines = signed_in("amina"), signed_in("ines")
    waiver = "/api/v1/late-charges/LC-000001/waiver"
    assert amina.post(waiver, json={"reason": "no"}).status_code == 422
    assert amina.post("/api/v1/late-charges/LC-000404/waiver", json={"reason": "Who knows"}).json["code"] == "late_charge_unknown"
    assert amina.post("/finance/late-charges/LC-000001/waive", data={"reason": " "}).status_code == 422
    with installation.database.transaction() as tx:
        choose(tx, "second_person.late_charge", late_charge - Decimal("0.01"))
    asked = amina.post(waiver, json={"reason": "Our letter was late"})
    assert (asked.status_code, asked.json["does"]) == (202, f"Waive late charge LC-000001 of {late_charge:.2f} EUR")
    assert amina.post(f"{asked.headers['Location']}/confirm", json={}).json["code"] == "four_eyes"
    with installation.database.transaction() as tx:
        choose(tx, "second_person.late_charge", late_charge)
    page = amina.post("/finance/late-charges/LC-000001/waive", data={"reason": "Our letter was late"})
    assert page.headers["Location"] == "/finance/late-charges/LC-000001"
    assert "Our letter was late" in amina.get(page.headers["Location"]).text
    assert ines.post(f"{asked.headers['Location']}/confirm", json={}).json["code"] == "change_overtaken"
    assert amina.post(waiver, json={"reason": "Once more"}).json["code"] == "late_charge_settled"


def test_cancelling_many_instances_takes_a_second_operator(signed_in, installation):
    olga, edith = signed_in("olga"), signed_in("edith")
    with installation.database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("checks", m.start() + m.user("check") + m.end(), "start -> check -> done"), "ada")
        for _ in range(3):
            start(installation.runtime, tx, "checks", {})
        choose(tx, "second_person.instances", Decimal(2))
    body = {"verb": "cancel", "chosen": {"process_key": "checks"}, "reason": "The test is over"}
    assert olga.post("/api/v1/batches/preview", json={"verb": "cancel", "chosen": body["chosen"]}).json["for_two"] is True
    asked = olga.post("/api/v1/batches", json=body)
    assert (asked.status_code, asked.json["does"]) == (202, "Cancel 3 instances")
    assert batch_work.work(installation.runtime) == 0
    with installation.database.transaction() as tx:
        start(installation.runtime, tx, "checks", {})
    assert edith.post(f"{asked.headers['Location']}/confirm", json={}).status_code == 200
    assert batch_work.work(installation.runtime) == 3, "it is about those that were found when it was asked for"
    (batch,) = olga.get("/api/v1/batches").json["items"]
    assert (batch["started_by"], batch["total"], batch["chosen_by"]) == ("olga", 3, {"process": "checks"})
    page = olga.post("/operations/batches", data={"verb": "cancel", "process": "checks", "reason": "One is left"})
    assert page.headers["Location"].startswith("/operations/batches/"), "one alone takes no second person"


def packed(bundle, **changed):
    files = {**bundle.files, **changed}
    return {"name": bundle.name, "files": {path: base64.b64encode(content).decode() for path, content in files.items()}, "note": "Clearer"}


@pytest.fixture(scope="module")
def shipped():
    """The bundles of the product by name."""
    return {bundle.name: bundle for bundle in content()}


def newest(installation, name):
    with installation.database.transaction() as tx:
        return tx.execute(text("SELECT max(version) FROM deployment WHERE name = :name"), {"name": name}).scalar_one()


def test_a_process_that_moves_money_is_deployed_by_two(shipped, signed_in, installation):
    deploy_content(installation, actor="ordercraft")
    ravi, ines = signed_in("ravi"), signed_in("ines")
    body = packed(shipped["write-off-accrual"], **{"README.md": b"# Write-offs"})
    asked = ravi.post("/api/v1/deployments", json=body)
    assert (asked.status_code, asked.json["rule"]) == (202, "It moves money: dropship.write_off_accrual.")
    assert newest(installation, "write-off-accrual") == 1
    assert ines.get(asked.headers["Location"]).json["effect"]["README.md"]["to"] == "changed"
    assert ravi.post(f"{asked.headers['Location']}/confirm", json={}).json["code"] == "four_eyes"
    assert ines.post(f"{asked.headers['Location']}/confirm", json={}).status_code == 200
    assert newest(installation, "write-off-accrual") == 2
    back = {"version": 1, "newest": 2, "note": "It was clearer before"}
    assert ravi.post("/api/v1/bundles/write-off-accrual/rollback", json=back).status_code == 202
    harmless = ravi.post("/api/v1/deployments", json=packed(shipped["unheard-message"], **{"README.md": b"# Unheard"}))
    assert harmless.status_code == 201


def test_who_takes_over_the_process_of_another_bundle_needs_somebody_else(shipped, signed_in, installation):
    deploy_content(installation, actor="ordercraft")
    foreign = packed(shipped["unheard-message"]) | {"name": "my-own"}
    same = signed_in("ravi").post("/api/v1/deployments", json=foreign)
    assert (same.status_code, same.json["name"]) == (201, "unheard-message"), "the very same files are in force: nothing is taken over"
    diagram = shipped["unheard-message"].files["unheard-message.bpmn"].replace(b"<bpmn:documentation>", b"<bpmn:documentation>Mine. ", 1)
    asked = signed_in("ravi").post(
        "/api/v1/deployments", json=packed(shipped["unheard-message"], **{"unheard-message.bpmn": diagram}) | {"name": "my-own"}
    )
    assert (asked.status_code, asked.json["rule"]) == (202, "It takes over unheard-message of unheard-message.")
    by_clients = signed_in("edith").post(f"{asked.headers['Location']}/confirm", json={})
    assert by_clients.status_code == 200


def test_a_draft_that_is_changed_while_it_waits_is_not_deployed_and_who_wrote_it_confirms_nothing(signed_in, installation):
    deploy_content(installation, actor="ordercraft")
    ravi, edith, ines = signed_in("ravi"), signed_in("edith"), signed_in("ines")
    draft = "/api/v1/drafts/write-off-accrual"
    ravi.post("/api/v1/drafts", json={"bundle": "write-off-accrual"})

    def save(browser, words):
        file = f"{draft}/files/README.md"
        seen = browser.get(file).headers["ETag"]
        assert browser.put(file, data=words, headers={"If-Match": seen}).status_code < 300

    save(edith, b"# Theirs")
    asked = ravi.post(f"{draft}/deploy", json={"scenarios": False}).headers["Location"]
    assert edith.post(f"{asked}/confirm", json={}).json["code"] == "four_eyes"
    save(ravi, b"# Changed behind their backs")
    assert ines.post(f"{asked}/confirm", json={}).json["code"] == "change_overtaken"
    assert newest(installation, "write-off-accrual") == 1
