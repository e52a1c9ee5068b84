"""boto3 clients that can only talk to this machine, whatever the environment says."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader

from toolgrant_local.environment import ACCESS_KEY, REGION

# No profile and no configuration file of the person at the keyboard; the format is botocore's
# (name in the file, environment variable, default, conversion).
_ISOLATED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}

_LOADER = Loader()
"""Reads each service model once for all sessions of this process."""


class Clients:
    """One client per service, made when first asked for. Clients may be used by several threads."""

    def __init__(
        self, default_endpoint: str, endpoints: Mapping[str, str], ca_bundle: Path | None = None
    ) -> None:
        self._default_endpoint = default_endpoint
        self._verify = str(ca_bundle) if ca_bundle else None
        self._endpoints = endpoints
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        core = botocore.session.Session(session_vars=_ISOLATED)
        core.register_component("data_loader", _LOADER)
        self._session = boto3.Session(
            ACCESS_KEY, ACCESS_KEY, region_name=REGION, botocore_session=core
        )

    def get(self, service: str) -> Any:
        """The client of a service, such as `sqs`."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _make(self, service: str) -> Any:
        endpoint = self._endpoints.get(service, self._default_endpoint)
        config = Config(proxies={}, retries={"mode": "standard", "max_attempts": 2})
        return self._session.client(  # type: ignore[call-overload]
            service, endpoint_url=endpoint, verify=self._verify, config=config
        )
