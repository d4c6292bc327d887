"""The page of what happened: its figures, ways and filters, without a browser."""

import json
import re
from html import unescape

import pytest

from engine.mining.figures import ElementFigures, FlowFigures, Spread
from tests.browser.test_processes import deploy_change
from tests.unit.ui.conftest import statements
from ui.formats import lasting
from ui.heat import island, scale_of

PAGE = "/processes/clear-load/what-happened"


def told(page: str) -> dict:
    """What the diagram's island is given."""
    found = re.search(r'data-role="heat">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


@pytest.fixture
def ran(site):
    """One load was cleared and has left, another waits to be cleared."""
    site.start("L-1", customer="Möbelhaus")
    site.complete(decision="go", pallets=3)
    site.start("L-2")
    return site


def test_a_bundle_that_never_ran_says_what_will_be_seen_here(client):
    page = client.get(PAGE).text
    assert "Nothing has run yet" in page
    assert "process-diagram" not in page
    assert client.get("/processes/nothing/what-happened").status_code == 404


def test_steps_ways_and_bottlenecks_stand_on_the_page_and_the_diagram_says_the_same(client, ran):
    page = client.get(PAGE).text
    assert "2 instances of version 1: 1 completed, 1 under way, 0 cancelled" in page
    heat = told(page)
    assert heat["measures"]["frequency"]["elements"]["load_ready"] == [5, "2", "done 2 times"]
    assert heat["measures"]["frequency"]["elements"]["clear_load"][1:] == ["1", "done 1 time, 1 there now"]
    assert len(heat["ways"]) == 2
    for way, passed in heat["ways"].items():
        assert f'data-way="{way}"' in page
        assert "load_ready" in passed["elements"]
    assert 'href="#step-clear_load"' in page  # the one that waits is a bottleneck
    assert unescape(page).count("The most frequent way") == 1


def test_a_filter_finds_less_or_nothing_and_keeps_what_was_typed(client, ran):
    assert "1 instance of version 1" in client.get(f"{PAGE}?state=completed").text
    assert "1 instance of version 1" in client.get(f"{PAGE}?key=L-2").text
    nothing = client.get(f"{PAGE}?until=2001-01-01&variable=load_no%3DL-9").text
    assert "No instance fits this filter" in nothing
    assert 'value="2001-01-01"' in nothing


def test_a_filter_that_cannot_be_read_is_marked_at_its_field(client, ran):
    refused = client.get(f"{PAGE}?from=soon&variable=load_no")
    assert refused.status_code == 422
    assert 'name="from" value="soon" aria-invalid="true"' in refused.text
    assert "This is no day" in refused.text
    assert "This reads name=value" in refused.text
    for query in ("version=7", "version=0", "version=99999999999", "version=two", "until=9999-12-31", "compare=1&b_from=soon"):
        assert client.get(f"{PAGE}?{query}").status_code == 422, query


def test_the_table_is_sorted_by_its_heads(client, ran):
    def order(address: str) -> list[str]:
        return re.findall(r'<tr id="step-(\w+)"', client.get(address).text)

    assert order(PAGE)[0] == "load_ready"
    assert order(f"{PAGE}?sort=running")[0] == "clear_load"
    assert order(f"{PAGE}?sort=-done")[-1] == "load_ready"
    assert 'aria-sort="descending"><a href="/processes/clear-load/what-happened?sort=-done#steps">' in client.get(f"{PAGE}?sort=done").text


def test_two_versions_stand_side_by_side_per_instance_on_one_scale(client, ran):
    deploy_change(ran)
    ran.start("L-3")
    page = client.get(f"{PAGE}?compare=1&version=1&b_version=2").text
    assert page.count("<process-diagram") == 2
    assert "2 instances of version 1" in page
    assert "1 instance of version 2" in page
    row = re.search(r"<tr id=\"step-book_ramp\".*?</tr>", page, re.DOTALL)
    assert row
    assert re.findall(r"[+\u2212]?\d\.\d\d", row[0]) == ["0.50", "\u22120.50"]  # in the first every second load left, in the second none


def test_the_page_takes_a_constant_number_of_statements(client, ran):
    counts = set()
    for number in range(2):
        with statements(ran.database) as sent:
            client.get(PAGE)
        counts.add(len(sent))
        ran.start(f"L-1{number}")
    assert len(counts) == 1
    assert counts.pop() <= 24


def test_the_steps_come_as_csv_in_seconds(client, ran):
    answer = client.get(f"{PAGE}.csv?state=completed")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="clear-load-what-happened.csv"'
    assert "Clear load,clear_load,User task,,1,0,0,0," in answer.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "\u2013"),
        (0, "0"),
        (0.01, "0.1 s"),
        (0.25, "0.2 s"),
        (59, "59 s"),
        (90, "1.5 min"),
        (7200, "2 h"),
        (47 * 3600, "47 h"),
        (6 * 86400, "6 d"),
    ],
)
def test_durations_are_written_as_people_say_them(seconds, text):
    assert lasting(seconds) == text


def figure(name: str, **more) -> ElementFigures:
    return ElementFigures(name, name, "Task", "", "a.bpmn", **more)


def test_heat_is_told_in_five_levels_and_a_level_of_whole_numbers_that_holds_none_is_no_level():
    steps = [figure("rare", done=1), figure("often", done=3, waiting=Spread(3600, 60, 90))]
    scale = scale_of([(steps, 4)])
    assert scale.legend("frequency") == [(2, "1"), (4, "2"), (5, "3")]
    assert [level for level, _ in scale.legend("waiting")] == [1, 2, 3, 4, 5]
    assert scale.legend("working") == []
    flows = [FlowFigures("f", "", "often", "x", "a.bpmn", 2), FlowFigures("g", "", "often", "y", "a.bpmn", 1)]
    heat = island(scale, (steps, flows), 4, ())["measures"]
    assert heat["frequency"]["elements"]["rare"] == [2, "1", "done 1 time"]
    assert heat["frequency"]["flows"] == {"f": [4, "2"], "g": [2, "1"]}
    assert heat["waiting"]["elements"] == {"often": [5, "1 h", "waited 1 h in all, half of them at most 1 min"]}
    assert heat["working"]["elements"] == {}
