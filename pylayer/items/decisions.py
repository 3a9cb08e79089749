"""`client.decisions`: the calls for decisions of schema work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from psycopg.types.json import Jsonb

from pylayer.calls import Namespace, Plan, R, call, one, operation, rows
from pylayer.ids import new_ulid
from pylayer.items.models import Decision

__all__ = ["Decisions"]

_Listed: TypeAlias = list[Decision]


class Decisions(Namespace[R]):
    """Decisions: recorded for good; a new one supersedes an old one, which stays."""

    @operation
    def record(
        self,
        title: str,
        decision: str,
        *,
        item_id: str | None = None,
        project_id: str | None = None,
        rationale: str | None = None,
        alternatives: Sequence[Any] | None = None,
        supersedes_id: str | None = None,
        actor: str | None = None,
        run_id: str | None = None,
        decision_id: str | None = None,
    ) -> Plan[Decision]:
        """Record a decision.

        Args:
            title: the question, 1 to 500 characters.
            decision: what was decided, at most 256 KiB.
            item_id, project_id: what it is about.
            rationale: why, at most 256 KiB.
            alternatives: what was not chosen.
            supersedes_id: decision that no longer holds; each is superseded once.
            actor: who decided, in words; default the login.
            run_id: workflow run in which it was decided.
            decision_id: ULID; default a new one.

        Raises:
            InvalidInput: a value that is none. NotFound: no such item, project or decision.
            Conflict: ``already_superseded``: another decision supersedes that one; or the id is another's.
            TooLarge: a text over 256 KiB.

        Example:
            >>> client.decisions.record("Which queue?", "The one in Postgres").superseded_by_id is None
            True
        """
        params: dict[str, Any] = {
            "p_title": title,
            "p_decision": decision,
            "p_item_id": item_id,
            "p_project_id": project_id,
            "p_rationale": rationale,
            "p_alternatives": None if alternatives is None else Jsonb(list(alternatives)),
            "p_supersedes_id": supersedes_id,
            "p_actor": actor,
            "p_run_id": run_id,
            "p_decision_id": decision_id or new_ulid(),
        }
        return (yield from call("work.record_decision", params, one(Decision), repeatable=True))

    @operation
    def list(
        self,
        *,
        item_id: str | None = None,
        project_id: str | None = None,
        holds: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Plan[_Listed]:
        """Return a page of decisions, newest first.

        Args:
            item_id, project_id: exact filters.
            holds: only those that no other supersedes.
            limit: 1 to 1,000 decisions.
            after: ``decision_id`` that ended the previous page.

        Raises:
            InvalidInput: a limit that is none. NotFound: ``after`` is no decision.
        """
        params: dict[str, Any] = {
            "p_item_id": item_id,
            "p_project_id": project_id,
            "p_holds": holds,
            "p_limit": limit,
            "p_after": after,
        }
        return (yield from call("work.list_decisions", params, rows(Decision), repeatable=True))
