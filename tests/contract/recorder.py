"""Runs plans without a server: each call is answered with a row of the function's own result columns."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import create_autospec
from uuid import UUID

from psycopg import Connection
from pydantic import BaseModel

from pylayer.archive.parquet import write_parquet
from pylayer.blobs import BlobStore
from pylayer.calls import Call, Plan, Sync
from pylayer.namespaces import Namespaces

_SIGNATURES = """
select
  n.nspname || '.' || p.proname as name,
  p.proargnames[1:p.pronargs] as arguments,
  p.pronargs - p.pronargdefaults as required,
  array(
    select pg_get_function_arg_default(p.oid, a.i::integer)
    from generate_series(1, p.pronargs) as a (i) order by a.i
  ) as defaults,
  coalesce(
    (
      select jsonb_object_agg(c.name, c.type)
      from (
        select o.name, o.oid::regtype::text as type
        from unnest(p.proargnames, p.proargmodes, p.proallargtypes) as o (name, mode, oid)
        where o.mode in ('o', 't', 'b')
        union all
        select a.attname, a.atttypid::regtype::text
        from pg_type as t
        join pg_attribute as a on a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
        where t.oid = p.prorettype and t.typtype = 'c'
      ) as c
    ),
    jsonb_build_object(p.proname, p.prorettype::regtype::text)
  ) as columns,
  array(
    select r.role from unnest(array['pylayer_agent', 'pylayer_admin']) as r (role)
    where has_function_privilege(r.role, p.oid, 'execute')
  ) as callers
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where n.nspname in ('core', 'telemetry', 'work', 'iam', 'ai')
"""
_ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_BY_TYPE: Mapping[str, Any] = {
    "text": _ULID,
    "integer": 1,
    "bigint": 1,
    "smallint": 1,
    "double precision": 1.5,
    "boolean": True,
    "numeric": Decimal("1.5"),
    "bigint[]": [1],
    "numeric[]": [Decimal("1.5")],
    "text[]": [_ULID],
    "jsonb": {},
    "timestamp with time zone": datetime(2026, 1, 31, tzinfo=UTC),
    "uuid": UUID(int=0),
    "work.storage_backend": "s3",
    "work.task_events": "terminal",
    "work.task_status": "ready",
    "void": "",
    "bytea": b"",
}
_BY_NAME: Mapping[str, Any] = {
    "status": "created",
    "mime_type": "text/plain",
    "role": "user",
    "tool_calls": [],
    "step": "wait",
    "behind": False,
    "alternatives": [],
    "capabilities": [],
    "tools": [],
    "cron": "* * * * *",
    "timezone": "UTC",
    "outcome": "claimed",
    "channels": {},
    "checkpoints": [
        {
            "cursor": ["1", 1, ""],
            "thread_id": "t",
            "checkpoint_ns": "",
            "checkpoint_id": "1",
            "parent_checkpoint_id": None,
            "checkpoint": {},
            "metadata": {},
            "channel_values": {},
            "writes": [],
        }
    ],
    "blobs": [],
}
# Rows that have such a column, of runs, steps, workflows, agents and spans, say this as well.
_BESIDE: Mapping[str, Mapping[str, Any]] = {
    "attempt": {"status": "completed"},
    "steps": {"status": "active", "steps": []},
    "budget_used_usd": {"status": "active"},
    "span_id": {"status": "ok", "kind": "llm"},
}


def _value(name: str, kind: str) -> Any:
    return _BY_TYPE[kind] if kind == "bigint" else _BY_NAME.get(name, _BY_TYPE[kind])


@dataclass(frozen=True)
class Signature:
    """What the catalog says of a function."""

    name: str
    arguments: list[str] | None
    required: int
    defaults: list[str | None]
    columns: dict[str, str]
    callers: list[str]

    def row(self) -> dict[str, Any]:
        """A row as the function returns it."""
        found = {name: _value(name, kind) for name, kind in sorted(self.columns.items())}
        for name, values in _BESIDE.items():
            found |= values if name in self.columns else {}
        return found


def signatures(connection: Connection[dict[str, Any]]) -> dict[str, Signature]:
    """Our functions by name."""
    return {row["name"]: Signature(**row) for row in connection.execute(_SIGNATURES)}


def archive() -> bytes:
    """An archive of one event."""
    file = io.BytesIO()
    write_parquet(
        [f"{_ULID},1,a.b,2026-01-31 00:00:00+00,,,,,{{}},,,2026-01-31 00:00:00+00,1,1\n".encode()], file
    )
    return file.getvalue()


@dataclass
class Recorder(Namespaces[Sync]):
    """Runs plans; ``failing`` names functions whose calls fail, ``changes`` what their rows say instead."""

    functions: Mapping[str, Signature]
    failing: Mapping[str, Exception] = field(default_factory=dict)
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    calls: list[Call[Any]] = field(default_factory=list)
    results: list[BaseModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blobs = blobs = create_autospec(BlobStore, instance=True)
        blobs.stat.return_value.size = -1
        blobs.get.return_value.read.return_value = b""
        blobs.get.return_value.__enter__.return_value = [archive()]  # its chunks, for who iterates

    def run(self, plan: Plan[Any], /) -> Any:
        try:
            step = next(plan)
            while True:
                try:
                    result = self._answer(step) if isinstance(step, Call) else step.function()
                except Exception as error:
                    step = plan.throw(error)
                else:
                    step = plan.send(result)
        except StopIteration as stop:
            return stop.value

    def _answer(self, call: Call[Any]) -> Any:
        self.calls.append(call)
        name = function_of(call)
        if error := self.failing.get(name):
            raise error
        rows: Sequence[dict[str, Any]] = [self.functions[name].row() | self.changes.get(name, {})]
        result = call.parse(rows)
        found = result if isinstance(result, list) else [result]
        self.results += [item for item in found if isinstance(item, BaseModel)]
        return result


def function_of(call: Call[Any]) -> str:
    """The name of the function that a call calls."""
    return call.sql.removeprefix("select * from ").split("(", 1)[0]
