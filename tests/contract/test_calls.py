"""Each call that Python makes fits a function: its name, its parameters, their defaults, its result."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, get_origin, get_type_hints
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from pylayer.archive.parquet import Contents
from pylayer.artifacts import ArtifactInfo
from pylayer.calls import call_sql, operation
from pylayer.errors import Conflict
from pylayer.events import Event
from pylayer.items import Item
from pylayer.namespaces import Namespaces
from pylayer.runs import Span
from pylayer.tasks import Completion
from tests.contract.recorder import Recorder, Signature, function_of, signatures

PACKAGE = Path(__file__).parents[2] / "pylayer"
NOW = datetime(2026, 1, 31, tzinfo=UTC)
ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
SPAN = Span(span_id="s", name="call", kind="llm", started_at=NOW, ended_at=NOW)
LEASE = UUID(int=0)
CHECKPOINT = {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}
EVENT = Event(event_name="workflow.flow_issue", payload={"issue_type": "x", "impact": "low"})

# Each operation, called with what it requires.
SCENARIOS: dict[str, Callable[[Recorder], Any]] = {
    "events.ingest": lambda r: r.events.ingest(EVENT),
    "events.ingest_many": lambda r: r.events.ingest_many([EVENT]),
    "events.query": lambda r: r.events.query(),
    "events.timeline": lambda r: r.events.timeline("run-1"),
    "events.register_event_type": lambda r: r.events.register_event_type("demo.done", {}),
    "events.retention_floor": lambda r: r.events.retention_floor(),
    "events.open_backfill": lambda r: r.events.open_backfill(NOW, NOW),
    "events.make_months_ahead": lambda r: r.events.make_months_ahead(),
    "events.fold_ingest_counts": lambda r: r.events.fold_ingest_counts(),
    "artifacts.write": lambda r: r.artifacts.write(type="report", content="text"),
    "artifacts.create_version": lambda r: r.artifacts.create_version(ID, content="text"),
    "artifacts.read": lambda r: _expect(Conflict, lambda: r.artifacts.read(ID)),
    "artifacts.stat": lambda r: r.artifacts.stat(ID),
    "artifacts.list": lambda r: r.artifacts.list(),
    "artifacts.list_versions": lambda r: r.artifacts.list_versions(ID),
    "artifacts.link": lambda r: r.artifacts.link(ID, "produced_by", run_id="run-1"),
    "artifacts.verify": lambda r: r.artifacts.verify(ID),
    "artifacts.delete_blob": lambda r: r.artifacts.delete_blob(ID, 1, reason="asked for"),
    "artifacts.clean_uploads": lambda r: r.artifacts.clean_uploads(),
    "conversations.save": lambda r: r.conversations.save(),
    "conversations.get_by_id": lambda r: r.conversations.get_by_id("chat-1"),
    "conversations.list": lambda r: r.conversations.list(),
    "conversations.append": lambda r: r.conversations.append("chat-1", "user"),
    "conversations.append_many": lambda r: r.conversations.append_many("chat-1", [{"role": "user"}]),
    "conversations.messages": lambda r: r.conversations.messages("chat-1"),
    "conversations.window": lambda r: r.conversations.window("chat-1", max_messages=10),
    "conversations.search": lambda r: r.conversations.search("weather"),
    "items.save": lambda r: r.items.save(Item(item_type="story", title="x")),
    "items.create": lambda r: r.items.create("story", "x"),
    "items.update": lambda r: r.items.update(ID, title="y"),
    "items.transition": lambda r: r.items.transition(ID, "ready"),
    "items.assign": lambda r: r.items.assign(ID),
    "items.get_by_id": lambda r: r.items.get_by_id(ID),
    "items.list": lambda r: r.items.list(),
    "items.search": lambda r: r.items.search("x"),
    "items.history": lambda r: r.items.history(ID),
    "items.states": lambda r: r.items.states(),
    "items.restore": lambda r: r.items.restore(ID),
    "items.delete": lambda r: r.items.delete(ID),
    "items.add_dependency": lambda r: r.items.add_dependency(ID, "other"),
    "items.remove_dependency": lambda r: r.items.remove_dependency(ID, "other"),
    "items.attach": lambda r: r.items.attach(ID, ID),
    "items.detach": lambda r: r.items.detach(ID, ID),
    "items.attachments": lambda r: r.items.attachments(ID),
    "comments.add": lambda r: r.comments.add(ID, "text"),
    "comments.edit": lambda r: r.comments.edit(ID, "text"),
    "comments.list": lambda r: r.comments.list(ID),
    "comments.delete": lambda r: r.comments.delete(ID),
    "decisions.record": lambda r: r.decisions.record("x", "y"),
    "decisions.list": lambda r: r.decisions.list(),
    "users.save": lambda r: r.users.save("ada"),
    "users.get_by_id": lambda r: r.users.get_by_id("ada"),
    "users.list": lambda r: r.users.list(),
    "agents.save": lambda r: r.agents.save("coder-1"),
    "agents.get_by_id": lambda r: r.agents.get_by_id("coder-1"),
    "agents.list": lambda r: r.agents.list(),
    "agent_definitions.save": lambda r: r.agent_definitions.save("coder"),
    "agent_definitions.get_by_id": lambda r: r.agent_definitions.get_by_id("coder"),
    "agent_definitions.list": lambda r: r.agent_definitions.list(),
    "projects.save": lambda r: r.projects.save("web"),
    "projects.get_by_id": lambda r: r.projects.get_by_id("web"),
    "projects.list": lambda r: r.projects.list(),
    "projects.delete": lambda r: r.projects.delete("web"),
    "executions.start": lambda r: r.executions.start("nightly"),
    "executions.claim": lambda r: r.executions.claim("run-1", "me"),
    "executions.due": lambda r: r.executions.due(),
    "executions.begin_step": lambda r: r.executions.begin_step("run-1", 1, "build"),
    "executions.complete_step": lambda r: r.executions.complete_step("run-1", 1, "build"),
    "executions.fail_step": lambda r: r.executions.fail_step("run-1", 1, "build", "broken"),
    "executions.sleep_until": lambda r: r.executions.sleep_until("run-1", 1, "sleep", NOW),
    "executions.await_event": lambda r: r.executions.await_event("run-1", 1, "wait", "approved"),
    "executions.await_execution": lambda r: r.executions.await_execution("run-1", 1, "child", "run-1/child"),
    "executions.emit_signal": lambda r: r.executions.emit_signal("run-1", "approved"),
    "executions.complete": lambda r: r.executions.complete("run-1", 1),
    "executions.fail": lambda r: r.executions.fail("run-1", 1, "broken"),
    "executions.cancel": lambda r: r.executions.cancel("run-1"),
    "executions.retry": lambda r: r.executions.retry("run-1"),
    "executions.expire": lambda r: r.executions.expire(),
    "executions.purge": lambda r: r.executions.purge(),
    "executions.get_by_id": lambda r: r.executions.get_by_id("run-1"),
    "executions.list": lambda r: r.executions.list(),
    "executions.list_steps": lambda r: r.executions.list_steps("run-1"),
    "executions.step_results": lambda r: r.executions.step_results("run-1"),
    "executions.record": lambda r: r.executions.record("run-1", f"me:{ID}"),
    "executions.record_traces": lambda r: r.executions.record_traces("run-1", [SPAN]),
    "executions.list_traces": lambda r: r.executions.list_traces("run-1"),
    "checkpoints.put": lambda r: r.checkpoints.put(
        **CHECKPOINT, parent_checkpoint_id=None, checkpoint={}, metadata={}, channel_values={}
    ),
    "checkpoints.put_writes": lambda r: r.checkpoints.put_writes(
        **CHECKPOINT, task_id="t", task_path="", writes={}, values={}
    ),
    "checkpoints.page": lambda r: r.checkpoints.page(),
    "checkpoints.delta_history": lambda r: r.checkpoints.delta_history(**CHECKPOINT, channels=["c"]),
    "checkpoints.delete_threads": lambda r: r.checkpoints.delete_threads(["t"]),
    "checkpoints.delete_for_runs": lambda r: r.checkpoints.delete_for_runs(["r"]),
    "checkpoints.copy_thread": lambda r: r.checkpoints.copy_thread("t", "u"),
    "checkpoints.prune": lambda r: r.checkpoints.prune(["t"]),
    "checkpoints.retire": lambda r: r.checkpoints.retire(),
    "checkpoints.remove_unused_blobs": lambda r: r.checkpoints.remove_unused_blobs(),
    "graph_cache.get": lambda r: r.graph_cache.get([("n", "k")]),
    "graph_cache.set": lambda r: r.graph_cache.set([("n", "k", "t", b"", None)]),
    "graph_cache.clear": lambda r: r.graph_cache.clear(),
    "graph_cache.remove_expired": lambda r: r.graph_cache.remove_expired(),
    "keys.create": lambda r: r.keys.create("ci"),
    "keys.list": lambda r: r.keys.list(),
    "keys.revoke": lambda r: r.keys.revoke(ID),
    "keys.authenticate": lambda r: r.keys.authenticate("pyl_x"),
    "keys.exist": lambda r: r.keys.exist(),
    "retention.status": lambda r: r.retention.status(),
    "retention.steps": lambda r: r.retention.steps(),
    "retention.raise_floor": lambda r: r.retention.raise_floor(),
    "retention.seal": lambda r: r.retention.seal(NOW),
    "retention.attach": lambda r: r.retention.attach(NOW),
    "retention.drop": lambda r: r.retention.drop(NOW),
    "archives.list": lambda r: r.archives.list(),
    "archives.key": lambda r: r.archives.key(NOW),
    "archives.record": lambda r: r.archives.record(NOW, Contents(), size_bytes=1, content_hash=""),
    "archives.verify": lambda r: r.archives.verify(NOW),
    "archives.restore": lambda r: r.archives.restore(NOW),
    "metrics.totals": lambda r: r.metrics.totals(),
    "models.prices": lambda r: r.models.prices(),
    "models.set_price": lambda r: r.models.set_price(
        "m", provider="p", input_usd_per_mtok=Decimal(1), output_usd_per_mtok=Decimal(1)
    ),
    "rollups.refresh": lambda r: r.rollups.refresh(),
    "workflows.save": lambda r: r.workflows.save("nightly", "1.0.0"),
    "workflows.set_status": lambda r: r.workflows.set_status("nightly", "1.0.0", "deprecated"),
    "workflows.get_by_id": lambda r: r.workflows.get_by_id("nightly"),
    "workflows.list": lambda r: r.workflows.list(),
    "tasks.enqueue": lambda r: r.tasks.enqueue("send"),
    "tasks.enqueue_many": lambda r: r.tasks.enqueue_many([{"task_name": "send"}]),
    "tasks.claim": lambda r: r.tasks.claim("worker"),
    "tasks.complete": lambda r: r.tasks.complete(ID, LEASE),
    "tasks.complete_many": lambda r: r.tasks.complete_many([Completion(ID, LEASE)]),
    "tasks.fail": lambda r: r.tasks.fail(ID, LEASE, "boom"),
    "tasks.heartbeat": lambda r: r.tasks.heartbeat(ID, LEASE),
    "tasks.get_by_id": lambda r: r.tasks.get_by_id(ID),
    "tasks.list": lambda r: r.tasks.list(),
    "tasks.requeue_dead": lambda r: r.tasks.requeue_dead(),
    "tasks.sweep": lambda r: r.tasks.sweep(),
    "tasks.purge": lambda r: r.tasks.purge(),
    "tasks.queues": lambda r: r.tasks.queues(),
    "tasks.set_queue": lambda r: r.tasks.set_queue("default"),
    "tasks.pause": lambda r: r.tasks.pause("default"),
    "tasks.schedules": lambda r: r.tasks.schedules(),
    "tasks.set_schedule": lambda r: r.tasks.set_schedule("nightly", "0 3 * * *", {"task_name": "send"}),
    "tasks.remove_schedule": lambda r: r.tasks.remove_schedule("nightly"),
    "tasks.fire_due": lambda r: r.tasks.fire_due(),
}
NAMESPACES: dict[str, type] = {
    name: get_origin(get_type_hints(made.func)["return"])
    for name, made in vars(Namespaces).items()
    if isinstance(made, cached_property)
}
# Other ways through them.
MORE: dict[str, Callable[[Recorder], Any]] = {
    "blob": lambda r: r.artifacts.write(type="bundle", content=b"\x00\xff"),
    "edited_item": lambda r: r.items.save(Item(item_type="story", title="x", version=1)),
    "prices_at": lambda r: r.models.prices(NOW),
}
# Functions that roles may call and the client does not: SQL's own helpers, and what Python does by itself.
NOT_FROM_PYTHON = {
    "ai.cost_usd_est": "PriceTable estimates without a call",
    "ai.training_chat": "pylayer export copies it",
    "core.advance_epoch": "pylayer restore calls it on its own connection",
    "core.crockford_8": "helper of core.new_ulid",
    "core.current_epoch": "called by the functions that store events",
    "core.ms_time": "helper of core.ulid_time",
    "core.new_ulid": "python-ulid makes them",
    "core.referenced_blobs": "pylayer backup copies it from its snapshot",
    "core.ulid_floor": "for queries by hand",
    "core.ulid_ms": "helper of core.ulid_time",
    "core.ulid_time": "for queries by hand",
    "telemetry.absent_months": "pylayer export calls it on its own connection",
    "telemetry.cycle_bounds_seconds": "for queries by hand",
    "telemetry.duration_bounds_ms": "for queries by hand",
    "telemetry.duration_bucket": "for queries by hand",
    "telemetry.label_keys": "for queries by hand",
    "telemetry.state_outcome": "for queries by hand",
    "telemetry.month_events": "COPY streams it into an archive",
    "telemetry.payload_number": "helper of telemetry.training_workflow_data",
    "telemetry.snapshot_horizon": "pylayer export calls it on its own connection",
    "telemetry.training_agent_events": "pylayer export copies it",
    "telemetry.training_workflow_data": "pylayer export copies it",
    "work.runs_kept_from": "pylayer export asks it",
    "work.tasks_kept_from": "pylayer export asks it",
    "work.training_agent_tasks": "pylayer export copies it",
    "work.training_tool_executions": "pylayer export copies it",
    "work.abort_open_uploads": "pylayer restore calls it on its own connection",
    "work.artifact_storage_key": "begin_upload makes the key",
    "work.is_json_mime": "stands in a generated column",
}
# They read page by page, each of a size of their own.
_PAGING = {"artifacts.verify", "artifacts.clean_uploads"}
# What the scenarios or the client choose themselves.
_CHOSEN = {
    "p_artifact_id",
    "p_instance_id",
    "p_max_messages",
    "p_message_id",
    "p_mime_type",
    "p_content_hash",
    "p_preview_text",
    "p_extracted_fields",
    "p_fields",
    "p_item_id",
    "p_decision_id",
    "p_comment_id",
    "p_run_id",
    "p_month",
    "p_type",
    "p_signal_id",
    "p_due",
    "p_queues",
}


def _expect(kind: type[Exception], run: Callable[[], Any]) -> None:
    with pytest.raises(kind):
        run()


def _open(recorder: Recorder) -> None:
    with recorder.artifacts.open(ID) as reader:
        assert reader.content.artifact_id == ID


@pytest.fixture(scope="module")
def functions(template: Any) -> Iterator[dict[str, Signature]]:
    from tests.catalog.databases import copy_of

    with copy_of(template, "contract") as dsn, psycopg.connect(dsn, row_factory=dict_row) as connection:
        yield signatures(connection)


@pytest.fixture(scope="module")
def recorded(functions: dict[str, Signature]) -> Recorder:
    """Everything that all scenarios call."""
    every = Recorder(functions)
    for scenario in (*SCENARIOS.values(), *MORE.values(), _open):
        scenario(every)
    broken = Recorder(functions, failing={"work.commit_upload": Conflict("stale")})
    _expect(Conflict, lambda: MORE["blob"](broken))
    unchanged = Recorder(functions, changes={"work.begin_upload": {"upload_id": None, "storage_key": None}})
    MORE["blob"](unchanged)
    every.calls += broken.calls + unchanged.calls
    every.results += broken.results + unchanged.results
    return every


def test_each_operation_has_a_scenario() -> None:
    operations = {
        f"{attribute}.{name}"
        for attribute, namespace in NAMESPACES.items()
        for name, value in inspect.getmembers_static(namespace)
        if isinstance(value, operation)
    }
    assert operations == SCENARIOS.keys()


def test_each_call_names_a_function_and_its_parameters(
    recorded: Recorder, functions: dict[str, Signature]
) -> None:
    for call in recorded.calls:
        name = function_of(call)
        assert name in functions
        known, given = functions[name].arguments or [], list(call.params)
        assert call.sql == call_sql(name, given)
        assert set(given) <= set(known), name
        assert set(known[: functions[name].required]) <= set(given), name


def test_each_call_written_in_the_package_is_recorded(recorded: Recorder) -> None:
    assert _written() == {function_of(call) for call in recorded.calls}


def _written() -> set[str]:
    """The first arguments of all ``call(...)`` and ``partial(call, ...)`` in the package."""
    found: set[str] = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            arguments = node.args[1:] if _is_partial_call(node) else node.args
            named = node.func.id == "call" or _is_partial_call(node)
            if named and arguments and isinstance(arguments[0], ast.Constant):
                found.add(str(arguments[0].value))
    return found


def _is_partial_call(node: ast.Call) -> bool:
    return (
        isinstance(node.func, ast.Name)
        and node.func.id == "partial"
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == "call"
    )


def test_each_function_that_agents_and_admins_call_is_reachable(
    recorded: Recorder, functions: dict[str, Signature]
) -> None:
    callable_ = {name for name, function in functions.items() if function.callers}
    reached = {function_of(call) for call in recorded.calls}
    assert callable_ - reached == NOT_FROM_PYTHON.keys()


def test_each_field_of_a_model_is_a_column(recorded: Recorder) -> None:
    """A field with a default hides that no function returns a column of its name."""
    filled: dict[type, set[str]] = {}
    for model in recorded.results:
        filled.setdefault(type(model), set()).update(model.model_fields_set)
    assert len(filled) >= 10
    filled[ArtifactInfo].add("created")  # of a write; who reads has created nothing
    for kind, fields in filled.items():
        assert fields == kind.model_fields.keys(), kind.__name__  # type: ignore[attr-defined]


def test_defaults_are_those_of_sql(functions: dict[str, Signature]) -> None:
    recorder = Recorder(functions)
    for name, scenario in SCENARIOS.items():
        if name not in _PAGING:
            scenario(recorder)
    different: list[tuple[str, str, Any, str]] = []
    for call in recorder.calls:
        function = functions[function_of(call)]
        for name, default in zip(function.arguments or [], function.defaults, strict=True):
            if default is None or name not in call.params or name in _CHOSEN:
                continue
            literal = default.split("::")[0].strip("'")
            value = call.params[name]
            if literal.lower() != ("null" if value is None else str(value).lower()):
                different.append((function.name, name, value, default))
    assert different == []
