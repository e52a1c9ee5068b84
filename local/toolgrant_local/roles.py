"""The roles of what is deployed, for the emulator: whose key signed a call, and what it may do.

AWS keeps access keys of functions to itself. The local AWS makes each from the ARNs of function and
role, and so is it found here; a test holds this against the calls of the deployed functions.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

Document = Mapping[str, Any]
Entry = Mapping[str, str]

# Of temporary credentials; nobody else's are looked up.
_TEMPORARY = "ASIA"
_KEPT_SECONDS = 5.0


class StackRoles:
    """Reads Lambda and IAM by `client`, when a call needs it; keeps answers for a moment."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._policies: dict[str, tuple[float, list[Document] | None]] = {}

    def entry(self, access_key: str) -> Entry | None:
        """The function that signs with a key, as the emulator's setting `identities` has it."""
        if not access_key.startswith(_TEMPORARY):
            return None
        with self._lock:
            if access_key not in self._entries:
                self._entries = dict(self._read_entries())
            return self._entries.get(access_key)

    def access_key(self, role: str) -> str:
        """The key with which a function of a role signs."""
        return next(key for key, entry in self._read_entries() if entry["name"] == role)

    def policies(self, role: str) -> list[Document] | None:
        """All policies of a role; None: no such role."""
        with self._lock:
            read_at, found = self._policies.get(role, (-math.inf, None))
            if time.monotonic() - read_at >= _KEPT_SECONDS:
                found = self._read_policies(role)
                self._policies[role] = (time.monotonic(), found)
            return found

    def refresh(self) -> None:
        """Read again, after a deployment."""
        with self._lock:
            self._entries.clear()
            self._policies.clear()

    def _read_entries(self) -> Iterator[tuple[str, Entry]]:
        for page in self._client("lambda").get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                role, name = function["Role"].rsplit("/", 1)[-1], function["FunctionName"]
                key = _access_key(function["FunctionArn"], function["Role"])
                yield key, {"type": "AssumedRole", "name": role, "session": name}

    def _read_policies(self, role: str) -> list[Document] | None:
        try:
            return [*self._inline(role), *self._attached(role), *self._boundary(role)]
        except ClientError as error:
            if error.response["Error"].get("Code") == "NoSuchEntity":
                return None
            raise

    def _inline(self, role: str) -> Iterator[Document]:
        iam = self._client("iam")
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    def _attached(self, role: str) -> Iterator[Document]:
        iam = self._client("iam")
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            yield found["PolicyVersion"]["Document"]

    def _boundary(self, role: str) -> Iterator[Document]:
        """A permissions boundary is not understood: a statement that is refused stands for it."""
        found = self._client("iam").get_role(RoleName=role)["Role"]
        if "PermissionsBoundary" in found:
            yield {"Statement": [{"PermissionsBoundary": found["PermissionsBoundary"]}]}


def _access_key(function_arn: str, role_arn: str) -> str:
    """As ministack has it (execution_credentials)."""
    digest = hashlib.sha256(f"{function_arn}:{role_arn}".encode()).hexdigest()
    return f"{_TEMPORARY}{digest[:16].upper()}"
