"""Durable runs: `workflow`, and the parts of a client for workflows and their executions."""

from pylayer.runs.executions import Executions
from pylayer.runs.models import AttemptSpan, Execution, SentSignal, Span, Step, StoredSpan, WorkflowVersion
from pylayer.runs.run import ChildFailed, Run, Suspended
from pylayer.runs.workflow import Workflow, run_due, workflow
from pylayer.runs.workflows import Workflows

__all__ = [
    "AttemptSpan",
    "ChildFailed",
    "Execution",
    "Executions",
    "Run",
    "SentSignal",
    "Span",
    "Step",
    "StoredSpan",
    "Suspended",
    "Workflow",
    "WorkflowVersion",
    "Workflows",
    "run_due",
    "workflow",
]
