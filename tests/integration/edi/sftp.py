"""A real SFTP server on loopback, in a thread of its own."""

import asyncio
import threading
from contextlib import contextmanager

import asyncssh

from handlers.edi.sftp_place import SftpAccess


class _Doorkeeper(asyncssh.SSHServer):
    def __init__(self, guests):
        self._guests = guests

    def connection_made(self, conn):
        self._guests.append(conn)

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == ("us", "secret")


@contextmanager
def sftp_server(folder):
    """A server whose root is a folder; answers how it is reached."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop, guests = asyncio.new_event_loop(), []

    async def begin():
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=lambda: _Doorkeeper(guests), server_host_keys=[key],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder).encode()),
        )  # fmt: skip

    async def end():
        server.close()
        for guest in guests:
            guest.abort()
            await guest.wait_closed()
        await server.wait_closed()
        await asyncio.sleep(0)  # the transports close their sockets one turn later

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(begin(), loop).result(10)
    try:
        host_key = " ".join(key.export_public_key().decode().split()[:2])
        yield SftpAccess(host="127.0.0.1", port=server.get_port(), user="us", folder=".", host_key=host_key, password="secret")
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
