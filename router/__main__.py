"""The command `secondline`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from router.commands import admin, bench, check, demo, migrate, policy, serve, simulate
from router.commands.service import PortTaken, interruptible
from router.embedded.process import CannotStart
from router.errors import SecondlineError
from router.settings import SettingsError, environ
from router.web import logs

COMMANDS = {
    "demo": demo,
    "serve": serve,
    "migrate": migrate,
    "admin": admin,
    "check": check,
    "policy": policy,
    "bench": bench,
    "simulate": simulate,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns its exit code: 0 done, 1 it could not be done, 2 it was not asked for properly.
    """
    parser = argparse.ArgumentParser(
        prog="secondline",
        description="Routing of support contacts for call centers that work with a crowd.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.add_arguments(
            commands.add_parser(name, help=module.HELP, description=module.__doc__)
        )
    chosen = parser.parse_args(arguments)
    interruptible()
    logs.configure(level="WARNING")
    try:
        code: int = COMMANDS[chosen.command].run(chosen, environ())
        return code
    except SettingsError as error:
        lines = [f"secondline {chosen.command} cannot start:"]
        lines += [f"  - {problem}" for problem in error.problems]
        print(*lines, sep="\n", file=sys.stderr)
        return 2
    except (CannotStart, PortTaken) as error:
        print(error, file=sys.stderr)
        return 1
    except SecondlineError as error:
        print(error.message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
