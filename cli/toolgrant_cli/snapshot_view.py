"""Verdicts on a snapshot file as JSON (stable, docs/cli.md has its shape) or as a table to read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from toolgrant.domain.catalog import Catalog
from toolgrant.domain.evaluate import AgentResult
from toolgrant.domain.model import Text, ToolResult, Verdict
from toolgrant.errors import InvalidInput
from toolgrant_cli.files import UnreadableFile, read_json
from toolgrant_cli.snapshot import evaluate_snapshot, parse_snapshot
from toolgrant_cli.terminal import block, shown


def judge_file(path: str, catalog: Catalog) -> AgentResult:
    """The verdicts on one snapshot file. Raises UnreadableFile."""
    data = read_json(path)
    try:
        return evaluate_snapshot(parse_snapshot(data), catalog)
    except InvalidInput as error:
        raise UnreadableFile(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{path}: $: not JSON ({type(error).__name__})") from None


def exit_code(results: Sequence[AgentResult]) -> int:
    """0 if every status is SUFFICIENT, else 1."""
    return int(any(result.status is not Verdict.SUFFICIENT for result in results))


def as_json(results: Sequence[AgentResult]) -> str:
    """One object for one snapshot, an array for several."""
    objects = [result_json(result) for result in results]
    return json.dumps(objects[0] if len(objects) == 1 else objects, indent=2, ensure_ascii=False)


def result_json(result: AgentResult) -> dict[str, Any]:
    """`{"agent", "status", "tools"}`."""
    agent = result.agent
    return {
        "agent": {"name": agent.name, "arn": agent.arn, "qualifier": agent.qualifier},
        "status": result.status,
        "tools": [_tool_json(tool) for tool in result.tools],
    }


def _tool_json(result: ToolResult) -> dict[str, Any]:
    return {
        "toolName": result.tool.name,
        "toolId": result.tool.id,
        "toolType": result.tool.type,
        "verdict": result.verdict,
        "required": [str(grant) for grant in result.required],
        "missing": [str(grant) for grant in result.missing],
        "grantedBy": {str(grant): list(names) for grant, names in result.granted_by.items()},
        "confidence": result.confidence,
        "reason": result.reason,
        "advisories": [advisory.en for advisory in result.advisories],
    }


def as_table(results: Sequence[AgentResult]) -> str:
    """One block per AI agent: a line per tool, with what is missing and where to click."""
    return "\n\n".join(result_table(result) for result in results)


def result_table(result: AgentResult) -> str:
    """`VERDICT  tool  what it lacks`, in aligned columns; each note once."""
    width = max((len(shown(tool.tool.name)) for tool in result.tools), default=0)
    lines = [f"{result.agent.name or '(no name)'} {result.agent.qualifier}: {result.status}"]
    told: set[Text] = set()
    for tool in result.tools:
        name = shown(tool.tool.name)
        lines.append(f"  {tool.verdict:<12}  {name:<{width}}  {_lack(tool)}".rstrip())
        if tool.missing and tool.console_path:
            lines.append(f"  {'':<12}  {'':<{width}}  click: {tool.console_path.en}")
        notes = [note.en for note in tool.advisories if note not in told]
        lines += [f"  {'':<12}  {'':<{width}}  note: {note}" for note in notes]
        told.update(tool.advisories)
    return block(lines)


def _lack(result: ToolResult) -> str:
    if result.missing:
        return "missing " + ", ".join(str(grant) for grant in result.missing)
    return result.reason if result.verdict is Verdict.UNKNOWN else ""
