"""One alert: what people and machines are told after one evaluation of one AI agent.

`machine_json` is the stable form (docs/schemas/alert-1.schema.json); the readable forms are made
from it and the text tables by `render`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from toolgrant.domain.causes import Actor
from toolgrant.domain.findings import Change, Status
from toolgrant.domain.fixing.proposal import Proposal, proposal_json
from toolgrant.domain.ids import short_id
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import Severity, Text
from toolgrant.domain.texts import clip

SCHEMA = "toolgrant/alert/1"
MOST_FINDINGS = 100
"""Most findings that one alert carries; fewer where they would not fit (`messages.render`)."""


MOST_FLOWS = 20
"""Most contact flows that an alert names for one version."""

MOST_SHOWN = 20
"""Most findings that the readable forms show; the machine form has more."""


@dataclass(frozen=True)
class Alert:
    """`profiles` are the attached security profiles, id → name, as far as people need them.
    `flows`: qualifier → contact flows that name it. `most` is how many of its findings it
    carries."""

    alert_id: str
    time: datetime
    instance_id: str
    agent_name: str
    agent_arn: str
    ai_agent_id: str
    qualifiers: tuple[str, ...]
    changes: tuple[Change, ...]
    actor: Actor | None = None
    event_name: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    change_id: str | None = None
    proposal: Proposal | None = None
    most: int = MOST_FINDINGS

    @property
    def flows_hit(self) -> dict[str, list[str]]:
        """Contact flows by the qualifiers that the alert is about, some of each."""
        hit = [qualifier for qualifier in self.qualifiers if qualifier in self.flows]
        return {q: [clip(name) for name in self.flows[q][:MOST_FLOWS]] for q in hit}

    @property
    def shown(self) -> int:
        """How many findings the readable forms show."""
        return min(MOST_SHOWN, self.most)

    @property
    def status(self) -> Status:
        """The most serious status of its findings."""
        order = list(Status)
        return min((change.status for change in self.changes), key=order.index)

    @property
    def severity(self) -> Severity:
        """The worst severity among the findings that are not over, else among all."""
        current = [c.finding for c in self.changes if not c.status.over]
        findings = current or [change.finding for change in self.changes]
        return max((finding.severity for finding in findings), key=lambda s: s.rank)


def alert_id(ai_agent_id: str, version: int) -> str:
    """The same for every attempt to tell of one commit: consumers deduplicate by it."""
    return short_id("al", ai_agent_id, version)


def machine_json(alert: Alert) -> JsonObject:
    """The alert in schema `toolgrant/alert/1`. Times are ISO 8601 in UTC."""
    return {
        "schema": SCHEMA,
        "alertId": alert.alert_id,
        "threadId": alert.ai_agent_id,
        "status": alert.status,
        "severity": alert.severity,
        "time": utc_text(alert.time),
        "instanceId": alert.instance_id,
        "agent": {
            "name": clip(alert.agent_name),
            "arn": alert.agent_arn,
            "aiAgentId": alert.ai_agent_id,
            "qualifiers": list(alert.qualifiers),
            **({"flows": alert.flows_hit} if alert.flows_hit else {}),
        },
        "findings": [_finding_json(change) for change in alert.changes[: alert.most]],
        "omittedFindings": max(0, len(alert.changes) - alert.most),
        "actor": actor_json(alert.actor),
        "changeId": alert.change_id,
        **({"proposal": proposal_json(alert.proposal)} if alert.proposal else {}),
    }


def _finding_json(change: Change) -> JsonObject:
    finding = change.finding
    return {
        "findingId": finding.id,
        "kind": finding.kind,
        "status": change.status,
        "toolName": clip(finding.tool_name),
        "toolId": clip(finding.tool_id) if finding.tool_id else None,
        "verdict": finding.verdict,
        "required": grant_texts(finding.required),
        "missing": grant_texts(finding.missing),
        "granted": grant_texts(finding.granted),
        "qualifiers": list(finding.qualifiers),
        "confidence": finding.confidence,
        "advisories": [advisory.en for advisory in finding.advisories],
        "consolePath": _text_json(finding.console_path),
        "resolution": finding.resolution or None,
    }


def _text_json(text: Text | None) -> dict[str, str] | None:
    return {"en": text.en, "ja": text.ja} if text else None


def actor_json(actor: Actor | None) -> dict[str, str] | None:
    """Who did it, clipped; None for nobody known."""
    if actor is None:
        return None
    return {"type": clip(actor.type), "name": clip(actor.name), "via": clip(actor.via)}


def grant_texts(grants: Iterable[object]) -> list[str]:
    """Grants as they are written everywhere."""
    return [clip(str(grant)) for grant in grants]


def utc_text(time: datetime) -> str:
    """`2026-11-23T10:00:00.123Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
