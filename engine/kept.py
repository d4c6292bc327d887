"""What was made once is kept by what it weighs and not by its number: thousands of short texts, or a few long ones."""

from collections.abc import Callable
from functools import wraps
from operator import itemgetter
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar, cast

from cachetools import LRUCache
from cachetools.keys import hashkey

#: Bytes of files of which something is kept, of each kind: what is made of a file takes some tens of its size.
KEPT_BYTES: Final = 2_000_000
P = ParamSpec("P")
T = TypeVar("T")


def bytes_of(*asked: Any) -> int:
    """What files weigh that were asked about: the bytes among the arguments, in pairs of a name and bytes too."""
    files = (each for each in asked if isinstance(each, tuple))
    return sum(len(each) for each in asked if isinstance(each, bytes)) + sum(len(content) for pairs in files for _, content in pairs)


def kept(most: int, weight: Callable[..., int]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Remember answers, those used last, while all together weigh `most`; what was asked for says what its answer weighs.

    What raises is not remembered. Two who ask for the same at once both compute it.
    """

    def wrap(compute: Callable[P, T]) -> Callable[P, T]:
        answers: LRUCache[Any, tuple[T, int]] = LRUCache(most, getsizeof=itemgetter(1))
        lock = Lock()

        @wraps(compute)
        def ask(*args: P.args, **kwargs: P.kwargs) -> T:
            key = hashkey(*args, **cast("dict[str, Any]", kwargs))
            with lock:
                found = answers.get(key)
            if found is not None:
                return found[0]
            answer = compute(*args, **kwargs)
            heavy = weight(*args, **kwargs)
            if heavy <= most:
                with lock:
                    answers[key] = (answer, heavy)
            return answer

        return ask

    return wrap
