"""Papers are made in a process of their own: what becomes of it when that process dies, and how big the others stay."""

import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from threading import Barrier, Thread

import psutil
import pytest

from engine.service_tasks import Broken
from handlers.documents import pdf
from handlers.documents import press as press_module
from handlers.documents.payment import payment_code
from handlers.documents.press import Press, PressFailed

US = {"name": "Ordercraft", "iban": "AT611904300234573201", "bic": ""}


@pytest.fixture
def press():
    made = Press()
    yield made
    made.close()


def test_a_child_is_kept_warm_for_the_next_paper(press):
    assert press.do(os.getpid) == press.do(os.getpid) != os.getpid()


def test_a_child_that_was_killed_is_replaced_and_the_paper_is_made_all_the_same(press):
    dead = press.do(os.getpid)
    os.kill(dead, signal.SIGKILL)
    assert press.do(os.getpid) not in {dead, os.getpid()}


def test_work_that_kills_two_children_is_not_tried_a_third_time(press):
    with pytest.raises(PressFailed, match=r"ended twice, or took too long, over posix\._exit"):
        press.do(os._exit, 3)
    assert press.do(os.getpid) != os.getpid()


def test_work_that_takes_too_long_is_given_up(press, monkeypatch):
    monkeypatch.setattr(press_module, "_LONGEST", 0.5)
    with pytest.raises(PressFailed, match=r"took too long, over time\.sleep"):
        press.do(time.sleep, 60)


def test_an_error_is_told_as_the_child_says_it_and_the_child_goes_on(press):
    child = press.do(os.getpid)
    with pytest.raises(PressFailed, match="FileNotFoundError.*no such place"):
        press.do(os.listdir, "/no such place")
    assert press.do(os.getpid) == child


def test_what_no_retry_heals_comes_with_its_next_step(press):
    with pytest.raises(Broken, match="The package of fonts no_such_fonts is not installed.") as raised:
        press.do(pdf._folder, "no_such_fonts")
    assert raised.value.next_step.startswith("Run `make run`")


def test_what_a_library_prints_is_no_answer(press):
    assert press.do(print, "a warning of a library") is None
    assert press.do(os.getpid) != os.getpid()


def test_a_child_makes_room_after_much_work(press, monkeypatch):
    monkeypatch.setattr(press_module, "_MOST_WORK", 2)
    first = press.do(os.getpid)
    assert press.do(os.getpid) == first
    assert press.do(os.getpid) != first


def test_many_ask_at_once_and_each_gets_its_own_answer(press):
    at_once, answers = Barrier(8), {}

    def ask(number: int) -> None:
        at_once.wait()
        answers[number] = press.do(divmod, number, 3)

    threads = [Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: divmod(number, 3) for number in range(8)}
    assert press.spent > 0


def test_the_process_that_asks_loads_nothing_that_prints(tmp_path):
    template = tmp_path / "paper.typ"
    template.write_text("A paper.", encoding="utf-8")
    asks = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path; from handlers.documents import pdf; "
        "from handlers.billing.en16931 import validate_invoice; "
        "assert pdf.print_pdf_plain(Path(sys.argv[1]), {}, datetime.now(UTC))[:4] == b'%PDF'; assert validate_invoice(b'<Invoice/>'); "
        "print([name for name in ('typst', 'saxonche', 'facturx', 'segno') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", asks, str(template)], capture_output=True, text=True, check=False)
    assert told.stdout.strip() == "[]", told.stderr


def test_a_child_ends_with_the_process_that_started_it():
    asks = "import os, time; from handlers.documents.press import press; print(press.do(os.getpid), flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE, text=True) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        child.wait(10)
    assert not child.is_running()


def test_a_code_to_scan_is_made_there_too():
    assert len(payment_code(US, Decimal("12.50"), "EUR", "INV-000001")) > 20
