"""Imports through the doors: pages, API and the command line."""

import json
from io import BytesIO

from click.testing import CliRunner
from sqlalchemy import text

from api.auth.accounts import add_account
from api.auth.roles import GROUPS
from api.bootstrap import ports
from api.commands.import_ import command
from api.demo.people import PEOPLE
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from handlers.constraints import RULES
from handlers.registry import service_tasks
from tests.applications import application_of

ITEMS = "sku;name;cost\nROPE-9;Rope, 9 m;3,50\nANVIL;Anvil;1.250\n".encode("utf-8-sig")


def test_a_file_is_checked_applied_corrected_and_undone_on_pages(signed_in, installation):
    tom = signed_in("tom")
    refused = tom.post("/master-data/imports", data={"kind": "items", "file": (BytesIO(b"fruit\napple\n"), "fruit.csv")})
    assert (refused.status_code, "fruit" in refused.text) == (422, True)
    checked = tom.post("/master-data/imports", data={"kind": "items", "file": (BytesIO(ITEMS), "items.csv")})
    page = tom.get(checked.location)
    assert "may mean a thousand or a fraction" in page.text
    assert "Apply 1 row" in page.text
    assert tom.post(f"{checked.location}/apply").location == checked.location
    assert b"ANVIL" in tom.get(f"{checked.location}/to-correct.csv").data
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT name FROM item WHERE sku = 'ROPE-9'")).scalar_one() == "Rope, 9 m"
    tom.post(f"{checked.location}/undo")
    assert "Undone" in tom.get(checked.location).text
    assert tom.get("/master-data/imports/kinds/items/template.xlsx").data[:2] == b"PK"
    assert "Standard cost" in tom.get("/master-data/imports/kinds/items").text


def test_a_file_on_pages_is_brought_in_and_undone_by_whoever_has_the_role_of_its_kind(signed_in, installation):
    tom, jonas = signed_in("tom"), signed_in("jonas")
    refused = jonas.post("/master-data/imports", data={"kind": "items", "file": (BytesIO(ITEMS), "items.csv")})
    assert (refused.status_code, "it needs the role order" in refused.text) == (422, True)
    checked = tom.post("/master-data/imports", data={"kind": "items", "file": (BytesIO(ITEMS), "items.csv")})
    assert jonas.post(f"{checked.location}/apply").status_code in {403, 422}
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM item WHERE sku = 'ROPE-9'")).scalar_one() == 0


def test_a_file_by_api_is_answered_row_by_row_and_needs_the_role_of_its_kind(signed_in):
    tom = signed_in("tom")
    address = "/api/v1/imports/kinds/items"
    dry = tom.post(f"{address}?dry_run=true&file_name=items.csv", data=ITEMS, content_type="text/csv")
    assert dry.status_code == 201
    assert (dry.json["summary"]["state"], dry.json["summary"]["counts"]["ADD"]) == ("CHECKED", 1)
    assert list(dry.json["wrong"][0]["errors"]) == ["cost"]
    number = dry.json["summary"]["id"]
    assert tom.post(f"/api/v1/imports/{number}/apply", json={}).json["summary"]["state"] == "APPLIED"
    assert tom.post(address, data=ITEMS, content_type="text/csv").json["summary"]["id"] == number
    assert [row["line_no"] for row in tom.get(f"/api/v1/imports/{number}/rows?verdict=ADD").json["items"]] == [2]
    assert tom.post("/api/v1/imports/kinds/suppliers", data=b"a", content_type="text/csv").status_code == 403
    assert tom.post(f"{address}", data=b"a\xff", content_type="text/csv").json["code"] == "import_unreadable"
    assert tom.get("/api/v1/imports/kinds/fruit/template").status_code == 404
    assert "tax-rates" in [kind["code"] for kind in tom.get("/api/v1/imports/kinds").json["items"]]
    assert signed_in("jonas").post(f"/api/v1/imports/{number}/undo", json={}).status_code == 403


def test_a_file_on_the_command_line_exits_by_its_rows(installation, monkeypatch, tmp_path):
    monkeypatch.setattr("api.commands.import_.build", lambda _: installation)
    monkeypatch.setattr(installation.database, "close", lambda: None)
    (tmp_path / "items.csv").write_bytes(ITEMS)
    run = CliRunner().invoke
    checked = run(command, ["check", "items", str(tmp_path / "items.csv")])
    assert (checked.exit_code, "line 3: cost" in checked.output) == (1, True)
    mended = tmp_path / "mended.csv"
    applied = run(command, ["apply", "items", str(tmp_path / "items.csv"), "--to-correct", str(mended), "--json"])
    assert json.loads(applied.output.splitlines()[-1])["summary"]["counts"]["ADD"] == 1
    mended.write_bytes(mended.read_bytes().replace(b"1.250", b"1250"))
    assert run(command, ["apply", "items", str(mended)]).exit_code == 0
    assert "sku" in run(command, ["template", "items"]).output
    assert run(command, ["undo", "1"]).exit_code == 0


def test_a_company_says_who_it_is_on_a_page_and_opens_its_books(database):
    runtime = Runtime(database, service_tasks(), ports(), NullDispatcher(), constraints=RULES)
    with database.transaction() as tx:
        add_account(tx, PEOPLE[-1])
    browser = application_of(Product(Settings(), database, runtime, demo=True, groups=GROUPS)).test_client()
    browser.post("/login", data={"persona": "edith"})
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
    assert "Saving it opens the books" in browser.get("/master-data/company").text
    wrong = browser.post("/master-data/company", data={"name": "Acme", "country": "XX", "currency": "EUR"})
    assert (wrong.status_code, "ISO 3166" in wrong.text) == (422, True)
    saved = browser.post("/master-data/company", data={"name": "Acme", "country": "AT", "currency": "EUR", "iban": "AT611904300234573201"})
    assert saved.location == "/master-data/company?done=changed"
    with database.transaction() as tx:
        assert tx.execute(text("SELECT currency FROM ledger_book")).scalar_one() == "EUR"
        assert tx.execute(text("SELECT iban FROM house_bank_account")).scalar_one() == "AT611904300234573201"
