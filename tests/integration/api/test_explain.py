import pytest
from sqlalchemy import insert, text

from api.commands.explain import _ids, _instances
from api.content import deploy_content
from engine.problems import NotFound
from engine.runtime.read.explain import explain
from engine.runtime.verbs.deploy import deploy
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.runtime.verbs.start import StartOptions, start
from engine.store.tables import incident
from tests import tiny_models as m


def test_an_order_and_its_purchase_order_mean_every_instance_of_the_order(installation, signed_in):
    deploy_content(installation, actor="test")
    body = {"customer_no": "C-1001", "customer_po": "PO-4711", "lines": [{"sku": "PUMP-40", "quantity": "2"}]}
    order_no = signed_in("tom").post("/api/v1/orders", json=body).json["order_no"]
    run_until_idle(installation.runtime)
    with installation.database.transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM fulfil_group")).scalar_one() == 1
        by_order = _ids(tx, order_no)
        assert by_order == _ids(tx, "PO-4711")
        keys = [key for _, key, _ in _instances(tx, by_order)]
    assert keys == [order_no, "FG-000001"]  # one transaction began both: the order's process began the other


def test_what_nothing_is_called_is_refused_by_name(database):
    with database.transaction() as tx, pytest.raises(NotFound, match="'SO-9'"):
        _ids(tx, "SO-9")


def test_whoever_waits_for_what_has_failed_far_below_is_led_to_the_cause(installation, signed_in, monkeypatch):
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    with installation.database.transaction() as tx:
        deploy(installation.runtime, tx, m.bundle("loads", m.start() + m.user("load", candidateGroups="sales") + m.end(), _FLOWS), "ada")
        train, wagon, crate, other = (start(installation.runtime, tx, "loads", {}, StartOptions(business_key=key)) for key in _KEYS)
        for above, below in ((train, wagon), (wagon, crate), (train, other)):
            tx.execute(text("UPDATE instance SET started_by_instance_id = :above WHERE id = :below"), {"above": above, "below": below})
        tx.execute(text("UPDATE instance SET state = 'incident' WHERE id = :id"), {"id": crate})
        tx.execute(insert(incident).values(instance_id=crate, state="open", element_id="load", **_SPLIT))
    olga = signed_in("olga")
    (cause,) = olga.get(f"/api/v1/instances/{train}/explanation").json["causes"]
    assert (cause["business_key"], cause["depth"], cause["message"]) == ("CRATE-3", 2, "The crate is split")
    page = olga.get(f"/operations/instances/{train}").text
    assert "The cause is" in page
    assert f'href="/operations/instances/{crate}"' in page
    deepest = olga.get(f"/operations/instances/{crate}").text
    assert deepest.index("TRAIN-1") < deepest.index("WAGON-2") < deepest.index("CRATE-3</h1>")
    with installation.database.transaction() as tx:
        assert explain(tx, other).causes == ()


_FLOWS = "start -> load -> done"
_KEYS = ("TRAIN-1", "WAGON-2", "CRATE-3", "WAGON-4")
_SPLIT = {"kind": "failed", "message": "The crate is split", "next_step": "Mend it, and retry.", "fingerprint": "f1", "attempt": 1}
