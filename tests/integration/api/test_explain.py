import pytest
from sqlalchemy import text

from api.commands.explain import _ids, _instances
from api.content import deploy_content
from engine.problems import NotFound
from engine.runtime.verbs.run_until_idle import run_until_idle


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
