"""Every invariant holds on a company that was only used, and each of its parts is broken by tampering."""

from importlib import import_module
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.invariants import all_invariants, check_all
from tests.integration.invariants.tampering import Tamper, noticed_by


def tampers() -> list[Tamper]:
    """What the files beside this one tamper with."""
    modules = (import_module(f"{__package__}.{path.stem}") for path in sorted(Path(__file__).parent.glob("test_*.py")))
    return [tamper for module in modules for tamper in getattr(module, "TAMPERED", ())]


def test_a_company_that_was_only_used_breaks_no_invariant(lived_in):
    with lived_in.transaction() as tx:
        assert [(each.id, each.examples) for each in check_all(tx) if not each.ok] == []


def test_every_invariant_has_a_sentence_and_every_tamper_names_an_invariant():
    invariants = all_invariants()
    assert [each.id for each in invariants if not each.sentence.endswith(".")] == []
    assert {tamper.invariant_id for tamper in tampers()} - {each.id for each in invariants} == set()


def test_no_invariant_is_without_somebody_who_tampers_with_it(lived_in):
    noticed = {invariant for tamper in tampers() for invariant in noticed_by(lived_in, tamper)}
    assert [(each.id, each.sentence) for each in all_invariants() if each not in noticed] == []


def test_the_parts_that_several_capabilities_hold_of_one_invariant_are_one_answer_with_their_violations_added_up(lived_in):
    with lived_in.engine.connect() as connection, connection.begin() as transaction:
        tx = Session(connection)
        ids = [answer.id for answer in check_all(tx)]
        assert len(set(ids)) == len(ids)
        tx.execute(text("UPDATE stock_balance SET reserved = reserved - 1 WHERE reserved > 0"))  # the stock's part of INV-04
        tx.execute(text("UPDATE fulfil_line SET qty_reserved = 1 WHERE qty_shipped = 0"))  # the orders' part of it
        (reserved,) = (answer for answer in check_all(tx) if answer.id == "INV-04")
        transaction.rollback()
    assert reserved.violations == len(reserved.examples) == 3
    assert {"sku", "fulfil_line_id"} <= set().union(*reserved.examples)
