"""The pages of what is deployed, on the bundles of the product."""

import re
from html import unescape
from io import BytesIO

import pytest

from api.content import content, deploy_content
from engine.models.archive import write_archive
from engine.models.bundle import Bundle
from engine.runtime.verbs.start import start
from tests import tiny_models as m
from tests.unit.ui.conftest import statements

#: Lists with as many addresses as there are filters.
_FILTERED = re.compile(r"(service-tasks|what-happened)\?")
TABS = ("diagram", "decisions", "forms", "scenarios", "readme", "files", "versions")


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def at_work(installation):
    """An installation with the product's own processes."""
    deploy_content(installation, actor="the product")
    return installation


@pytest.fixture
def sara(at_work, signed_in):
    """Somebody who may only read."""
    return signed_in("sara")


def test_everybody_reads_every_part_of_every_bundle_and_no_link_leads_nowhere(sara):
    assert 'href="/processes">Processes</a>' in sara.get("/").text
    pages = [f"/processes/{bundle.name}?show={tab}" for bundle in content() for tab in TABS]
    seen, waiting = set(), ["/processes", "/processes/landscape", *pages]
    while waiting:
        address = waiting.pop()
        answer = sara.get(address)
        assert answer.status_code == 200, address
        if address.startswith("/processes") and answer.mimetype == "text/html":
            seen.add(address)
            links = {unescape(link).partition("#")[0] for link in re.findall(r'href="(/processes[^"]*)"', answer.text)}
            waiting += [
                link for link in links if link not in seen and link not in waiting and len(seen) < 250 and not _FILTERED.search(link)
            ]
            seen |= links


def test_a_version_is_shown_on_a_constant_number_of_statements(sara, at_work):
    counts = {}
    for tab in TABS:
        for name in ("order-to-promise", "manual-journal"):
            with statements(at_work.database) as sent:
                sara.get(f"/processes/{name}?show={tab}")
            counts.setdefault(tab, set()).add(len(sent))
    assert {tab: len(found) for tab, found in counts.items()} == dict.fromkeys(TABS, 1)
    assert max(max(found) for found in counts.values()) <= 12


def test_the_steps_of_a_diagram_lead_to_what_they_name(sara):
    page = unescape(sara.get("/processes/quote-to-order").text)
    for link in (
        "/processes/service-tasks?name=quoting.price_quote",
        "/processes/quote-to-order/versions/1?show=forms&form=approve-quote",
        "/processes/quote-to-order/versions/1?show=decisions#decision-approvers",
        "/processes/landscape#message-quote.accepted",
        "#step-find_approvers",
    ):
        assert f'href="{link}"' in page, link
    assert "count(approver_groups) > 0" in page
    dropship = unescape(sara.get("/processes/dropship").text)
    assert 'href="/processes/dropship/versions/1?diagram=agree-with-supplier.bpmn"' in dropship


def test_a_decision_a_form_and_a_scenario_are_read_without_an_editor(sara):
    decisions = unescape(sara.get("/processes/quote-to-order?show=decisions").text)
    assert "<code>< -35</code>" in decisions
    assert "Far below the floor" in decisions
    assert "The largest of every matching rule" in decisions
    assert "distinct values(groups_asked[item != null])" in decisions
    form = sara.get("/processes/quote-to-order?show=forms&form=revise-quote").text
    assert "New discount on the whole quote" in form
    assert "at most 2 decimals" in form
    scenarios = sara.get("/processes/quote-to-order?show=scenarios").text
    assert "4 hours pass." in scenarios
    assert "The message quote.accepted comes in for quote_no “Q-000045”" in scenarios
    assert "<h2>Quote to order</h2>" in sara.get("/processes/quote-to-order?show=readme").text


def test_the_landscape_says_who_sends_what_to_whom(sara):
    page = sara.get("/processes/landscape").text
    row = page[page.index('id="message-order.received"') :].partition("</tr>")[0]
    assert "/processes/quote-to-order#step-" in row
    assert "/processes/order-to-promise#step-" in row
    assert "<title>Quote to order to Order to promise: order.received</title>" in page
    ties = sara.get("/api/v1/landscape").json["ties"]
    assert {"source": "quote-to-order", "target": "order-to-promise", "messages": ["order.received"], "calls": False} in ties


@pytest.fixture
def checks(installation, signed_in):
    """A bundle of two versions, an instance of the first, and an analyst."""
    ravi = signed_in("ravi")
    for group, note in (("sales", "First"), ("finance", "Finance checks from now on")):
        bundle = m.bundle("checks", m.start() + m.user("check", candidateGroups=group) + m.end(), "start -> check -> done")
        made = sent(ravi, bundle, note)
        assert made.headers["Location"] == "/processes/checks?show=versions&done=imported"
        if group == "sales":
            with installation.database.transaction() as tx:
                start(installation.runtime, tx, "checks", {})
    return ravi


def sent(client, bundle, note="", name="checks"):
    form = {"name": name, "note": note, "archive": (BytesIO(write_archive(bundle)), "checks.zip")}
    return client.post("/processes", data=form, content_type="multipart/form-data")


