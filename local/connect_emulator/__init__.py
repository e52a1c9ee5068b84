"""An emulator of Amazon Connect and Amazon Q in Connect, with their CloudTrail records.

>>> emulator = Emulator(region="us-east-1", account_id="111122223333")
>>> with serve(emulator) as server:
...     url = server.connect_url
"""

from connect_emulator.account import Settings
from connect_emulator.emulator import Emulator
from connect_emulator.errors import ServiceError
from connect_emulator.fault import Fault
from connect_emulator.faults import Faults
from connect_emulator.identity import (
    federated_identity,
    role_identity,
    service_identity,
    user_identity,
    website_identity,
)
from connect_emulator.seeding import Seed, seed
from connect_emulator.server import Server, serve

__all__ = [
    "Emulator",
    "Fault",
    "Faults",
    "Seed",
    "Server",
    "ServiceError",
    "Settings",
    "federated_identity",
    "role_identity",
    "seed",
    "serve",
    "service_identity",
    "user_identity",
    "website_identity",
]
