"""Who may do what: the reviewed matrix, what the catalog says, and what happens on trying."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import Connection

from tests.catalog.conftest import SCHEMAS
from tests.catalog.matrix import ROLES, Told, Tried, matrix
from tests.catalog.snapshots import assert_golden, golden

NAME = "privileges.txt"


def rows() -> dict[str, dict[str, str]]:
    """The reviewed matrix: cells by object and role."""
    found: dict[str, dict[str, str]] = {}
    for line in golden(NAME).splitlines()[4:]:
        if not line:
            break
        found[line[:62].strip()] = dict(zip(ROLES, line[62:].split(), strict=True))
    return found


def test_the_catalog_says_what_was_reviewed(catalog: Connection[Any]) -> None:
    assert_golden(NAME, matrix(catalog, Told))


def test_trying_each_cell_gives_what_was_reviewed(catalog: Connection[Any]) -> None:
    assert_golden(NAME, matrix(catalog, Tried))


def test_the_agent_calls_functions_and_touches_no_table() -> None:
    cells = {name: row["pylayer_agent"] for name, row in rows().items()}
    assert {cell for name, cell in cells.items() if name.startswith(("table", "view", "sequence"))} == {"-"}
    for function in (
        "telemetry.ingest_events(jsonb,text)",
        "work.commit_upload(text)",
        "work.get_content(text,integer)",
    ):
        assert cells[f"function {function}"] == "x"
    for function in (
        "telemetry.fold_ingest_counts()",
        "work.delete_blob(text,integer,text)",
        "work.delete_item(text)",
        "work.delete_project(text)",
        "work.restore_item(text)",
        "iam.save_user(text,jsonb)",
        "ai.save_agent(text,jsonb)",
        "ai.save_agent_definition(text,jsonb)",
        "iam.create_api_key(text,text,text,text,text[],ti...",
        "iam.list_api_keys(boolean)",
        "iam.revoke_api_key(text)",
    ):
        assert cells[f"function {function}"] == "-"


@pytest.mark.parametrize("role", ["pylayer_analyst", "pylayer_auditor"])
def test_readers_read_tables_and_call_nothing_that_writes(catalog: Connection[Any], role: str) -> None:
    tables = {name: row[role] for name, row in rows().items() if name.startswith(("table", "view"))}
    assert tables.pop("table iam.api_keys") == "-", "the hashes of secrets are for the functions alone"
    assert {cell for name, cell in tables.items() if "month" not in name} == {"r"}
    writers = catalog.execute(
        "select pronamespace::regnamespace::text || '.' || proname as name from pg_proc "
        "where pronamespace::regnamespace::text = any(%s) and provolatile = 'v' "
        "and has_function_privilege(%s, oid, 'execute')",
        [SCHEMAS, role],
    )
    assert {row["name"] for row in writers} == {
        "core.new_ulid",  # volatile, but only for its random bits
        "iam.authenticate",  # notes when a key was used
    }


def test_nobody_changes_or_removes_what_is_append_only() -> None:
    found = rows()
    for table in (
        "telemetry.workflow_events",
        "telemetry.workflow_events, month 1",
        "work.artifact_versions",
        "ai.messages",
        "ai.agent_definitions",
        "work.comment_revisions",
        "work.decisions",
        "work.item_states",
        "work.item_transitions",
        "ai.models",
    ):
        for role in ROLES[1:]:
            assert set(found[f"table {table}"][role]) <= {"r", "a", "-"}, (table, role)


def test_whoever_was_granted_nothing_has_nothing() -> None:
    assert {row[ROLES[-1]] for row in rows().values()} == {"-"}