def test_a_zip_that_does_not_pass_the_check_is_refused_with_everything_that_was_found(checks, signed_in):
    wrong = m.bundle("checks", m.start() + m.user("check", candidateGroups="nobody") + m.end(), "start -> check -> done")
    refused = sent(checks, wrong, "Kept note")
    assert refused.status_code == 422
    assert "which does not exist" in refused.text
    assert "Kept note</textarea>" in refused.text
    assert sent(checks, Bundle("checks", {"../a.bpmn": b"<a/>"})).status_code == 422
    assert "no name of a bundle" in sent(checks, wrong, name="Checks & more").text
    assert "Zip is missing" in checks.post("/processes", data={"name": "checks"}).text
    assert sent(signed_in("sara"), wrong).status_code == 403
    assert "Import a zip" not in signed_in("sara").get("/processes").text


def test_a_zip_is_imported_on_the_page_of_its_bundle_and_refused_there(checks, signed_in):
    page = checks.get("/processes/checks").text
    assert '<input type="hidden" name="name" value="checks">' in page
    assert 'id="import" aria-labelledby="import-title">' in page
    refused = checks.post("/processes", data={"name": "checks", "into": "checks", "note": "Kept note"})
    assert refused.status_code == 422
    assert "Zip is missing" in refused.text
    assert "Kept note</textarea>" in refused.text
    assert 'aria-labelledby="import-title" data-opened' in refused.text
    assert "<li>checks</li>" in refused.text
    assert "Deployed bundles" in checks.post("/processes", data={"name": "nowhere", "into": "nowhere"}).text
    assert "Import…" not in signed_in("sara").get("/processes/checks").text


def test_the_list_of_processes_is_a_file_too(checks):
    head, *rows = checks.get("/processes.csv?q=check").get_data(as_text=True).lstrip("\ufeff").splitlines()
    assert head == "Process,Bundle,Processes,Version,Since,Deployed by,Note,Under way,Stuck"
    assert len(rows) == 1
    assert ",checks," in rows[0]
    assert rows[0].endswith(",ravi,Finance checks from now on,1,0")
    assert len(checks.get("/processes.csv?q=nothing").get_data(as_text=True).splitlines()) == 1
    assert 'href="/processes.csv?q=check"' in checks.get("/processes?q=check").text


def test_versions_are_compared_and_rolled_back_once_it_is_seen_what_that_changes(checks, signed_in):
    page = checks.get("/processes/checks/diff?from=1&to=2").text
    assert "Candidate groups" in page
    assert '<code class="old">sales</code>' in page
    assert '<code class="new">finance</code>' in page
    touched = page[page.index('aria-labelledby="touched"') :].partition("</section>")[0]
    assert re.search(r'<td class="number">1</td>', touched)
    assert "Roll back to version" not in page
    back = "/processes/checks/diff?from=2&to=1"
    assert "Roll back to version 1" in checks.get(back).text
    assert "Roll back to version 1" not in signed_in("sara").get(back).text
    wanted = {"from": "2", "to": "1", "reason": "Finance is away"}
    assert signed_in("sara").post("/processes/checks/rollback", data=wanted).status_code == 403
    assert "is missing" in checks.post("/processes/checks/rollback", data={**wanted, "reason": ""}).text
    done = checks.post("/processes/checks/rollback", data=wanted)
    assert done.headers["Location"] == "/processes/checks?show=versions&done=rolled-back"
    assert "Rolled back to version 1: Finance is away" in checks.get("/processes/checks?show=versions").text
    late = checks.post("/processes/checks/rollback", data=wanted)
    assert (late.status_code, "Version 3 of checks was deployed meanwhile" in late.text) == (422, True)
    assert "Nothing differs" in checks.get("/processes/checks/diff?from=1&to=3").text


def test_an_analyst_retires_a_process_on_the_page_of_its_bundle_and_says_why(checks, signed_in):
    page = "/processes/checks?show=versions"
    (address,) = re.findall(r'action="(/processes/checks/retire/\d+)"', checks.get(page).text)
    refused = checks.post(address, data={"reason": " "})
    assert refused.status_code == 422
    assert "Why (goes to the audit log) is missing" in refused.text
    assert checks.post(address, data={"reason": "Done by hand"}).headers["Location"] == f"{page}&done=retired"
    assert "Retire…" not in checks.get(page).text
    assert "Retired" in checks.get(page).text
    assert signed_in("sara").post(address, data={"reason": "Done by hand"}).status_code == 403
    assert checks.get("/operations/processes").headers["Location"] == "/processes"


def test_what_is_not_there_is_told(sara):
    for address in ("nothing", "quote-to-order/versions/99", "quote-to-order/diff?from=1&to=99", "quote-to-order/versions/1/files/no.bpmn"):
        assert sara.get(f"/processes/{address}").status_code == 404
    assert sara.get("/processes/quote-to-order/versions/99999999999999").status_code == 422
    assert "No process fits this search" in sara.get("/processes?q=zzz").text
