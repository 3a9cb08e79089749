"""The task queue: `client.tasks`."""

from pylayer.tasks.models import (
    ClaimedTask,
    Completed,
    Completion,
    Enqueued,
    Failed,
    NewTask,
    Queue,
    Schedule,
    Swept,
    Task,
)
from pylayer.tasks.namespace import Tasks

__all__ = [
    "ClaimedTask",
    "Completed",
    "Completion",
    "Enqueued",
    "Failed",
    "NewTask",
    "Queue",
    "Schedule",
    "Swept",
    "Task",
    "Tasks",
]
