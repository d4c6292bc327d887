"""waitress, with an end for whoever sends slowly: half-sent requests keep nobody else from being answered.

Of seven servers only this one survived every slow client that was tried; waitress by itself is deaf after a hundred half-sent heads, and
never cuts a request that comes a byte at a time.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

#: Connections at once; beyond a hundred `select` would not do, see `asyncore_use_poll`.
CONNECTIONS: Final = 4_000
#: When fewer places are left than the first, the second number of the oldest connections that have not asked anything whole are closed.
_FEW_LEFT, _CLOSED_AT_ONCE = 50, 200
_BYTES_A_SECOND: Final = 64 * 1024


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """One connection, which knows since when it reads a request and how much of it has come."""

    reading_since, bytes_read = 0.0, 0

    def received(self, data: bytes) -> Any:
        """Take in what was sent."""
        if self.request is None:
            self.reading_since, self.bytes_read = time.time(), 0
        self.bytes_read += len(data)
        return super().received(data)


class HttpServer(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """Closes a connection whose request is not there in time, and makes room before no place is left."""

    channel_class = Channel
    #: How long the head of a request may take, and its body beside one second for each 64 kB that came.
    head_seconds, body_seconds = 10.0, 15.0

    def maintenance(self, now: float) -> None:
        """Once a second: end what takes too long, and the oldest of those who only hold a place."""
        super().maintenance(now)
        for channel in (*self._late(now), *self._in_the_way()):
            channel.will_close = True

    def _late(self, now: float) -> Iterator[Channel]:
        for channel in self.active_channels.values():
            request = channel.request
            if request is None:
                continue
            allowed = self.body_seconds + channel.bytes_read / _BYTES_A_SECOND if request.headers_finished else self.head_seconds
            if now - channel.reading_since > allowed:
                yield channel

    def _in_the_way(self) -> list[Channel]:
        if self.adj.connection_limit - len(self._map) >= _FEW_LEFT:
            return []
        idle = (channel for channel in self.active_channels.values() if not channel.requests)
        return sorted(idle, key=lambda channel: channel.creation_time)[:_CLOSED_AT_ONCE]
