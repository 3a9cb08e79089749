"""What a client offers: one namespace a part of the database, made when it is first asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, Generic

from pylayer.archive import Archives
from pylayer.artifacts import Artifacts
from pylayer.blobs import BlobStore
from pylayer.calls import Plan, R
from pylayer.checkpoints import Checkpoints, GraphCache
from pylayer.conversations import Conversations
from pylayer.events import Events
from pylayer.items import Comments, Decisions, Items, Projects
from pylayer.keys import Keys
from pylayer.metrics import Metrics
from pylayer.models import Models
from pylayer.people import AgentDefinitions, Agents, Users
from pylayer.retention import Retention
from pylayer.rollups import Rollups
from pylayer.runs import Executions, Workflows
from pylayer.tasks import Tasks

__all__ = ["Namespaces"]


class Namespaces(ABC, Generic[R]):
    """The namespaces of `pylayer.Client`, and of `pylayer.AsyncClient`, whose methods return awaitables."""

    blobs: BlobStore
    _wakes: bool = (
        True  # whether a task that is enqueued wakes a worker: not before a caller's transaction ends
    )

    @abstractmethod
    def run(self, plan: Plan[Any], /) -> Any:
        """Run a plan to its result, or return an awaitable of it."""

    @cached_property
    def agent_definitions(self) -> AgentDefinitions[R]:
        """Blueprints of agents."""
        return AgentDefinitions(self)

    @cached_property
    def agents(self) -> Agents[R]:
        """Agents that work is assigned to."""
        return Agents(self)

    @cached_property
    def artifacts(self) -> Artifacts[R]:
        """Versioned artifacts."""
        return Artifacts(self, self.blobs)

    @cached_property
    def archives(self) -> Archives[R]:
        """Months of events in object storage."""
        return Archives(self, self.blobs)

    @cached_property
    def checkpoints(self) -> Checkpoints[R]:
        """Checkpoints of LangGraph threads."""
        return Checkpoints(self)

    @cached_property
    def comments(self) -> Comments[R]:
        """Comments on work items."""
        return Comments(self)

    @cached_property
    def conversations(self) -> Conversations[R]:
        """Conversations and their messages."""
        return Conversations(self)

    @cached_property
    def decisions(self) -> Decisions[R]:
        """Decisions, for good."""
        return Decisions(self)

    @cached_property
    def events(self) -> Events[R]:
        """Workflow events."""
        return Events(self)

    @cached_property
    def executions(self) -> Executions[R]:
        """Runs of workflows."""
        return Executions(self)

    @cached_property
    def graph_cache(self) -> GraphCache[R]:
        """Results of LangGraph nodes."""
        return GraphCache(self)

    @cached_property
    def items(self) -> Items[R]:
        """Work items."""
        return Items(self)

    @cached_property
    def keys(self) -> Keys[R]:
        """API keys."""
        return Keys(self)

    @cached_property
    def metrics(self) -> Metrics[R]:
        """Totals for monitoring."""
        return Metrics(self)

    @cached_property
    def models(self) -> Models[R]:
        """Models and their prices."""
        return Models(self)

    @cached_property
    def projects(self) -> Projects[R]:
        """Projects."""
        return Projects(self)

    @cached_property
    def retention(self) -> Retention[R]:
        """Months that are taken out."""
        return Retention(self)

    @cached_property
    def rollups(self) -> Rollups[R]:
        """What is counted of the events, for ever."""
        return Rollups(self)

    @cached_property
    def tasks(self) -> Tasks[R]:
        """The task queue."""
        return Tasks(self, wakes=self._wakes)

    @cached_property
    def users(self) -> Users[R]:
        """People and service accounts."""
        return Users(self)

    @cached_property
    def workflows(self) -> Workflows[R]:
        """Registered workflows."""
        return Workflows(self)
