"""Who works: `client.users`, `client.agents`, `client.agent_definitions`."""

from pylayer.people.agents import AgentDefinitions, Agents
from pylayer.people.models import (
    Agent,
    AgentDefinition,
    AgentDefinitionFields,
    AgentFields,
    User,
    UserFields,
)
from pylayer.people.users import Users

__all__ = [
    "Agent",
    "AgentDefinition",
    "AgentDefinitionFields",
    "AgentDefinitions",
    "AgentFields",
    "Agents",
    "User",
    "UserFields",
    "Users",
]
