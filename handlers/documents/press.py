"""A process of their own for what papers need: typesetting, the official rules of e-invoices, codes to scan.

Fonts, Saxon and the libraries of PDF take some hundred megabytes and hold the interpreter for long. They live in a child that is started
with the first paper and kept warm, so that the process that serves people stays small and answers meanwhile. What is done there is a pure
function: it is asked for by name, gets plain values and gives plain values, so a child that dies is replaced and the work done once more.
"""

import atexit
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from threading import BoundedSemaphore, Lock, Timer
from typing import IO, Any, Final, ParamSpec, TypeVar

from engine.service_tasks import Broken

Given = ParamSpec("Given")
Made = TypeVar("Made")

#: Seconds after which a piece of work is given up: an invoice of 5,000 lines takes ten.
_LONGEST: Final = 300.0
#: Pieces of work after which a child makes room for a fresh one, whatever the libraries have kept.
_MOST_WORK: Final = 2_000
_LENGTH: Final = struct.Struct("!Q")
_PATIENCE: Final = 5.0


class PressFailed(RuntimeError):
    """What was asked for could not be made; the text is the error as the child told it."""


class _Ended(Exception):
    """The child has gone in the middle of its work."""


@dataclass(slots=True)
class Press:
    """As many children as there are pieces of work at once, at most one for every two processors."""

    most: int = max(1, (os.cpu_count() or 1) // 2)
    #: Seconds of processor time that papers have taken.
    spent: float = 0.0
    _idle: list["_Child"] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)
    _places: BoundedSemaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = BoundedSemaphore(self.most)

    def do(self, work: Callable[Given, Made], *given: Given.args, **named: Given.kwargs) -> Made:
        """Do a function of a module in a child and answer what it answers. Raises Broken as it does, PressFailed for any other error.

        A child that dies once may have been killed from outside: the work is done again; the second time it is the work.
        """
        order = pickle.dumps((work.__module__, work.__qualname__, given, named))
        with self._places:
            try:
                answer = self._ask(order)
            except _Ended:
                try:
                    answer = self._ask(order)
                except _Ended:
                    what = f"{work.__module__}.{work.__qualname__}"
                    raise PressFailed(f"The process that makes papers ended twice, or took too long, over {what}.") from None
        made, error, seconds = answer
        with self._lock:
            self.spent += seconds
        if isinstance(error, Broken):
            raise error
        if error is not None:
            raise PressFailed(error)
        done: Made = made
        return done

    def close(self) -> None:
        """Let the children end; the next piece of work starts one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _ask(self, order: bytes) -> Any:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        try:
            answer = child.ask(order)
        except BaseException:
            child.kill()
            raise
        if child.done < _MOST_WORK:
            with self._lock:
                self._idle.append(child)
        else:
            child.end()
        return answer


class _Child:
    """One process, asked one thing at a time."""

    def __init__(self) -> None:
        self.done = 0
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, order: bytes) -> Any:
        """Send an order and wait for its answer. Raises _Ended."""
        timer = Timer(_LONGEST, self._process.kill)
        timer.daemon = True
        timer.start()
        try:
            _send(self._pipe(self._process.stdin), order)
            answer = _receive(self._pipe(self._process.stdout))
        except OSError:
            raise _Ended from None
        finally:
            timer.cancel()
        if answer is None:
            raise _Ended
        self.done += 1
        return pickle.loads(answer)  # noqa: S301  # our own child wrote it

    def end(self) -> None:
        """It ends when nothing can come any more."""
        self._pipe(self._process.stdin).close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        self._pipe(self._process.stdout).close()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                self._pipe(pipe).close()
            except OSError:  # what was not sent any more
                continue

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise RuntimeError("The process was started without its pipes.")
        return pipe


#: The one of this process.
press = Press()
atexit.register(press.close)


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(_LENGTH.pack(len(content)))
    pipe.write(content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """One message; None where the other side has gone."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = pipe.read(length)
    return content if len(content) == length else None


def _serve(orders: IO[bytes], answers: IO[bytes]) -> None:
    """What the child does until its parent has gone: whoever kills that closes the pipe."""
    while (order := _receive(orders)) is not None:
        module, name, given, named = pickle.loads(order)  # noqa: S301  # our own parent wrote it
        began = time.process_time()
        made, error = None, None
        try:
            made = getattr(import_module(module), name)(*given, **named)
        except Exception as raised:  # noqa: BLE001  # whatever goes wrong is told to who asked
            error = raised if isinstance(raised, Broken) else f"{type(raised).__name__}: {raised}"
        _send(answers, pickle.dumps((made, error, time.process_time() - began)))


def _main() -> None:
    for each in (signal.SIGINT, signal.SIGTERM):  # the parent finishes what it has begun, and then the pipe ends
        signal.signal(each, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        _serve(sys.stdin.buffer, answers)
    except BrokenPipeError:  # nobody waits for the answer
        return


if __name__ == "__main__":
    _main()
