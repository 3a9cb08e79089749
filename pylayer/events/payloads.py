"""The payloads of the eleven event types, with the same contracts as ``telemetry.event_types``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

from pylayer.events.contract import (
    Count,
    Dollars,
    Items,
    Milliseconds,
    Number,
    Payload,
    Seconds,
    Share,
    Tokens,
)

__all__ = [
    "PAYLOADS",
    "ExperimentCompleted",
    "FeedbackReceived",
    "FlowIssue",
    "GapFound",
    "ItemStateChanged",
    "LessonApplied",
    "LessonOutcome",
    "LessonRecorded",
    "ModelEvaluated",
    "PatternDetected",
    "Payload",
    "Severity",
    "StepCompleted",
    "StepStatus",
    "StoryChanged",
]


StepStatus: TypeAlias = Literal["succeeded", "failed", "skipped"]
Severity: TypeAlias = Literal["info", "low", "medium", "high", "critical"]
LessonOutcome: TypeAlias = Literal["helped", "neutral", "hurt"]


class ItemStateChanged(Payload):
    """The state of an item, a run or a task changed.

    Attributes:
        item_type: what changed: ``story``, ``task``, ...; ``workflow_run`` for a run, by its id as item_id.
        from_state: state before; None when it was just made.
        to_state: state now.
        reason: why.
        actor: who changed it.
        time_in_state_seconds: seconds that it was in ``from_state``.
    """

    event_name: ClassVar[str] = "workflow.item_state_changed"

    item_type: str
    from_state: str | None
    to_state: str
    reason: str | None = None
    actor: str | None = None
    time_in_state_seconds: Seconds | None = None


class StepCompleted(Payload):
    """A step of a run ended.

    Attributes:
        step_name: which step.
        status: how it ended.
        duration_ms: milliseconds from start to end.
        model: model that it called.
        input_tokens: tokens read, the cached ones included.
        cached_input_tokens: those of ``input_tokens`` that came from the provider's cache.
        output_tokens: tokens written.
        cost_usd_est: estimated cost in USD; sent as a JSON number.
        retry_count: attempts before this one.
        error: what went wrong.
    """

    event_name: ClassVar[str] = "workflow.step_completed"

    step_name: str
    status: StepStatus
    duration_ms: Milliseconds
    model: str | None = None
    input_tokens: Tokens | None = None
    cached_input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    cost_usd_est: Dollars | None = None
    retry_count: Count | None = None
    error: str | None = None


class StoryChanged(Payload):
    """A story was changed after it was ready.

    Attributes:
        change_type: what kind of change.
        cause_stage: stage that made it necessary.
        summary: what changed.
        post_ready: whether it was ready before.
    """

    event_name: ClassVar[str] = "workflow.story_changed"

    change_type: str
    cause_stage: str
    summary: str | None = None
    post_ready: bool | None = None


class GapFound(Payload):
    """A missed requirement or quality gap was found.

    Attributes:
        gap_type: what kind of gap.
        severity: how bad it is.
        stage_found: stage that found it.
        stage_introduced: stage that it came from.
        description: what is missing.
    """

    event_name: ClassVar[str] = "workflow.gap_found"

    gap_type: str
    severity: Severity
    stage_found: str
    stage_introduced: str | None = None
    description: str | None = None


class FlowIssue(Payload):
    """Friction in the process, such as a bad handoff.

    Attributes:
        issue_type: what kind of friction.
        impact: what it costs.
        description: what happened.
        tool: tool that it happened with.
        handoff_from: role that handed over.
        handoff_to: role that took over.
    """

    event_name: ClassVar[str] = "workflow.flow_issue"

    issue_type: str
    impact: str
    description: str | None = None
    tool: str | None = None
    handoff_from: str | None = None
    handoff_to: str | None = None


class PatternDetected(Payload):
    """A pattern was found in past events.

    Attributes:
        pattern_key: what identifies the pattern.
        description: what it is.
        occurrences: how often it was seen.
        event_ids: events that show it.
        confidence: from 0 to 1.
    """

    event_name: ClassVar[str] = "learning.pattern_detected"

    pattern_key: str
    description: str
    occurrences: Count
    event_ids: Items | None = None
    confidence: Share | None = None


class LessonRecorded(Payload):
    """A lesson was written down.

    Attributes:
        lesson_id: what identifies the lesson.
        lesson: the lesson.
        category: what it is about.
        source_event_ids: events that it was drawn from.
    """

    event_name: ClassVar[str] = "learning.lesson_recorded"

    lesson_id: str
    lesson: str
    category: str | None = None
    source_event_ids: Items | None = None


class LessonApplied(Payload):
    """A lesson was used, with what came of it.

    Attributes:
        lesson_id: the lesson.
        outcome: what came of it.
        context: where it was used, in words or as an object.
    """

    event_name: ClassVar[str] = "learning.lesson_applied"

    lesson_id: str
    outcome: LessonOutcome
    context: str | dict[str, Any] | None = None


class FeedbackReceived(Payload):
    """Somebody judged a result.

    Attributes:
        subject: what was judged.
        rating: the judgement, on the caller's own scale.
        comment: what was said.
        reviewer: who judged.
    """

    event_name: ClassVar[str] = "learning.feedback_received"

    subject: str
    rating: Number
    comment: str | None = None
    reviewer: str | None = None


class ExperimentCompleted(Payload):
    """An experiment ended with a verdict.

    Attributes:
        experiment: which experiment.
        variant: what was tried.
        metric: what was measured.
        baseline: the metric without the variant.
        result: the metric with it.
        verdict: what follows.
    """

    event_name: ClassVar[str] = "learning.experiment_completed"

    experiment: str
    variant: str
    metric: str
    baseline: Number
    result: Number
    verdict: str


class ModelEvaluated(Payload):
    """A model was scored on a kind of task.

    Attributes:
        model: the model.
        task_type: kind of task.
        score: the score, on the caller's own scale.
        sample_size: tasks that it was scored on.
        judge: who scored.
    """

    event_name: ClassVar[str] = "learning.model_evaluated"

    model: str
    task_type: str
    score: Number
    sample_size: Count | None = None
    judge: str | None = None


PAYLOADS: Mapping[str, type[Payload]] = {
    payload.event_name: payload
    for payload in (
        ItemStateChanged,
        StepCompleted,
        StoryChanged,
        GapFound,
        FlowIssue,
        PatternDetected,
        LessonRecorded,
        LessonApplied,
        FeedbackReceived,
        ExperimentCompleted,
        ModelEvaluated,
    )
}
