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
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

LOG_LIMIT = 10 * 1024 * 1024


class CannotStart(Exception):
    """A server does not come up; the message says why and what to do."""


class Stopped(CannotStart):
    """It was told to stop before it was up."""


class Process:
    """A server that works in `folder` (its working directory, by which a left-over is known).

    It may be told to stop from another thread while it starts. Once stopped it stays so.

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
        self._child: subprocess.Popen[Any] | None = None
        # nothing is spawned after the stop: a Ctrl-C can strike while the starting thread is not
        # yet known to whoever would wait for it, and its server would outlive the service
        self._spawning = threading.Lock()
        self._stopped = False

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Come up and be ready; blocks. Raises CannotStart with the end of the server's log."""
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.replace(self._log.with_suffix(".log.1"))
        with self._log.open("ab") as out:
            begin = out.tell()
            child = self._spawn(self._arguments, cwd=self.folder, stdout=out, stderr=out)
        deadline = time.monotonic() + self._patience_s
        while not self._ready():
            if (code := child.poll()) is not None:
                raise CannotStart(f"{self.name} ended with {code}:\n{self._tail(begin)}")
            if time.monotonic() > deadline:
                self._send(self._farewell)
                self._wait(3)
                raise CannotStart(f"{self.name} is not ready in time:\n{self._tail(begin)}")
            time.sleep(0.02)

    def run(self, *command: str, stdin: str = "") -> str:
        """What a program prints that prepares the folder; a stop ends it like the server itself.

        Raises CannotStart.
        """
        child = self._spawn(
            command, cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        out, complaint = child.communicate(stdin)
        if self._stopped:
            raise Stopped(f"{self.name} was stopped")
        if child.returncode != 0:
            name = Path(command[0]).name
            raise CannotStart(f"{name} failed:\n{complaint.strip() or out.strip()}")
        return str(out)

    def _spawn(self, command: Sequence[str], **how: Any) -> subprocess.Popen[Any]:
        with self._spawning:
            if self._stopped:
                raise Stopped(f"{self.name} was stopped")
            try:
                self._child = subprocess.Popen(
                    command,
                    env=environment(),
                    start_new_session=True,
                    **{"stdin": subprocess.DEVNULL} | how,
                    **switch(self._uid, self._gid),
                )
            except OSError as error:
                raise CannotStart(f"{command[0]} cannot be run: {error}") from None
            return self._child

    def ask_to_stop(self) -> None:
        """Send the farewell without waiting, so that two servers can stop at the same time."""
        with self._spawning:
            asked, self._stopped = self._stopped, True
        if not asked:  # a second farewell means haste to some servers
            self._send(self._farewell)

    def stop(self, patience_s: float = 3) -> None:
        """Be gone when this returns."""
        self.ask_to_stop()
        self._wait(patience_s)

    def _wait(self, patience_s: float) -> None:
        if (child := self._child) is None:
            return
        for sign, seconds in ((self._force, patience_s), (signal.SIGKILL, 2)):
            try:
                child.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                self._send(sign)
        child.wait()

    def _send(self, sign: signal.Signals) -> None:
        """To its group: what prepares a folder has children that must not outlive it."""
        if self.running and self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, sign)

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
