"""Emit functions of the learning events, one a type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import Unpack

from pylayer.events.emit import Facts, emit_facts
from pylayer.events.payloads import (
    ExperimentCompleted,
    FeedbackReceived,
    LessonApplied,
    LessonOutcome,
    LessonRecorded,
    ModelEvaluated,
    PatternDetected,
)

__all__ = [
    "emit_experiment_completed",
    "emit_feedback_received",
    "emit_lesson_applied",
    "emit_lesson_recorded",
    "emit_model_evaluated",
    "emit_pattern_detected",
]


def emit_pattern_detected(
    *,
    pattern_key: str,
    description: str,
    occurrences: int,
    event_ids: Sequence[str] | None = None,
    confidence: float | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report a pattern in past events.

    Args:
        pattern_key: what identifies the pattern.
        description: what it is.
        occurrences: how often it was seen, from 0.
        event_ids: events that show it.
        confidence: from 0 to 1.
        more: keywords of `Facts` (``project_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_pattern_detected(
        ...     pattern_key="late-tests", description="Tests come last", occurrences=4, confidence=0.8)
        >>> sent[-1].payload["confidence"]
        0.8
    """
    return emit_facts(
        PatternDetected,
        more,
        pattern_key=pattern_key,
        description=description,
        occurrences=occurrences,
        event_ids=event_ids,
        confidence=confidence,
    )


def emit_lesson_recorded(
    *,
    lesson_id: str,
    lesson: str,
    category: str | None = None,
    source_event_ids: Sequence[str] | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that a lesson was written down.

    Args:
        lesson_id: what identifies the lesson.
        lesson: the lesson.
        category: what it is about.
        source_event_ids: events that it was drawn from.
        more: keywords of `Facts` (``project_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_lesson_recorded(lesson_id="L-7", lesson="Write the test first")
        >>> sent[-1].payload
        {'lesson_id': 'L-7', 'lesson': 'Write the test first'}
    """
    return emit_facts(
        LessonRecorded,
        more,
        lesson_id=lesson_id,
        lesson=lesson,
        category=category,
        source_event_ids=source_event_ids,
    )


def emit_lesson_applied(
    *,
    lesson_id: str,
    outcome: LessonOutcome,
    context: str | dict[str, Any] | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that a lesson was used, with what came of it.

    Args:
        lesson_id: the lesson.
        outcome: ``helped``, ``neutral`` or ``hurt``.
        context: where it was used, in words or as an object.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_lesson_applied(lesson_id="L-7", outcome="helped", context={"stage": "build"})
        >>> sent[-1].payload["context"]
        {'stage': 'build'}
    """
    return emit_facts(LessonApplied, more, lesson_id=lesson_id, outcome=outcome, context=context)


def emit_feedback_received(
    *,
    subject: str,
    rating: float,
    comment: str | None = None,
    reviewer: str | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that somebody judged a result.

    Args:
        subject: what was judged.
        rating: the judgement, on the caller's own scale.
        comment: what was said.
        reviewer: who judged.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_feedback_received(subject="draft-3", rating=4.5, reviewer="ann")
        >>> sent[-1].payload["rating"]
        4.5
    """
    return emit_facts(
        FeedbackReceived, more, subject=subject, rating=rating, comment=comment, reviewer=reviewer
    )


def emit_experiment_completed(
    *,
    experiment: str,
    variant: str,
    metric: str,
    baseline: float,
    result: float,
    verdict: str,
    **more: Unpack[Facts],
) -> str:
    """Report that an experiment ended with a verdict.

    Args:
        experiment: which experiment.
        variant: what was tried.
        metric: what was measured.
        baseline: the metric without the variant.
        result: the metric with it.
        verdict: what follows.
        more: keywords of `Facts` (``item_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_experiment_completed(
        ...     experiment="prompts", variant="short", metric="pass_rate",
        ...     baseline=0.61, result=0.7, verdict="adopt")
        >>> sent[-1].payload["verdict"]
        'adopt'
    """
    return emit_facts(
        ExperimentCompleted,
        more,
        experiment=experiment,
        variant=variant,
        metric=metric,
        baseline=baseline,
        result=result,
        verdict=verdict,
    )


def emit_model_evaluated(
    *,
    model: str,
    task_type: str,
    score: float,
    sample_size: int | None = None,
    judge: str | None = None,
    **more: Unpack[Facts],
) -> str:
    """Report that a model was scored on a kind of task.

    Args:
        model: the model.
        task_type: kind of task.
        score: the score, on the caller's own scale.
        sample_size: tasks that it was scored on, from 0.
        judge: who scored.
        more: keywords of `Facts` (``project_id``, ``ts``, ``emitter``, ...), and facts beside the contract.

    Returns:
        The event's id.

    Raises:
        ValidationFailed: ``contract``; ``detail`` names the field. InvalidInput, TooLarge: as `build`.

    Example:
        >>> event_id = emit_model_evaluated(model="gpt-4o", task_type="review", score=0.92, sample_size=50)
        >>> sent[-1].payload["score"]
        0.92
    """
    return emit_facts(
        ModelEvaluated,
        more,
        model=model,
        task_type=task_type,
        score=score,
        sample_size=sample_size,
        judge=judge,
    )
