"""Refused saves: the one thing that is taken from an event's word, because it can only inform.

CreateAIAgent and UpdateAIAgent fail with "MCP tool with ID '…' not found in MCP tools", "Flow
module for MCP tool with ID '…' not found", "Tool … not found", or "Insufficient permissions to
perform this action" (all observed, not documented). A notice names the remedy; it never leads to a
write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from toolgrant.domain.catalog import Catalog
from toolgrant.domain.findings import Change, Moment, Resolution, appear
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
from toolgrant.domain.toolid import FLOW_MODULE_PREFIX, GATEWAY_PREFIX, SERVICE_PREFIX

MOST_NOTICES = 20
"""Most refused saves of one AI agent that are shown at a time, the newest."""

CALLER = ""
"""In place of a tool id: the service refused for what the caller may do, not for a tool."""

_SUBJECT_OF_CALLER = "IAM"

_QUOTES = "'\"`‘’“”"
_TOOL = rf"(?:[{_QUOTES}](.{{1,4096}}?)[{_QUOTES}]|([^\s{_QUOTES}]{{1,4096}}))"
_MESSAGES = (
    re.compile(rf"(?i:Flow module for MCP tool with ID) {_TOOL} (?i:not found)"),
    re.compile(rf"\b(?i:tool with ID) {_TOOL} (?i:not found)"),
    re.compile(rf"\bTool {_TOOL} not found"),
)
_MOST_READ = 10_000
"""A tool id has at most 4,096 characters, and the texts around it are short."""

_OF_CALLER = "insufficient permissions to perform this action"

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_REMEDIES = tuple(
    (re.compile(form, re.DOTALL), key)
    for form, key in (
        (CALLER, "caller-permissions"),
        (rf"{FLOW_MODULE_PREFIX}.+", "release-module"),
        (rf"{GATEWAY_PREFIX}.+?__.+", "discover-tools"),
        (r"aws_.+", "remove-tool"),
        (_UUID, "prefix-module"),
        (rf"{_UUID}_\d+", "prefix-version"),
        (r".*?[^_]__[^_].*?___.+", "prefix-kind"),
        (r".+?___.+", "prefix-gateway"),
        (r".+", "check-id"),
    )
)
"""Form of a refused tool id → what to do about it; the first that fits counts. Observed: that the
discovery has not run, that ids came without their prefix, and the text about the caller."""


def refused_tool(message: str) -> str | None:
    """The tool id that an error message refuses, or CALLER; None for any other message."""
    message = message[:_MOST_READ]
    found = (pattern.search(message) for pattern in _MESSAGES)
    ids = (match[1] or match[2] for match in found if match)
    return next(ids, CALLER if _OF_CALLER in message.lower() else None)


def notice(refused: RefusedSave, catalog: Catalog) -> Finding:
    """The finding for a refused save. `console_path` is the remedy.

    Its id leaves the instance out, which may not be known yet: an AI agent's id is its own anyway.
    """
    subject = refused.tool_name or refused.tool_id or _SUBJECT_OF_CALLER
    finding = Finding(
        id=finding_id("", refused.key.ai_agent_id, refused.tool_id, FindingKind.REFUSED_SAVE),
        kind=FindingKind.REFUSED_SAVE,
        state=FindingState.OPEN,
        severity=Severity.MEDIUM,
        tool_name=on_record(subject),
        tool_id=on_record(refused.tool_id) or None,
        tool_type=ToolType.MODEL_CONTEXT_PROTOCOL,
        verdict=Verdict.UNKNOWN,
        qualifiers=(),
    )
    return with_remedy(finding, catalog)


def with_remedy(finding: Finding, catalog: Catalog) -> Finding:
    """A refused save with its texts, which the record does not keep; any other finding as it is."""
    if finding.kind is not FindingKind.REFUSED_SAVE:
        return finding
    tool_id = finding.tool_id or CALLER
    row = catalog.requirement(Tool(tool_id, ToolType.MODEL_CONTEXT_PROTOCOL, tool_id)).row
    key = next(key for form, key in _REMEDIES if form.fullmatch(tool_id))
    full = f"{SERVICE_PREFIX}{tool_id}"
    if row and row.key == full:
        key = "prefix-service"
    why = both("refused-why", key)
    return replace(
        finding,
        confidence=row.confidence if row else None,
        reason=why.en,
        advisories=(row.remedy if row and row.remedy else why,),
        console_path=both("remedy", key, tool=tool_id, full=full),
    )


def file_notice(
    known: Mapping[str, Finding], new: Finding, moment: Moment
) -> tuple[Finding, Change | None] | None:
    """The finding to store, and the change to tell; None if a later save went well, or if enough
    later ones were refused.

    A notice counts from its newest refusal, so that a save is compared with it by the service's
    clock. It is suspected first, as every finding, but from when it was heard of: the record of the
    save that went well comes as late as this one. One that waits or is open is not told again.
    """
    old, refused_at = known.get(new.id), new.refused_at or moment.now
    if moment.saved_at and refused_at <= moment.saved_at:
        return None
    if len(_later(known, refused_at)) >= MOST_NOTICES or _over(old, refused_at):
        return None
    newest = max(refused_at, old.refused_at or refused_at) if old else refused_at
    met, status = appear(old, replace(new, refused_at=newest), moment)
    if met is None or (old and old.state is met.state and old.refused_at == newest):
        return None
    return met, Change(status, met) if status else None


def _over(old: Finding | None, refused_at: datetime) -> bool:
    """Whether an old refusal is told of again after it was over."""
    if old is None or old.state is not FindingState.RESOLVED or old.resolution == Resolution.SAVED:
        return False
    return old.resolved_at is not None and refused_at <= old.resolved_at


def _later(known: Mapping[str, Finding], than: datetime) -> list[Finding]:
    """The notices whose newest refusal is later."""
    return [one for one in _open(known) if one.refused_at and one.refused_at > than]


def notices_in(known: Mapping[str, Finding]) -> dict[str, Finding]:
    """The refused saves among the findings."""
    return {key: one for key, one in known.items() if one.kind is FindingKind.REFUSED_SAVE}


def _open(known: Mapping[str, Finding]) -> list[Finding]:
    notices = notices_in(known).values()
    return [one for one in notices if one.state is not FindingState.RESOLVED]


def with_notice(known: Mapping[str, Finding], filed: Finding) -> dict[str, Finding]:
    """The findings with a notice; beyond MOST_NOTICES the oldest are forgotten without a word."""
    findings = {**known, filed.id: filed}
    newest_first = sorted(_open(findings), key=_refusal, reverse=True)
    gone = {one.id for one in newest_first[MOST_NOTICES:]}
    return {key: one for key, one in findings.items() if key not in gone}


def _refusal(finding: Finding) -> float:
    return finding.refused_at.timestamp() if finding.refused_at else 0
