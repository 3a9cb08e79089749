"""What a change of state costs: no index is touched, whatever the item says."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

_UPDATES = """
select pg_stat_get_xact_tuples_updated(c) as all, pg_stat_get_xact_tuples_hot_updated(c) as hot
from (select 'work.items'::regclass) as t (c)
"""


def test_only_closing_touches_an_index(conn: Connection[Any]) -> None:
    fields = '{"description": "a needle", "tags": ["a"], "github_repository": "o/n", "github_number": 1}'
    conn.execute("select work.create_item('task', 'x', %s, 'T')", [fields])
    with conn.transaction():
        for state in ("ready", "in_progress", "in_review"):
            conn.execute("select work.transition_item('T', %s)", [state])
        assert conn.execute(_UPDATES).fetchone() == {"all": 3, "hot": 3}
        conn.execute("select work.transition_item('T', 'done')")
        assert conn.execute(_UPDATES).fetchone() == {"all": 4, "hot": 3}
