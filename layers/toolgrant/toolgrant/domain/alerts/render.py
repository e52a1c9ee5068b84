"""An alert → what people read: an e-mail and a chat card, in English or Japanese.

All words are in `messages_text/<language>.toml`; this module only says which go where. The chat
form is a custom notification of Amazon Q Developer in chat applications, version 1.0
(https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from toolgrant.domain.alerts.alert import Alert, grant_texts, machine_json, utc_text
from toolgrant.domain.alerts.next_steps import next_steps
from toolgrant.domain.findings import Change, Resolution, Status
from toolgrant.domain.fixing.proposal import cli_lines, cloudformation, terraform
from toolgrant.domain.json_fields import JsonObject
from toolgrant.domain.model import DRAFT, Finding, FindingKind
from toolgrant.domain.service_limits import most
from toolgrant.domain.texts import Words, clip

MOST_BYTES = 250_000
"""SNS takes 256 KB over all bodies, subject and attributes of a message."""

MOST_SHOWN_FLOWS = 3


@dataclass(frozen=True)
class Rendered:
    """An alert ready to publish: one body per SNS protocol, and attributes to filter by.
    `thread_id` is the AI agent's id, `time` orders what waits for one."""

    alert_id: str
    thread_id: str
    time: datetime
    subject: str
    bodies: Mapping[str, str]
    attributes: Mapping[str, str]


