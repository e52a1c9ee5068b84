"""Who makes a call: the ``userIdentity`` of a CloudTrail record, and where it comes from.

A client may say it outright in the header ``x-emulator-identity`` (JSON); otherwise the caller is
an assumed role whose session is named after the access key that signed the request. Any key will
do, and none too. A client with an SDK application id (`AWS_SDK_UA_APP_ID`) assumes the role of that
name, so that functions which share one key can be told apart. The shapes follow public CloudTrail
records of both services.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from connect_emulator.exchange import Request

Identity = dict[str, Any]

IDENTITY_HEADER = "x-emulator-identity"
SOURCE_IP_HEADER = "x-emulator-source-ip"
CONNECT_PRINCIPAL = "connect.amazonaws.com"
_WEBSITE_ROLE = "AWSServiceRoleForAmazonConnect"
_DEFAULT_ROLE = "Operator"
_APP = re.compile(r"\bapp/([\w+=,.@-]{1,64})")
_CREDENTIAL = re.compile(r"Credential=([^/,\s]{1,128})/")


@dataclass(frozen=True)
class Caller:
    """The caller of one request, as CloudTrail shows it."""

    identity: Identity
    source_ip: str
    user_agent: str


def role_identity(account_id: str, role: str, session: str) -> Identity:
    """An IAM role assumed under a session name."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEMULATOREXAMPLE00:{session}",
        "arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{session}",
        "accountId": account_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEMULATOREXAMPLE00",
                "arn": f"arn:aws:iam::{account_id}:role/{role}",
                "accountId": account_id,
                "userName": role,
            }
        },
    }


def website_identity(account_id: str, user_id: str, suffix: str = "EXAMPLESUFFIX") -> Identity:
    """An edit in the admin website: the service-linked role, the session named after the user."""
    return role_identity(account_id, f"{_WEBSITE_ROLE}_{suffix}", user_id)


def service_identity(account_id: str, principal: str = "cloudformation.amazonaws.com") -> Identity:
    """A call that an AWS service makes for somebody."""
    return {"type": "IAMUser", "accountId": account_id, "invokedBy": principal}


def caller_of(request: Request, account_id: str) -> Caller:
    """Read the caller from the headers; what cannot be read counts as not given."""
    identity = _given_identity(request) or _default_identity(request, account_id)
    via = _via(identity)
    source_ip = request.headers.get(SOURCE_IP_HEADER) or via or request.remote
    return Caller(identity, source_ip, via or request.headers.get("user-agent", ""))


def _given_identity(request: Request) -> Identity | None:
    try:
        given = json.loads(request.headers.get(IDENTITY_HEADER, "null"))
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _default_identity(request: Request, account_id: str) -> Identity:
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    named = _APP.search(request.headers.get("user-agent", ""))
    role = named[1] if named else _DEFAULT_ROLE
    if not found:
        return role_identity(account_id, role, "unsigned")
    return {**role_identity(account_id, role, found[1]), "accessKeyId": found[1]}


def _via(identity: Identity) -> str | None:
    """The principal that stands in place of an address where a service makes the call."""
    if identity.get("invokedBy"):
        return str(identity["invokedBy"])
    return CONNECT_PRINCIPAL if _WEBSITE_ROLE in str(identity.get("arn", "")) else None
