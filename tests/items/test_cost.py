"""What a change of state costs: no index is touched, whatever the item says."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

_UPDATES = """
select pg_stat_get_xact_tuples_updated(c) as all, pg_stat_get_xact_tuples_hot_updated(c) as hot
from (select 'work.items'::regclass) as t (c)
"""


def updates(conn: Connection[Any], *states: str) -> tuple[int, int]:
    """How many versions of the row a walk made, and how many of them without any index."""
    with conn.transaction():
        for state in states:
            conn.execute("select work.transition_item('T', %s)", [state])
        return tuple(conn.execute(_UPDATES).fetchone().values())  # type: ignore[union-attr,return-value]


def test_only_closing_and_reopening_touch_an_index(conn: Connection[Any]) -> None:
    fields = '{"description": "a needle", "tags": ["a"], "github_repository": "o/n", "github_number": 1}'
    conn.execute("select work.create_item('task', 'x', %s, 'T')", [fields])
    assert updates(conn, "ready", "in_progress", "in_review") == (3, 3)
    assert updates(conn, "done") == (1, 0)
