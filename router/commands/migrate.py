"""Bring the database to the newest schema. Safe to run at any time, and by several at once."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping

from router.commands.service import say
from router.embedded.stores import Stores
from router.settings import data_folder, database_url
from router.store.migrate import migrate

HELP = "bring the database to the newest schema"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    del parser


def run(_arguments: argparse.Namespace, environ: Mapping[str, str]) -> int:
    url = database_url(environ)
    if url is not None:
        _migrate(url)
    else:
        with Stores(data_folder(environ), attach=True) as stores:
            _migrate(stores.database_url)
    return 0


def _migrate(url: str) -> None:
    applied = asyncio.run(migrate(url))
    for migration in applied:
        say(f"{migration.number:04} {migration.name}: applied")
    if not applied:
        say("The schema is current.")
