"""Refused saves: the one thing that is taken from an event's word, because it can only inform.

CreateAIAgent and UpdateAIAgent fail with "MCP tool with ID '…' not found in MCP tools" or "Flow
module for MCP tool with ID '…' not found" (both observed, not documented). A notice names the tool
and the remedy; it never leads to a write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.catalog import Catalog
from toolgrant.domain.findings import Change, Resolution, Status
from toolgrant.domain.model import (
    Finding,
    FindingKind,
    FindingState,
    Severity,
    Tool,
    ToolType,
    Verdict,
)
from toolgrant.domain.problems import finding_id
from toolgrant.domain.requests import RefusedSave
from toolgrant.domain.texts import both, on_record
from toolgrant.domain.toolid import FlowModuleTool, parse_tool_id

MOST_NOTICES = 20
"""Most refused saves of one AI agent that are shown at a time, the newest."""

_MESSAGES = (
    re.compile(r"Flow module for MCP tool with ID '([^']{1,4096})' not found"),
    re.compile(r"MCP tool with ID '([^']{1,4096})' not found in MCP tools"),
)


def refused_tool(message: str) -> str | None:
    """The tool id that an error message refuses; None for any other message."""
    found = (pattern.search(message) for pattern in _MESSAGES)
    return next((match[1] for match in found if match), None)


def notice(refused: RefusedSave, catalog: Catalog) -> Finding:
    """The finding for a refused save. `console_path` is the remedy.

    Its id leaves the instance out, which may not be known yet: an AI agent's id is its own anyway.
    """
    subject = refused.tool_name or refused.tool_id
    tool = Tool(subject, ToolType.MODEL_CONTEXT_PROTOCOL, refused.tool_id)
    row = catalog.requirement(tool).row
    module = isinstance(parse_tool_id(refused.tool_id), FlowModuleTool)
    return Finding(
        id=finding_id("", refused.key.ai_agent_id, refused.tool_id, FindingKind.REFUSED_SAVE),
        kind=FindingKind.REFUSED_SAVE,
        state=FindingState.OPEN,
        severity=Severity.MEDIUM,
        tool_name=on_record(subject),
        tool_id=on_record(refused.tool_id),
        tool_type=tool.type,
        verdict=Verdict.UNKNOWN,
        qualifiers=(),
        confidence=row.confidence if row else None,
        reason="the service does not offer this tool here",
        advisories=(row.remedy,) if row and row.remedy else (),
        console_path=both("remedy", "release-module" if module else "remove-tool"),
    )


def file_notice(
    known: Mapping[str, Finding], new: Finding, event_time: datetime, saved_at: datetime | None
) -> tuple[Finding, Change | None] | None:
    """The finding to store, and the change to tell; None if a later save went well, or if enough
    later ones were refused.

    A notice counts from its newest refusal, so that a save is compared with it by the service's
    clock. One that is open already is not told again.
    """
    old = known.get(new.id)
    if saved_at and event_time <= saved_at:
        return None
    if len(_later(known, event_time)) >= MOST_NOTICES:
        return None
    if old is None:
        return _opened(new, event_time, Status.OPENED)
    if old.state is not FindingState.RESOLVED:
        newest = max(event_time, old.opened_at or event_time)
        return (replace(old, opened_at=newest), None) if newest != old.opened_at else None
    if old.resolution != Resolution.SAVED and old.resolved_at and event_time <= old.resolved_at:
        return None
    return _opened(new, event_time, Status.REOPENED)


def _opened(new: Finding, event_time: datetime, status: Status) -> tuple[Finding, Change]:
    opened = replace(new, opened_at=event_time)
    return opened, Change(status, opened)


def _later(known: Mapping[str, Finding], event_time: datetime) -> list[Finding]:
    """The notices whose newest refusal is later."""
    return [one for one in _open(known) if one.opened_at and one.opened_at > event_time]


def _open(known: Mapping[str, Finding]) -> list[Finding]:
    notices = (one for one in known.values() if one.kind is FindingKind.REFUSED_SAVE)
    return [one for one in notices if one.state is not FindingState.RESOLVED]


def with_notice(known: Mapping[str, Finding], filed: Finding) -> dict[str, Finding]:
    """The findings with a notice; beyond MOST_NOTICES the oldest are forgotten without a word."""
    findings = {**known, filed.id: filed}
    newest_first = sorted(_open(findings), key=_opening, reverse=True)
    gone = {one.id for one in newest_first[MOST_NOTICES:]}
    return {key: one for key, one in findings.items() if key not in gone}


def _opening(finding: Finding) -> float:
    return finding.opened_at.timestamp() if finding.opened_at else 0
