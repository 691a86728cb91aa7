"""One server process: started, watched, stopped, and its left-over stopped before that.

The servers run in a session of their own: a Ctrl-C in the terminal reaches the service alone,
which stops them when it is done with them. A service that was killed leaves them running; the
next one for the same folder, which holds the folder's lock, stops those first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

LOG_LIMIT = 10 * 1024 * 1024


class CannotStart(Exception):
    """A server does not come up; the message says why and what to do."""


class Process:
    """A server that works in `folder` (its working directory, by which a left-over is known).

    ready: tells whether the started server answers; called until it says yes or `patience_s`
    has passed. farewell: the signal of an orderly stop; force: of one that cannot wait.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        folder: Path,
        log: Path,
        *,
        ready: Callable[[], bool],
        farewell: signal.Signals,
        force: signal.Signals = signal.SIGKILL,
        uid: int | None = None,
        gid: int | None = None,
        patience_s: float = 60,
    ) -> None:
        self.name = name
        self.folder = folder
        self._arguments = list(arguments)
        self._log = log
        self._ready = ready
        self._farewell = farewell
        self._force = force
        self._uid = uid
        self._gid = gid
        self._patience_s = patience_s
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = False

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Come up and be ready; blocks. Raises CannotStart with the end of the server's log."""
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.1"))
        self._asked = False
        with self._log.open("ab") as out:
            begin = out.tell()
            try:
                self._child = subprocess.Popen(
                    self._arguments,
                    cwd=self.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env=environment(),
                    start_new_session=True,
                    **switch(self._uid, self._gid),
                )
            except OSError as error:
                raise CannotStart(f"{self.name} cannot be run: {error}") from None
        deadline = time.monotonic() + self._patience_s
        while not self._ready():
            if (code := self._child.poll()) is not None:
                raise CannotStart(f"{self.name} ended with {code}:\n{self._tail(begin)}")
            if time.monotonic() > deadline:
                self.stop()
                raise CannotStart(f"{self.name} is not ready in time:\n{self._tail(begin)}")
            time.sleep(0.02)

    def ask_to_stop(self) -> None:
        """Send the farewell without waiting, so that two servers can stop at the same time."""
        if self._child is not None and self._child.poll() is None and not self._asked:
            self._asked = True  # a second farewell means haste to some servers
            self._child.send_signal(self._farewell)

    def stop(self, patience_s: float = 3) -> None:
        """Be gone when this returns."""
        if self._child is None:
            return
        self.ask_to_stop()
        try:
            self._child.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._child.send_signal(self._force)
            try:
                self._child.wait(2)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._child = None

    def stop_left_over(self, pid: int | None) -> None:
        """Stop a server of this folder that an earlier, killed service left behind.

        pid: from the server's own pid file, which may name anybody by now: a process counts
        only when it works in this very folder.
        """
        if pid is None or (process := _working_in(self.folder, pid)) is None:
            return
        for sign, patience_s in ((self._farewell, 10), (self._force, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sign)
            try:
                process.wait(patience_s)
                return
            except psutil.TimeoutExpired:
                continue
        raise CannotStart(f"{self.name} of an earlier run (process {pid}) does not stop")

    def _tail(self, begin: int) -> str:
        with self._log.open("rb") as log:
            log.seek(begin)
            return log.read()[-2000:].decode(errors="replace").strip()


def _working_in(folder: Path, pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        return process if Path(process.cwd()) == folder.resolve() else None
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None


def environment() -> dict[str, str]:
    """What the servers see: no language, time zone or secret of the caller's."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def switch(uid: int | None, gid: int | None) -> dict[str, Any]:
    """Arguments of Popen to run as another account."""
    if uid is None or gid is None:
        return {}
    return {"user": uid, "group": gid, "extra_groups": ()}


def socket_folder(folder: Path, socket_name: str) -> Path:
    """Where a server of `folder` puts its socket: there, or in /tmp where the path is too long.

    The kernel takes 108 bytes for a socket's path (104 on macOS).
    """
    folder = folder.resolve()
    if len(os.fsencode(folder / socket_name)) < 100:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path("/tmp") / f"secondline-{name}"


def own(folder: Path, uid: int, gid: int) -> None:
    """Make the folder for this account alone. Raises CannotStart where somebody else has it."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700, parents=True)
        if uid != os.geteuid():
            os.chown(folder, uid, gid)
    found = folder.lstat()
    if found.st_uid != uid or not folder.is_dir() or folder.is_symlink():
        raise CannotStart(f"{folder} belongs to somebody else; choose another data folder")
    folder.chmod(0o700)
