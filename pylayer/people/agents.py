"""`client.agents` and `client.agent_definitions`: the calls for agents of schema ai."""

from __future__ import annotations

from typing import TypeAlias, Unpack

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows
from pylayer.people.models import Agent, AgentDefinition, AgentDefinitionFields, AgentFields, AgentStatus

__all__ = ["AgentDefinitions", "Agents"]

_Agents: TypeAlias = list[Agent]
_Definitions: TypeAlias = list[AgentDefinition]


class Agents(Namespace[R]):
    """Agents that work is assigned to."""

    @operation
    def save(self, agent_id: str, **fields: Unpack[AgentFields]) -> Plan[Agent]:
        """Make an agent, or change what is given of one (admin). Safe to repeat.

        Args:
            agent_id: 1 to 100 of ``A-Z``, ``a-z``, ``0-9``, ``.``, ``_``, ``:`` and ``-``.
            **fields: those of `AgentFields`; None clears one, what is left out stays.

        Raises:
            InvalidInput: a value that is none. NotFound: the agent was removed, or no such definition.
            Conflict: ``agent_retired``: it is retired for good. Forbidden: not an admin.
            TooLarge: a document over 256 KiB.

        Example:
            >>> client.agents.save("reviewer-1", name="Reviewer").status
            'active'
        """
        params = {"p_agent_id": agent_id, "p_fields": Jsonb(fields)}
        return (yield from call("ai.save_agent", params, one(Agent), repeatable=True))

    @operation
    def get_by_id(self, agent_id: str) -> Plan[Agent]:
        """Return an agent.

        Raises:
            NotFound: there is no such agent.
        """
        return (yield from call("ai.get_agent", {"p_agent_id": agent_id}, one(Agent), repeatable=True))

    @operation
    def list(
        self,
        *,
        status: AgentStatus | None = None,
        project_id: str | None = None,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Agents]:
        """Return a page of agents, by id.

        Args:
            status, project_id: exact filters.
            limit: 1 to 1,000 agents.
            after: ``agent_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none.
        """
        params = {"p_status": status, "p_project_id": project_id, "p_limit": limit, "p_after": after}
        return (yield from call("ai.list_agents", params, rows(Agent), repeatable=True))


class AgentDefinitions(Namespace[R]):
    """Blueprints of agents, by name and version; a version never changes."""

    @operation
    def save(self, name: str, **fields: Unpack[AgentDefinitionFields]) -> Plan[AgentDefinition]:
        """Make the next version of a definition, unless the latest says the same (admin). Safe to repeat.

        Args:
            name: 1 to 100 of ``A-Z``, ``a-z``, ``0-9``, ``.``, ``_`` and ``-``.
            **fields: those of `AgentDefinitionFields`; None clears one, what is left out is as in the latest.

        Raises:
            InvalidInput: a value that is none. Forbidden: not an admin.
            TooLarge: a text or document over 256 KiB.

        Example:
            >>> client.agent_definitions.save("reviewer", model="gpt-5").version
            1
        """
        params = {"p_name": name, "p_fields": Jsonb(fields)}
        return (yield from call("ai.save_agent_definition", params, one(AgentDefinition), repeatable=True))

    @operation
    def get_by_id(self, name: str, version: int | None = None) -> Plan[AgentDefinition]:
        """Return a version of a definition; default the latest.

        Raises:
            NotFound: there is no such definition or version.
        """
        params = {"p_name": name, "p_version": version}
        return (yield from call("ai.get_agent_definition", params, one(AgentDefinition), repeatable=True))

    @operation
    def list(self, *, limit: int = 100, after: str | None = None) -> Plan[_Definitions]:
        """Return a page of definitions, the latest version of each, by name.

        Args:
            limit: 1 to 1,000 definitions.
            after: ``name`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none.
        """
        params = {"p_limit": limit, "p_after": after}
        return (yield from call("ai.list_agent_definitions", params, rows(AgentDefinition), repeatable=True))
