"""Who called, and by which way, as a CloudTrail record tells. A caller's words are never trusted:
roles are compared whole, and of a user agent only the name of a known tool is taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toolgrant.adapters.record_fields import map_or_empty, text_or_empty
from toolgrant.domain.causes import Actor
from toolgrant.domain.texts import clip

_STACK = re.compile(r"(?:^|\s)toolgrant/([\w-]{1,128})")
_WEBSITE_ROLE = re.compile(r"AWSServiceRoleForAmazonConnect(?:_[A-Za-z0-9]+)?")
"""Not that of Global Resiliency (`…AmazonConnectSynchronization_…`) or of outbound campaigns."""

_WEBSITE = "connect.amazonaws.com"
SERVICES: Mapping[str, str] = {
    "cloudformation.amazonaws.com": "CloudFormation",
    "cloudcontrolapi.amazonaws.com": "Cloud Control",
    "synchronization.connect.amazonaws.com": "Global Resiliency copy",
}
"""AWS services that call for somebody, as `invokedBy` names them, or the address, which AWS writes
too. Terraform's provider awscc and Pulumi's aws-native come by Cloud Control, the CDK by
CloudFormation."""

TOOLS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"(?<![\w./:#+-])(?:{words})/", re.IGNORECASE))
    for name, words in (
        ("Pulumi", "pulumi|pulumi-?aws|pulumi-?aws-?native"),
        ("Terraform", "terraform|terraform-provider-aws(?:cc)?"),
        ("CDK", "aws-cdk"),
        ("AWS CLI", "aws-cli"),
    )
)
"""Products that a user agent names, as `Terraform/1.9.5`; the first that is found counts. Pulumi
goes first: its provider is built on Terraform's, and older ones name both."""

_CONSOLE = "AWS console"
_CONSOLE_AGENT = re.compile(r"(?:signin|console)\.amazonaws\.com")
_MASKED = re.compile(r"\**|HIDDEN_DUE_TO_SECURITY_REASONS")


def actor_of(detail: Mapping[str, Any]) -> Actor:
    """Who called, by the best name there is, and by which way: admin website, a tool, an AWS
    service, or the API. Free text is clipped: the actor goes into what is told.

    In the admin website the session name of the service-linked role is the Connect user's id
    (observed, not documented).
    """
    identity = map_or_empty(detail.get("userIdentity"))
    arn = text_or_empty(identity.get("arn"))
    service = text_or_empty(identity.get("invokedBy"))
    address = text_or_empty(detail.get("sourceIPAddress"))
    if service in ("", _WEBSITE) and (user := _website_user(arn)):
        return Actor("connect-user", clip(user), "admin website")
    kind = text_or_empty(identity.get("type")) or "unknown"
    issuer = _issuer(identity)
    found = _STACK.search(text_or_empty(detail.get("userAgent")))
    return Actor(
        clip(kind),
        clip(_name(arn, identity) or kind),
        clip(SERVICES.get(service, service) or SERVICES.get(address) or _tool(detail)),
        role=clip(text_or_empty(issuer.get("arn"))),
        stack=clip(found[1]) if found else "",
    )


def _website_user(arn: str) -> str:
    """The session of the service-linked role; empty for everybody else, whatever they call
    themselves."""
    kind, _, rest = _resource(arn).partition("/")
    role, _, session = rest.partition("/")
    return session if kind == "assumed-role" and _WEBSITE_ROLE.fullmatch(role) else ""


def _resource(arn: str) -> str:
    """What stands behind the account; a path in it may hold colons."""
    return arn.split(":", 5)[-1]


def _issuer(identity: Mapping[str, Any]) -> Mapping[str, Any]:
    return map_or_empty(map_or_empty(identity.get("sessionContext")).get("sessionIssuer"))


def _session(identity: Mapping[str, Any]) -> str:
    """Role and session as in an ARN, of a caller without one; empty where no role is told."""
    issuer = _issuer(identity)
    arn = _resource(text_or_empty(issuer.get("arn"))).partition("/")[2]
    role = text_or_empty(issuer.get("userName")) or arn
    session = text_or_empty(identity.get("principalId")).partition(":")[2]
    return "/".join(filter(None, (role, session))) if role else ""


def _name(arn: str, identity: Mapping[str, Any]) -> str:
    """The best name of a caller: of an ARN all after its kind; without one what a person would know
    them by, and of another account its number. No key, address or credential is ever a name."""
    own = _resource(arn)
    account = text_or_empty(identity.get("accountId"))
    names = (
        own.partition("/")[2] or own,
        account if identity.get("type") == "AWSAccount" else "",
        map_or_empty(identity.get("onBehalfOf")).get("userId"),
        identity.get("userName"),
        _session(identity),
        identity.get("principalId"),
        identity.get("invokedBy"),
        account,
    )
    return next((name for name in map(text_or_empty, names) if not _MASKED.fullmatch(name)), "")


def _tool(detail: Mapping[str, Any]) -> str:
    """The tool that the user agent names, or CloudTrail's own word that it was the console. What is
    unknown stays unknown: a user agent is the caller's word and is never shown."""
    agent = text_or_empty(detail.get("userAgent"))
    named = next((name for name, pattern in TOOLS if pattern.search(agent)), "")
    console = str(detail.get("sessionCredentialFromConsole")).lower() == "true"
    by_console = console or _CONSOLE_AGENT.fullmatch(agent)
    return named or (_CONSOLE if by_console else "API")
