"""What the check asks of a diagram, and what becomes of each word: pages and API."""

import pytest

from engine.models.examples import rules


@pytest.fixture(autouse=True)
def without_islands(monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())


@pytest.fixture
def sara(installation, signed_in):
    """Somebody who may only read."""
    return signed_in("sara")


def test_each_rule_has_a_page_with_a_wrong_and_a_right_example(sara):
    for rule in rules():
        page = sara.get(f"/processes/rules?name={rule.name}").text
        assert f'data-rule="{rule.name}"' in page
        assert 'class="example-line"' in page
    page = sara.get("/processes/rules?name=deadlock").text
    assert "waits for ever for &#39;High&#39; (high): Start → Gate → Low." in page
    assert '<span class="example-line">&lt;bpmn:parallelGateway id=&#34;join&#34;' in page


def test_rules_are_searched_and_what_no_rule_tells_says_so(sara):
    page = sara.get("/processes/rules?q=parallel+join").text
    assert "deadlock" in page
    assert "timer-without-time" not in page
    assert "No rule fits this search" in sara.get("/processes/rules?q=zzz").text
    assert "There is no rule xml" in sara.get("/processes/rules?name=xml").text
    listed = sara.get("/api/v1/modeling/rules").json["items"]
    assert {each["name"] for each in listed} == {each.name for each in rules()}


def test_each_word_is_listed_with_what_becomes_of_it(sara):
    page = sara.get("/processes/words?vocabulary=zeebe&fate=refused&q=subscription").text
    assert "zeebe:subscription" in page
    assert "correlation" in page
    assert "zeebe:taskSchedule" not in page
    assert "isImmediate of sequenceFlow" in sara.get("/processes/words").text
    assert "No word fits" in sara.get("/processes/words?q=zzz").text
    words = {(each["vocabulary"], each["word"]): each["fate"] for each in sara.get("/api/v1/modeling/words").json["items"]}
    assert words["bpmn", "adHocSubProcess"] == "refused"
    assert words["bpmn", "userTask"] == "runs"
    assert words["camunda", "@topic"] == "runs"
