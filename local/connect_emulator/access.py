"""IAM before a call: whose access key signed it, and what the policies of that role say.

Both come from outside, as ``Roles``. The setting ``iam`` says who is judged: nobody (``off``), whom
``Roles`` has policies of (``roles``; everybody else passes), or everybody (``all``; whoever is no
such role is refused).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connect_emulator.account import Account
from connect_emulator.authorization import questions
from connect_emulator.call import Call
from connect_emulator.errors import ACCESS_DENIED, ServiceError
from connect_emulator.identity import Entry, Identity
from connect_emulator.policy import Decision, Document, PolicyError, Question, decide

IAM = ("off", "roles", "all")
_REASONS = {
    Decision.DENIED: "with an explicit deny in an identity-based policy",
    Decision.NOT_ALLOWED: "because no identity-based policy allows the {action} action",
}


class Roles(Protocol):
    """The roles of a deployed stack."""

    def entry(self, access_key: str) -> Entry | None:
        """Who signs with an access key, as in the setting ``identities``."""

    def policies(self, role: str) -> Sequence[Document] | None:
        """All policies of a role, in force now; None: no such role."""


class NoRoles:
    """No stack: nobody is known."""

    def entry(self, _access_key: str) -> Entry | None:
        return None

    def policies(self, _role: str) -> Sequence[Document] | None:
        return None


def policies_of(caller: Identity, account: Account, roles: Roles) -> Sequence[Document] | None:
    """What a caller is judged by; None: not at all."""
    if account.settings.iam == "off":
        return None
    role = _role(caller, account.account_id)
    found = roles.policies(role) if role else None
    return () if found is None and account.settings.iam == "all" else found


def _role(caller: Identity, account_id: str) -> str | None:
    """The name of the role of this account that a caller has assumed."""
    issuer = caller.get("sessionContext", {}).get("sessionIssuer", {})
    ours = (issuer.get("type"), issuer.get("accountId")) == ("Role", account_id)
    return issuer.get("userName") if ours else None


def check(call: Call, account: Account, policies: Sequence[Document]) -> None:
    """Raises ``ServiceError`` unless the policies allow all that the call is about."""
    try:
        asked = questions(account, call.service.name, call.operation, call.params or {})
        for question in asked:
            decision = decide(policies, question)
            if decision is not Decision.ALLOWED:
                raise _denied(call, question, _REASONS[decision])
    except PolicyError as error:
        raise ServiceError(ACCESS_DENIED, f"The emulator cannot tell: {error}") from error


def _denied(call: Call, question: Question, reason: str) -> ServiceError:
    """In the words that IAM has for it."""
    who = call.caller.identity.get("arn", "unknown")
    what = f"perform: {question.action} on resource: {question.resource}"
    message = f"User: {who} is not authorized to {what} {reason.format(action=question.action)}"
    return ServiceError(ACCESS_DENIED, message)