def render(alert: Alert, language: str) -> Rendered:
    """All forms of one alert, with as many of its findings as fit a message."""
    rendered = _render(alert, language)
    while len(json.dumps(dict(rendered.bodies))) > MOST_BYTES and alert.most > 1:
        alert = replace(alert, most=alert.most // 2)
        rendered = _render(alert, language)
    return rendered


def _render(alert: Alert, language: str) -> Rendered:
    words = Words(language)
    machine = machine_json(alert)
    return Rendered(
        alert_id=alert.alert_id,
        thread_id=alert.ai_agent_id,
        time=alert.time,
        subject=_subject(alert),
        bodies={
            "default": json.dumps(machine),
            "email": email(alert, words),
            "https": json.dumps(chat(alert, words)),
        },
        attributes={
            "severity": alert.severity,
            "status": alert.status,
            "instanceId": alert.instance_id,
        },
    )


def _subject(alert: Alert) -> str:
    """English and ASCII: not every mail program shows other subjects."""
    title = _title(alert, Words("en"))
    ascii_title = title.encode("ascii", "replace").decode()
    return f"[toolgrant] {alert.severity}: {ascii_title}"[: most("sns", "Subject")]


_TITLES = {
    FindingKind.INSUFFICIENT: None,
    FindingKind.REFUSED_SAVE: "refused-save",
    FindingKind.ASSOCIATION_GAP: "gap",
    FindingKind.UNKNOWN: "unknown",
}
"""Kinds of problems, most serious first, with the title of new ones that make no tool fail."""


def _title(alert: Alert, words: Words) -> str:
    current = [c.finding.kind for c in alert.changes if not c.status.over]
    worst = next((kind for kind in _TITLES if kind in current), FindingKind.INSUFFICIENT)
    key: str = alert.status
    if alert.status in (Status.OPENED, Status.REOPENED):
        key = _TITLES[worst] or key
    return words("title", key, agent=clip(alert.agent_name), count=current.count(worst))


def email(alert: Alert, words: Words) -> str:
    """Plain text, meant to be read at night: what, where to click, who changed it."""
    facts = [
        (words("label", "severity"), str(alert.severity)),
        (words("label", "agent"), f"{clip(alert.agent_name)} ({alert.ai_agent_id})"),
        (words("label", "instance"), alert.instance_id),
        (words("label", "affects"), _qualifiers(alert, words)),
        (words("label", "changed_by"), _actor(alert, words)),
        (words("label", "time"), utc_text(alert.time)),
    ]
    lines = [_title(alert, words), "", *(f"{name}: {value}" for name, value in facts if value), ""]
    for number, change in enumerate(alert.changes[: alert.shown], start=1):
        lines += [f"{number}. {_headline(change, alert, words)}"]
        lines += [f"   {name}: {value}" for name, value in details(change, words)]
    lines += [*_more(alert, words), "", f"{words('label', 'what_to_do')}:"]
    lines += [f"  - {step}" for step in next_steps(alert, words)]
    lines += _proposal(alert, words)
    return "\n".join([*lines, "", words("label", "alert", alert_id=alert.alert_id), ""])


def _proposal(alert: Alert, words: Words) -> list[str]:
    """The dedicated profile, ready to be copied; only in the e-mail."""
    if alert.proposal is None:
        return []
    tags = ", ".join(f"{key} = {value}" for key, value in alert.proposal.tags.items())
    facts = [
        words("label", "proposal", name=alert.proposal.name),
        f"  {words('label', 'missing_grants')}: {', '.join(grant_texts(alert.proposal.grants))}",
        f"  {words('label', 'tags')}: {tags}",
    ]
    texts_of = (cloudformation(alert.proposal), terraform(alert.proposal))
    return ["", *facts, "", *cli_lines(alert.proposal), "", *"\n\n".join(texts_of).split("\n")]


def chat(alert: Alert, words: Words) -> JsonObject:
    """The custom notification. `threadId` keeps one AI agent's story in one chat thread."""
    title = _chat_safe(_title(alert, words))
    return {
        "version": "1.0",
        "source": "custom",
        "id": alert.alert_id,
        "content": {
            "textType": "client-markdown",
            "title": f"{alert.severity}: {title}",
            "description": "\n".join(_description(alert, words)),
            "nextSteps": [_chat_safe(step) for step in next_steps(alert, words)],
            "keywords": ["toolgrant", str(alert.status), str(alert.severity)],
        },
        "metadata": {
            "threadId": alert.ai_agent_id,
            "summary": title,
            "eventType": f"toolgrant.{alert.status}",
            "relatedResources": [alert.agent_arn],
            "additionalContext": {"alertId": alert.alert_id, "instanceId": alert.instance_id},
        },
    }


def _description(alert: Alert, words: Words) -> Iterator[str]:
    if alert.flows_hit:
        yield f"{words('label', 'affects')}: {_chat_safe(_qualifiers(alert, words))}"
    for change in alert.changes[: alert.shown]:
        yield f"*{_chat_safe(_headline(change, alert, words))}*"
        yield from (f"{name}: {_chat_safe(value)}" for name, value in details(change, words))
    yield from _more(alert, words)
    yield f"{words('label', 'changed_by')}: {_chat_safe(_actor(alert, words))}"


def _headline(change: Change, alert: Alert, words: Words) -> str:
    own = (Status.RESOLVED, Status.FIXED, Status.REFUSED, Status.INTEGRITY)
    key = str(change.status if change.status in own else change.finding.kind)
    return words("finding", key, tool=_named(change.finding, alert))


def _named(finding: Finding, alert: Alert) -> str:
    """The tool's name; a security profile's name for an association gap."""
    if finding.kind is not FindingKind.ASSOCIATION_GAP:
        return clip(finding.tool_name)
    return clip(alert.profiles.get(finding.profile_id, finding.profile_id))


def details(change: Change, words: Words) -> list[tuple[str, str]]:
    """The labelled facts of one finding."""
    finding = change.finding
    rows = [(words("label", "tool_id"), clip(finding.tool_id))] if finding.tool_id else []
    if change.status.over:
        rows.append((words("label", "reason"), words("resolution", finding.resolution)))
        if finding.resolution == Resolution.GRANTED and finding.granted:
            rows.append((words("label", "granted"), ", ".join(grant_texts(finding.granted))))
        return rows + (_notes(finding, words) if change.status is Status.FIXED else [])
    if finding.missing:
        rows.append((words("label", "missing"), ", ".join(grant_texts(finding.missing))))
    if finding.console_path and finding.missing:
        rows.append((words("label", "where"), words.say(finding.console_path)))
    if finding.confidence and finding.kind is FindingKind.INSUFFICIENT:
        rows.append((words("label", "confidence"), words("confidence", finding.confidence)))
    return rows + _notes(finding, words)


def _notes(finding: Finding, words: Words) -> list[tuple[str, str]]:
    said = (clip(words.say(advisory)) for advisory in finding.advisories)
    return [(words("label", "note"), advisory) for advisory in said]


def _qualifiers(alert: Alert, words: Words) -> str:
    return ", ".join(f"{one} ({_use(one, alert, words)})" for one in alert.qualifiers)


def _use(qualifier: str, alert: Alert, words: Words) -> str:
    kind = words("label", "draft" if qualifier == DRAFT else "live")
    flows = alert.flows.get(qualifier, ())
    more = f" +{len(flows) - MOST_SHOWN_FLOWS}" if len(flows) > MOST_SHOWN_FLOWS else ""
    names = f"{', '.join(map(clip, flows[:MOST_SHOWN_FLOWS]))}{more}"
    return f"{kind}, {words('label', 'in_flow', flows=names)}" if flows else kind


def _actor(alert: Alert, words: Words) -> str:
    if alert.actor is None:
        return words("label", "unknown_actor")
    via = words.via(clip(alert.actor.via))
    return f"{clip(alert.actor.name)} ({via}, {clip(alert.event_name)})"


def _more(alert: Alert, words: Words) -> list[str]:
    hidden = len(alert.changes) - alert.shown
    return [words("label", "more", count=hidden)] if hidden > 0 else []


def _chat_safe(text: str) -> str:
    """Chat clients would read `<!channel>` or a link in a tool's name as theirs."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
