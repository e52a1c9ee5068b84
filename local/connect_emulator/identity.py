"""Who makes a call: the ``userIdentity`` of a CloudTrail record, and where it comes from.

A client may say it outright in the header ``x-emulator-identity`` (JSON). Else the access key that
signed the request tells it, by the setting ``identities``: ``{"AKIA…": {"type": "AssumedRole",
"name": …, "session": …, "account": …}}``; type and name are needed (see ``KINDS``). Else the caller
is an assumed role whose session is named after the access key. Any key will do, and none too; a
client with an SDK application id (`AWS_SDK_UA_APP_ID`) assumes the role of that name, so that
functions which share one key can be told apart. The shapes follow public CloudTrail records of both
services, and for IAM and federated users the CloudTrail and STS documentation; that a federated
user's session names the IAM user who made it is [inferred].
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connect_emulator.exchange import Request

Identity = dict[str, Any]
# An entry of the setting ``identities``, and how one is found by an access key id.
Entry = Mapping[str, str]
Identities = Callable[[str], Entry | None]

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


def user_identity(account_id: str, name: str) -> Identity:
    """An IAM user with access keys of their own."""
    return {
        "type": "IAMUser",
        "principalId": "AIDAEMULATOREXAMPLE00",
        "arn": f"arn:aws:iam::{account_id}:user/{name}",
        "accountId": account_id,
        "userName": name,
    }


def federated_identity(account_id: str, name: str, issuer: str = "Broker") -> Identity:
    """A federated user (GetFederationToken), made by an IAM user of the account."""
    return {
        "type": "FederatedUser",
        "principalId": f"{account_id}:{name}",
        "arn": f"arn:aws:sts::{account_id}:federated-user/{name}",
        "accountId": account_id,
        "sessionContext": {"sessionIssuer": user_identity(account_id, issuer)},
    }


# Types that an entry of the setting ``identities`` can have; the last two are not CloudTrail's own.
KINDS: dict[str, Callable[[str, Entry], Identity]] = {
    "AssumedRole": lambda account_id, entry: role_identity(
        account_id, entry["name"], entry.get("session", "session")
    ),
    "IAMUser": lambda account_id, entry: user_identity(account_id, entry["name"]),
    "FederatedUser": lambda account_id, entry: federated_identity(account_id, entry["name"]),
    "Website": lambda account_id, entry: website_identity(account_id, entry["name"]),
    "Service": lambda account_id, entry: service_identity(account_id, entry["name"]),
}


def caller_of(request: Request, account_id: str, identities: Identities) -> Caller:
    """Read the caller from the headers; what cannot be read counts as not given."""
    identity = _given_identity(request) or _signed_identity(request, account_id, identities)
    via = _via(identity)
    source_ip = request.headers.get(SOURCE_IP_HEADER) or via or request.remote
    return Caller(identity, source_ip, via or request.headers.get("user-agent", ""))


def _given_identity(request: Request) -> Identity | None:
    try:
        given = json.loads(request.headers.get(IDENTITY_HEADER, "null"))
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _signed_identity(request: Request, account_id: str, identities: Identities) -> Identity:
    found = _CREDENTIAL.search(request.headers.get("authorization", ""))
    key = found[1] if found else None
    entry = identities(key or "")
    if entry:
        identity = KINDS[entry["type"]](entry.get("account", account_id), entry)
    else:
        identity = role_identity(account_id, _default_role(request), key or "unsigned")
    shows_key = key and "invokedBy" not in identity
    return {**identity, "accessKeyId": key} if shows_key else identity


def _default_role(request: Request) -> str:
    named = _APP.search(request.headers.get("user-agent", ""))
    return named[1] if named else _DEFAULT_ROLE


def _via(identity: Identity) -> str | None:
    """The principal that stands in place of an address where a service makes the call."""
    if identity.get("invokedBy"):
        return str(identity["invokedBy"])
    session = str(identity.get("arn", "")).split(":", 5)[-1]
    return CONNECT_PRINCIPAL if session.startswith(f"assumed-role/{_WEBSITE_ROLE}_") else None
