"""Emit functions of the workflow events, one a type."""

from __future__ import annotations

from decimal import Decimal

from typing_extensions import Unpack

from pylayer.events.emit import Facts, emit_facts
from pylayer.events.payloads import (
    FlowIssue,
    GapFound,
    ItemStateChanged,
    Severity,
    StepCompleted,
    StepStatus,
    StoryChanged,
)

__all__ = [
    "emit_flow_issue",
    "emit_gap_found",
    "emit_item_state_changed",
    "emit_step_completed",
    "emit_story_changed",
]


def emit_item_state_changed(
    *,
    item_type: str,
    from_state: str | None,
    to_state: str,
    reason: str | None = None,
    actor: str | None = None,
    time_in_state_seconds: float | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that the state of an item, a run or a task changed.

    Args:
        item_type: what changed: ``story``, ``task``, ...; ``workflow_run`` for a run, by its id as item_id.
        from_state: state before; None when it was just made.
        to_state: state now.
        reason: why.
        actor: who changed it.
        time_in_state_seconds: seconds that it was in ``from_state``, from 0.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_item_state_changed(
        ...     item_type="story", from_state="in_review", to_state="done", item_id="INFR-001")
        >>> sent[-1].item_id, sent[-1].payload["to_state"]
        ('INFR-001', 'done')
    """
    return emit_facts(
        ItemStateChanged,
        more,
        item_type=item_type,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        actor=actor,
        time_in_state_seconds=time_in_state_seconds,
    )


def emit_step_completed(
    *,
    step_name: str,
    status: StepStatus,
    duration_ms: float,
    model: str | None = None,
    input_tokens: int | None = None,
    cached_input_tokens: int | None = None,
    output_tokens: int | None = None,
    cost_usd_est: Decimal | float | None = None,
    retry_count: int | None = None,
    error: str | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that a step of a run ended.

    Args:
        step_name: which step.
        status: ``succeeded``, ``failed`` or ``skipped``.
        duration_ms: milliseconds from start to end, 0 to 2**53.
        model: model that it called.
        input_tokens: tokens read, the cached ones included, 0 to 2**53.
        cached_input_tokens: those of ``input_tokens`` that came from the provider's cache.
        output_tokens: tokens written, 0 to 2**53.
        cost_usd_est: estimated cost in USD, 0 to 1e9.
        retry_count: attempts before this one.
        error: what went wrong.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> with run_context(run_id="run-1", workflow_name="nightly"):
        ...     event_id = emit_step_completed(
        ...         step_name="plan", status="succeeded", duration_ms=812.5, model="gpt-4o", output_tokens=96)
        >>> sent[-1].run_id, sent[-1].payload["output_tokens"]
        ('run-1', 96)
    """
    return emit_facts(
        StepCompleted,
        more,
        step_name=step_name,
        status=status,
        duration_ms=duration_ms,
        model=model,
        input_tokens=input_tokens,
        cached_input_tokens=cached_input_tokens,
        output_tokens=output_tokens,
        cost_usd_est=cost_usd_est,
        retry_count=retry_count,
        error=error,
    )


def emit_story_changed(
    *,
    change_type: str,
    cause_stage: str,
    summary: str | None = None,
    post_ready: bool | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that a story was changed after it was ready.

    Args:
        change_type: what kind of change.
        cause_stage: stage that made it necessary.
        summary: what changed.
        post_ready: whether it was ready before.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_story_changed(change_type="scope", cause_stage="review", item_id="INFR-001")
        >>> sent[-1].payload
        {'change_type': 'scope', 'cause_stage': 'review'}
    """
    return emit_facts(
        StoryChanged,
        more,
        change_type=change_type,
        cause_stage=cause_stage,
        summary=summary,
        post_ready=post_ready,
    )


def emit_gap_found(
    *,
    gap_type: str,
    severity: Severity,
    stage_found: str,
    stage_introduced: str | None = None,
    description: str | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report a missed requirement or quality gap.

    Args:
        gap_type: what kind of gap.
        severity: ``info``, ``low``, ``medium``, ``high`` or ``critical``.
        stage_found: stage that found it.
        stage_introduced: stage that it came from.
        description: what is missing.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_gap_found(gap_type="untested", severity="high", stage_found="review", files=3)
        >>> sent[-1].payload["files"]
        3
    """
    return emit_facts(
        GapFound,
        more,
        gap_type=gap_type,
        severity=severity,
        stage_found=stage_found,
        stage_introduced=stage_introduced,
        description=description,
    )


def emit_flow_issue(
    *,
    issue_type: str,
    impact: str,
    description: str | None = None,
    tool: str | None = None,
    handoff_from: str | None = None,
    handoff_to: str | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report friction in the process, such as a bad handoff.

    Args:
        issue_type: what kind of friction.
        impact: what it costs.
        description: what happened.
        tool: tool that it happened with.
        handoff_from: role that handed over.
        handoff_to: role that took over.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_flow_issue(issue_type="handoff", impact="low", handoff_to="reviewer")
        >>> sent[-1].event_name
        'workflow.flow_issue'
    """
    return emit_facts(
        FlowIssue,
        more,
        issue_type=issue_type,
        impact=impact,
        description=description,
        tool=tool,
        handoff_from=handoff_from,
        handoff_to=handoff_to,
    )
