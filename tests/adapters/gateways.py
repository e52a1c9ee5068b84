"""The two gateways on real boto3 clients against an emulator, and what the tests know of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader
from tests.emulator.world import REGION

from connect_emulator import Emulator, Server
from toolgrant.adapters.aws import Api, Pacer
from toolgrant.adapters.connect_cached import Connect
from toolgrant.adapters.contact_flows import ConnectFlows
from toolgrant.adapters.qconnect import QConnect
from toolgrant.domain.model import QualifiedAgent

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=60, read_timeout=60)
"""No retry: what a gateway makes of the first answer, however slow the machine is."""

LOADER = Loader()
"""Reads each service model once; every client has a session of its own, as each function has."""


@dataclass
class Gateways:
    """Makes gateways; `sent` is what reached the services since the last `forget`."""

    server: Server
    emulator: Emulator
    cleanup: ExitStack
    slept: list[float] = field(default_factory=list)

    def qconnect(self, config: Config = ONCE) -> QConnect:
        return QConnect(self.api("qconnect", config))

    def connect(self, config: Config = ONCE) -> Connect:
        return Connect(self.api("connect", config))

    def flows(self, config: Config = ONCE) -> ConnectFlows:
        return ConnectFlows(self.api("connect", config))

    def api(self, service: str, config: Config = ONCE, per_second: float = 1e6) -> Api:
        pacer = Pacer(per_second, lambda: 0.0, self.slept.append)
        return Api(self.client(service, config), service, pacer)

    def client(self, service: str, config: Config = ONCE, url: str = "") -> Any:
        core = botocore.session.Session()
        core.register_component("data_loader", LOADER)
        client = boto3.session.Session(botocore_session=core).client(
            service,
            endpoint_url=url or self.server.url(service),
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=config,
        )
        self.cleanup.callback(client.close)
        return client

    def listed(self, assistant_id: str) -> list[QualifiedAgent]:
        """All pages of an assistant's AI agents."""
        qconnect, found, token = self.qconnect(), [], None
        while True:
            page, token = qconnect.listed(assistant_id, token)
            found.extend(page)
            if token is None:
                return found

    def sent(self) -> dict[str, int]:
        return dict(self.emulator.calls)

    def forget(self) -> None:
        self.emulator.reset_calls()
