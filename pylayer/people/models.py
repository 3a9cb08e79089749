"""What goes in and out of `client.users`, `client.agents` and `client.agent_definitions`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypedDict

from pydantic import BaseModel, ConfigDict

__all__ = [
    "Agent",
    "AgentDefinition",
    "AgentDefinitionFields",
    "AgentFields",
    "AgentStatus",
    "User",
    "UserFields",
]

AgentStatus: TypeAlias = Literal["active", "paused", "retired"]
"""``paused`` gets no work for now, ``retired`` never again."""


class UserFields(TypedDict, total=False):
    """The fields of a user; None clears one. No secret belongs here."""

    display_name: str | None
    email: str | None
    is_service_account: bool
    github_login: str | None
    github_node_id: str | None
    preferences: dict[str, Any] | None
    metadata: dict[str, Any] | None


class AgentDefinitionFields(TypedDict, total=False):
    """What a definition of agents says; None clears a field."""

    role: str | None
    description: str | None
    provider: str | None
    model: str | None
    system_prompt: str | None
    capabilities: list[Any] | None
    tools: list[Any] | None
    config: dict[str, Any] | None
    budget: dict[str, Any] | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None


class AgentFields(TypedDict, total=False):
    """The fields of an agent; None clears one."""

    name: str
    definition_id: str | None
    status: AgentStatus
    project_id: str | None
    config: dict[str, Any] | None
    budget: dict[str, Any] | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class User(_Row):
    """A person or a service account.

    Attributes:
        user_id: ULID; what items and comments name.
        username: short name, lower case; never changes.
        display_name: name as people read it, or None.
        email: address, or None.
        is_service_account: a program, not a person.
        github_login: login on GitHub, or None.
        github_node_id: node id on GitHub, or None.
        preferences: what the user chose, or None.
        metadata: whatever else, or None.
        created_at: when it was made.
        updated_at: last change.
    """

    user_id: str
    username: str
    display_name: str | None
    email: str | None
    is_service_account: bool
    github_login: str | None
    github_node_id: str | None
    preferences: dict[str, Any] | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


class AgentDefinition(_Row):
    """A version of a blueprint of agents; it never changes.

    Attributes:
        definition_id: ULID of the version.
        name: name of the blueprint, such as ``reviewer``.
        version: from 1.
        role: role that events name as ``agent_role``, or None.
        description: what it is for, or None.
        provider: who runs the model, or None.
        model: the model, or None.
        system_prompt: prompt that each conversation begins with, or None.
        capabilities: what it can do, or None.
        tools: tools that it may use, or None.
        config: settings of the model and of the agent, or None.
        budget: limits that its agents begin with, or None.
        tags: to search by containment, or None.
        metadata: whatever else, or None.
        created_at: when it was made.
    """

    definition_id: str
    name: str
    version: int
    role: str | None
    description: str | None
    provider: str | None
    model: str | None
    system_prompt: str | None
    capabilities: list[Any] | None
    tools: list[Any] | None
    config: dict[str, Any] | None
    budget: dict[str, Any] | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None
    created_at: datetime


class Agent(_Row):
    """An agent that work is assigned to, with what it used.

    Attributes:
        agent_id: its id, such as ``reviewer-1``; never changes.
        definition_id: version of the blueprint that it was made of, or None.
        name: name as people read it.
        status: ``active``, ``paused`` or ``retired`` (for good).
        project_id: project that it works for; None is any.
        config: settings that replace those of the definition, or None.
        budget: its limits, or None.
        budget_used_usd: USD used of the budget of the current period.
        executions: executions, ever.
        successes: those of them that succeeded.
        execution_ms_total: milliseconds that they took.
        tokens_total: tokens that they used.
        cost_usd_total: USD that they cost, as estimated.
        last_active_at: when it last worked; None is never.
        tags: to search by containment, or None.
        metadata: whatever else, or None.
        created_at: when it was made.
        updated_at: last change.
    """

    agent_id: str
    definition_id: str | None
    name: str
    status: AgentStatus
    project_id: str | None
    config: dict[str, Any] | None
    budget: dict[str, Any] | None
    budget_used_usd: Decimal
    executions: int
    successes: int
    execution_ms_total: int
    tokens_total: int
    cost_usd_total: Decimal
    last_active_at: datetime | None
    tags: dict[str, Any] | list[Any] | None
    metadata: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
