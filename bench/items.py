"""Items: a change of state beside the bare writes of history, event and item, and reads beside a key."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from psycopg import Connection

import pylayer
from bench.environment import connection, fresh_database
from bench.results import Result
from bench.timing import Case, Timing, interleave
from pylayer.config import Settings
from pylayer.ids import new_ulid

__all__ = ["measure"]

_ITEMS = 200
_TARGET = 0.6
# The same columns, constraints and indexes, and no trigger: what the rules cost is left out.
_BARE_TABLES = (
    "create schema bench",
    "create table bench.items (like work.items including all)",
    "create table bench.item_transitions (like work.item_transitions including all)",
    "insert into bench.items select * from work.items",
    "insert into bench.item_transitions select * from work.item_transitions",
)
# Two INSERTs and one UPDATE in one statement, the least that a client could send.
_BARE = """
with moved as (
  update bench.items set state = %(to_state)s, state_seq = state_seq + 1, state_since = clock_timestamp()
  where item_id = %(item_id)s and state = %(from_state)s
  returning item_id, item_type, state_seq, project_id
), noted as (
  insert into bench.item_transitions
    (item_id, seq, from_state, to_state, actor, reason, time_in_state_seconds)
  select item_id, state_seq, %(from_state)s, %(to_state)s, 'bench', 'measured', 1.5 from moved
)
insert into telemetry.workflow_events
  (event_id, event_version, event_name, ts, item_id, project_id, payload, recorded_epoch, recorded_xid)
select
  %(event_id)s, 1, 'workflow.item_state_changed', clock_timestamp(), item_id, project_id,
  jsonb_build_object(
    'item_type', item_type, 'from_state', %(from_state)s::text, 'to_state', %(to_state)s::text,
    'actor', 'bench', 'reason', 'measured', 'time_in_state_seconds', 1.5
  ),
  1, pg_current_xact_id()::text::bigint
from moved
"""
_TRANSITION = (
    "select * from work.transition_item(%(item_id)s, %(to_state)s, %(from_state)s, 'bench', 'measured')"
)
_GET = "select * from work.get_item(%s)"
_BY_KEY = "select * from work.items where item_id = %s"


def measure(settings: Settings, *, quick: bool) -> list[Result]:
    """Measure items on a fresh database."""
    rounds = 5 if quick else 60
    with (
        fresh_database(settings) as url,
        pylayer.connect(url, pool_size=2, settings=settings) as client,
        connection(url) as server,
    ):
        ids = [client.items.create("task", f"item {nth}").item_id for nth in range(_ITEMS)]
        for statement in _BARE_TABLES:
            server.execute(statement.encode())
        return [*_transitions(server, client, ids, rounds), _read(server, ids, rounds)]


def _transitions(
    server: Connection[Any], client: pylayer.Client, ids: list[str], rounds: int
) -> list[Result]:
    bare, half = _moves(ids), len(ids) // 2
    by_sql, by_client = _moves(ids[:half]), _moves(ids[half:])
    found = interleave(
        [
            Case("bare", lambda move: server.execute(_BARE, move), lambda: next(bare)),
            Case("sql", lambda move: server.execute(_TRANSITION, move).fetchall(), lambda: next(by_sql)),
            Case("client", lambda move: _move(client, move), lambda: next(by_client)),
        ],
        rounds,
        calls=20,
    )
    beside = ("bare two INSERTs and one UPDATE", found["bare"])
    return [
        _rate("transition_item", found["sql"], beside, _TARGET),
        _rate("client.items.transition", found["client"], beside),
    ]


def _read(server: Connection[Any], ids: list[str], rounds: int) -> Result:
    def one() -> str:
        return random.choice(ids)

    found = interleave(
        [
            Case("key", lambda key: server.execute(_BY_KEY, (key,)).fetchall(), one),
            Case("sql", lambda key: server.execute(_GET, (key,)).fetchall(), one),
        ],
        rounds,
        calls=20,
    )
    return _rate("get_item", found["sql"], ("SELECT by primary key", found["key"]))


def _move(client: pylayer.Client, move: dict[str, str]) -> None:
    client.items.transition(
        move["item_id"],
        move["to_state"],
        expected_state=move["from_state"],
        actor="bench",
        reason="measured",
    )


def _moves(ids: list[str]) -> Iterator[dict[str, str]]:
    """There and back again, item by item, for ever."""
    for start, end in itertools.cycle([("backlog", "blocked"), ("blocked", "backlog")]):
        for item_id in ids:
            yield {"item_id": item_id, "from_state": start, "to_state": end, "event_id": new_ulid()}


def _rate(name: str, timing: Timing, beside: tuple[str, Timing], target: float | None = None) -> Result:
    return Result(
        name=name,
        value=1 / timing.median,
        unit="calls/s",
        repetitions=len(timing.seconds),
        noise=timing.spread,
        compared_with=beside[0],
        reference=1 / beside[1].median,
        ratio=beside[1].median / timing.median,
        target=target,
    )
