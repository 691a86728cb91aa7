"""Under whose account PostgreSQL runs: it refuses root."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import structlog

from router.embedded.process import CannotStart

NAME = "secondline"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """uid, gid: of the processes and of their files. other: it is not the caller's own."""

    uid: int
    gid: int
    other: bool


def account_for(data: Path) -> Account:
    """The account that serves this folder: the caller's own, and for root another one.

    Root takes the account that the folder belongs to already (somebody ran it without root
    before), else the system account `secondline`, which it makes.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), other=False)
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, other=True)
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make()
    return Account(entry.pw_uid, entry.pw_gid, other=True)


def _make() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if useradd is None:
        raise CannotStart(
            "PostgreSQL does not run as root, and there is no useradd to make an account for it. "
            "Run Secondline as an ordinary user, or set DATABASE_URL."
        )
    made = subprocess.run(
        [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME],
        capture_output=True,
        text=True,
    )
    try:
        # another process may have made it in the same moment
        return pwd.getpwnam(NAME)
    except KeyError:
        raise CannotStart(
            f"PostgreSQL does not run as root, and its account could not be made: "
            f"{made.stderr.strip()}"
        ) from None


def open_way(*paths: Path) -> None:
    """Let other accounts walk through the folders above these: search only, never list.

    A virtual environment or a data folder below /root is out of reach for PostgreSQL otherwise.
    """
    opened = []
    for folder in {folder for path in paths for folder in path.resolve().parents}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
            opened.append(str(folder))
    if opened:
        log.warning("opened for passing through, for PostgreSQL's account", folders=sorted(opened))


def open_tree(root: Path) -> None:
    """Let other accounts read and run what is below `root` (installed under a strict umask)."""
    for path in (root, *root.rglob("*")):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            continue
        wanted = mode | stat.S_IROTH
        if mode & stat.S_IXUSR:
            wanted |= stat.S_IXOTH
        if wanted != mode:
            path.chmod(wanted)
