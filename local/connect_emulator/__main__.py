"""``python -m connect_emulator``: serve until SIGINT or SIGTERM, after one line of JSON.

The line holds the endpoints and, with ``--seed``, the ids of the sample account.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from typing import Any

from connect_emulator.account import Settings
from connect_emulator.documents import change_settings
from connect_emulator.emulator import Emulator
from connect_emulator.seeding import seed
from connect_emulator.server import SERVICES, serve

_SIGNALS = {signal.SIGINT, signal.SIGTERM}


def main(arguments: list[str] | None = None) -> int:
    """Serve as the arguments say; returns the exit status once a signal has come."""
    options = _parser().parse_args(arguments)
    # Blocked before any thread starts, so that only sigwait below takes the signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    emulator = Emulator(
        options.region, options.account_id, id_seed=options.id_seed, **options.settings
    )
    ports = {service: getattr(options, f"port_{service}") for service in SERVICES}
    seeded = {"seed": asdict(seed(emulator))} if options.seed else {}
    with serve(emulator, ports) as server:
        urls = {f"{service}Url": server.url(service) for service in SERVICES}
        print(json.dumps({**urls, **seeded}), flush=True)
        signal.sigwait(_SIGNALS)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="connect_emulator", description=__doc__)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--account-id", default="111122223333")
    parser.add_argument("--seed", action="store_true", help="begin with the sample account")
    parser.add_argument("--id-seed", type=int, help="make all ids repeatable")
    parser.add_argument("--settings", type=_settings, default={}, help="JSON, as in POST settings")
    for service in SERVICES:
        parser.add_argument(f"--port-{service}", type=int, default=0, help="0: a free port")
    return parser


def _settings(text: str) -> dict[str, Any]:
    """Settings as keyword arguments; raises one of the errors that argparse reports."""
    try:
        settings: dict[str, Any] = dict(json.loads(text))
        change_settings(Settings(), settings)
    except (ValueError, TypeError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{type(error).__name__}: {error}") from error
    return settings


if __name__ == "__main__":
    sys.exit(main())
