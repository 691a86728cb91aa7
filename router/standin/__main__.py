"""The stand-in as a process of its own: python -m router.standin --voice-url … --number …"""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from router.standin import Caller, Config, Number, serving


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m router.standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--account-sid", default=Config.account_sid)
    parser.add_argument("--auth-token", default=Config.auth_token)
    parser.add_argument("--api-key-sid", default=Config.api_key_sid)
    parser.add_argument("--api-key-secret", default=Config.api_key_secret)
    parser.add_argument("--app-sid", default=Config.app_sid)
    parser.add_argument("--voice-url", default="", help="of the TwiML app, for softphones")
    parser.add_argument("--speed", type=float, default=1.0, help="of its clock; 1: the world's")
    parser.add_argument(
        "--number",
        action="append",
        default=[],
        metavar="E164=VOICE_URL[,STATUS_CALLBACK]",
        help="a number of the account; may be repeated",
    )
    parser.add_argument(
        "--caller",
        action="append",
        default=[],
        metavar="E164=LABEL",
        help="whom the booth suggests to call as; may be repeated",
    )
    return parser.parse_args()


def config_of(given: argparse.Namespace) -> Config:
    numbers = {}
    for entry in given.number:
        e164, _, urls = entry.partition("=")
        voice_url, _, status_callback = urls.partition(",")
        numbers[e164] = Number(voice_url, status_callback or None)
    callers = [Caller(*entry.split("=", 1)) for entry in given.caller]
    return Config(
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        api_key_sid=given.api_key_sid,
        api_key_secret=given.api_key_secret,
        app_sid=given.app_sid,
        voice_url=given.voice_url,
        numbers=numbers,
        callers=(*callers, Caller("anonymous", "Number withheld")),
        speed=given.speed,
        booth=True,
    )


async def main() -> None:
    given = arguments()
    async with serving(config_of(given), host=given.host, port=given.port) as standin:
        print(f"The stand-in for Twilio is at {standin.base_url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
