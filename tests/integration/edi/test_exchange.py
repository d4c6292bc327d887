"""EDI files come and go by a folder and by a real SFTP server: whole, once, and with somebody to see to what goes wrong."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from api.exchanges import exchange_of
from api.notices.sending import Outward
from api.settings import Settings
from engine.problems import Invalid
from engine.runtime.state import effects
from engine.runtime.state.effects import EffectSink
from handlers.edi.exchange import Exchange, ExchangeAway
from handlers.edi.folder_place import FolderPlace
from handlers.edi.picking_up import PickUp
from handlers.edi.sftp_place import SftpPlace
from handlers.parties.policy import choose
from tests.integration.at_work import settle
from tests.integration.edi.conftest import Desk
from tests.integration.edi.sftp import sftp_server
from tests.unit.edi.interchanges import ORDER_850, x12

TASKS = "SELECT title, form_data->>'reason' FROM user_task WHERE element_id = 'see_to_it' ORDER BY created_at"


@contextmanager
def by(kind, root):
    if kind == "folder":
        yield FolderPlace(root)
    else:
        with sftp_server(root) as access:
            yield SftpPlace(access)


def names(root, folder):
    return sorted(each.name for each in (root / folder).iterdir())


def exchanging(desk, exchange):
    """The same company with an exchange."""
    sink = Outward(Settings(), desk.runtime.database, exchange)
    return Desk(replace(desk.runtime, ports={**desk.runtime.ports, EffectSink: sink, Exchange: exchange}))


@pytest.mark.parametrize("kind", ["folder", "sftp"])
def test_files_that_came_are_taken_in_once_and_ours_are_put_out_whole(desk, tmp_path, kind):
    with by(kind, tmp_path) as place:
        exchange = Exchange(place, 5_000)
        desk, look = exchanging(desk, exchange), PickUp(exchange)
        assert look(desk.runtime) == 0
        inbox = tmp_path / "inbox"
        (inbox / "orders.edi").write_bytes(x12(ORDER_850)[:300])
        (inbox / "later.edi.tmp").write_bytes(x12(ORDER_850))
        (inbox / "hello.txt").write_bytes(b"Good morning")
        (inbox / "much.edi").write_bytes(b"ISA" * 2_000)
        assert look(desk.runtime) == 0  # nobody knows yet whether they are whole
        (inbox / "orders.edi").write_bytes(x12(ORDER_850))
        assert look(desk.runtime) == 2  # what cannot be read is put away; the order has grown meanwhile
        assert look(desk.runtime) == 1
        settle(desk.runtime)
        assert names(tmp_path, "inbox") == ["later.edi.tmp"]
        assert [name.split("-")[0] for name in names(tmp_path, "archive")] == ["orders"]
        assert [name.split("-")[0] for name in names(tmp_path, "failed")] == ["hello", "hello", "much", "much"]
        assert "no interchange" in (tmp_path / "failed" / names(tmp_path, "failed")[1]).read_text()
        assert [title for title, _ in desk.rows(TASKS)] == ["EDI: see to the file hello.txt", "EDI: see to the file much.edi"]
        assert desk.rows("SELECT customer_po FROM sales_order") == [("PO-4711",)]
        assert desk.rows("SELECT count(*) FROM edi_interchange WHERE direction = 'IN'") == [(1,)]

        effects.deliver(desk.runtime)
        put = names(tmp_path, "outbox")
        assert [name.rsplit("-", 1)[0] for name in put] == ["COYOTE-X12-855", "COYOTE-X12-ACK"]
        ((content,),) = desk.rows("SELECT raw FROM edi_interchange WHERE direction = 'OUT'")
        assert (tmp_path / "outbox" / put[0]).read_bytes() == bytes(content)
        with desk.runtime.database.transaction() as tx:
            for (key,) in desk.rows("SELECT key FROM effect WHERE state = 'sent'"):
                effects.send_again(tx, key)
        effects.deliver(desk.runtime)
        assert names(tmp_path, "outbox") == put
        assert desk.rows("SELECT state, answer->>'was_there' FROM effect WHERE target LIKE 'X12 %'") == [("sent", "true")] * 2


def test_while_the_exchange_is_away_papers_wait_and_an_operator_is_told_once(desk, tmp_path):
    root = tmp_path / "mount"
    exchange = Exchange(FolderPlace(root), 5_000)
    desk, look = exchanging(desk, exchange), PickUp(exchange)
    look(desk.runtime)
    settle(desk.runtime)
    assert desk.rows(TASKS) == []
    with desk.runtime.database.transaction() as tx:
        choose(tx, "edi.exchange_away_minutes", 0)
    look(desk.runtime)
    look(desk.runtime)
    desk.send(x12(ORDER_850))
    effects.deliver(desk.runtime)
    ((title, reason),) = desk.rows(TASKS)
    assert (title, reason) == (f"EDI: see to the exchange {root}", f"The EDI folder {root} does not let us work: No such folder.")
    assert desk.rows("SELECT DISTINCT state FROM effect WHERE target LIKE 'X12 %'") == [("pending",)]
    root.mkdir()
    look(desk.runtime)
    assert desk.rows("SELECT failing_since, problem FROM edi_exchange") == [(None, "")]
    with desk.runtime.database.transaction() as tx:
        for (key,) in desk.rows("SELECT key FROM effect WHERE state = 'pending' AND target LIKE 'X12 %'"):
            effects.send_again(tx, key)
    effects.deliver(desk.runtime)
    assert len(names(root, "outbox")) == 2


def test_a_server_with_another_key_or_that_does_not_know_us_is_told_nothing(tmp_path):
    with sftp_server(tmp_path) as access, sftp_server(tmp_path) as other:
        for wrong in (replace(access, host_key=other.host_key), replace(access, password="guess")):
            with pytest.raises(ExchangeAway, match=f"sftp://us@127.0.0.1:{access.port}"):
                Exchange(SftpPlace(wrong), 100).put("a.edi", b"ISA")
    assert list(tmp_path.iterdir()) == []


def test_without_an_exchange_nothing_is_sent_and_the_ledger_says_so(desk):
    desk = exchanging(desk, exchange_of(Settings()))
    desk.send(x12(ORDER_850))
    effects.deliver(desk.runtime)
    ((state, why),) = desk.rows("SELECT DISTINCT state, answer->>'why' FROM effect WHERE target LIKE 'X12 %'")
    assert (state, why.split(":")[0]) == ("kept", "No EDI exchange is configured")
    for address in ("sftp://nowhere", "sftp://us:secret@host/in", "sftp://us@host:x/in", "sftp://us@host/in"):
        with pytest.raises(Invalid) as refused:
            exchange_of(Settings(edi_exchange=address))
        assert refused.value.code == "setting_wrong"
        assert "secret" not in refused.value.detail
