"""The demo's story told in a thread, so that a test may do harm meanwhile; and the shape of what came of it, to compare."""

import queue
from collections import Counter
from collections.abc import Iterable
from threading import Thread
from typing import Any

from api.demo.story import run_story

#: Does a receivable open before or after the money came? Either is right, so its path is not compared.
_EITHER_WAY = "invoice-to-receipt"
#: Did two papers of a supplier come apart or together? Either is right, so how often its process looked is not compared, only at what.
_PAPERS = "dropship"
#: Did the warehouse or the clock release a group whose day has come? Either is right.
_RELEASED = {"released_early", "release_window"}


class ToldStory(Thread):
    """One telling of the story against the server at `address`."""

    def __init__(self, address: str) -> None:
        super().__init__(name="story", daemon=True)
        self._address = address
        self._said: queue.Queue[str] = queue.Queue()
        self._report: dict[str, Any] | None = None
        self._failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Tell it."""
        try:
            self._report = run_story(self._address, self._said.put)
        except BaseException as failure:  # noqa: BLE001  # raised in `end`, where the test sees it
            self._failure = failure

    def until(self, words: str, *, seconds: float = 100) -> None:
        """Wait for the sentence with these words."""
        while True:
            try:
                if words in self._said.get(timeout=seconds):
                    return
            except queue.Empty:
                raise AssertionError(f"The story never said {words!r}: {self._failure}") from self._failure

    def end(self, *, seconds: float = 130) -> dict[str, Any]:
        """The report."""
        self.join(seconds)
        if self._report is None:
            raise AssertionError(f"The story did not end: {self._failure}") from self._failure
        return self._report


def shape_of(report: dict[str, Any]) -> dict[str, Any]:
    """What must be the same in every telling: the processes with the elements they passed, the papers, the balances. No numbers."""
    return {
        "instances": sorted([each["process_key"], each["state"], _elements(each)] for each in report["instances"]),
        "documents": Counter(each["kind"] for each in report["documents"]),
        "balances": {each["account"]: each["balance"] for each in report["balances"]},
        "broken": [each["id"] for each in report["invariants"] if not each["ok"]],
    }


def _elements(instance: dict[str, Any]) -> list[str]:
    if instance["process_key"] == _EITHER_WAY:
        return []
    path: Iterable[str] = set(instance["path"]) if instance["process_key"] == _PAPERS else instance["path"]
    return sorted("released" if element in _RELEASED else element for element in path)
