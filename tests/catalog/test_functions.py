"""Each function: its file, its header, its owner, its rights, its attributes in their order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from tests.catalog.conftest import SCHEMAS
from tests.catalog.snapshots import assert_golden

DB = Path(__file__).parents[2] / "db"
FILES = sorted((DB / "functions").rglob("*.sql"))
SOURCES = [*FILES, *sorted((DB / "migrations").glob("*.sql"))]

# Made by migrations, since a CHECK, a default, a generated column, a partition set or a guard stands on them.
FROZEN = {
    "ai.is_tool_calls",
    "core.crockford_8",
    "core.forbid_mutation",
    "core.ms_time",
    "core.new_ulid",
    "core.settings_guard",
    "core.ulid_floor",
    "core.ulid_ms",
    "core.ulid_time",
    "telemetry.contract_problem",
    "telemetry.contract_validator",
    "telemetry.cycle_bounds_seconds",
    "telemetry.duration_bounds_ms",
    "telemetry.duration_bucket",
    "telemetry.forbid_late_insert",
    "telemetry.guard_new_partitions",
    "telemetry.guard_partitions",
    "work.guard_item",
    "work.guard_item_dependency",
    "work.guard_item_transition",
    "work.guard_new_item",
    "work.guard_decision",
    "work.guard_execution",
    "work.keep_comment_revision",
    "work.is_json_mime",
    "work.store_execution_event",
}
# Re-creatable functions that the owner of the tables must own: they read its partitions, or make them.
OWNED_BY_OWNER = {
    "telemetry.attach_month",
    "telemetry.begin_restore",
    "telemetry.check_retention_step",
    "telemetry.drop_month",
    "telemetry.finish_restore",
    "telemetry.guard_month",
    "telemetry.make_months",
    "telemetry.month_digest",
    "telemetry.month_partition",
    "telemetry.record_archive",
    "telemetry.restore_events",
    "telemetry.restoring_table",
    "telemetry.seal_month",
}
# Small helpers that a pinned search_path would keep from being inlined; each says so in a comment.
INLINED = {
    "ai.training_chat",
    "core.crockford_8",
    "core.ms_time",
    "core.referenced_blobs",
    "core.ulid_ms",
    "telemetry.check_events",
    "telemetry.duration_bucket",
    "telemetry.given_ts",
    "telemetry.has_month",
    "telemetry.id_digit",
    "telemetry.id_octets_ms",
    "telemetry.is_storable",
    "telemetry.month_events",
    "telemetry.label_keys",
    "telemetry.partition_name",
    "telemetry.payload_number",
    "telemetry.training_agent_events",
    "telemetry.training_workflow_data",
    "work.training_agent_tasks",
    "work.training_tool_executions",
    "work.execution_of",
    "work.workflow_of",
    "work.new_tasks",
    "work.referenced_blob_ids",
    "work.referenced_write_blob_ids",
}
SEARCH_PATH = "search_path=pg_catalog, pg_temp"

# STYLE's order of attributes; whichever are there stand in this order.
ORDER = ["returns", "language", "volatility", "strict", "parallel", "security", "search_path", "body"]
_ATTRIBUTES = {
    "returns": r"\breturns\b(?! null)",
    "language": r"\blanguage (?:sql|plpgsql)\b",
    "volatility": r"\b(?:immutable|stable|volatile)\b",
    "strict": r"\bstrict\b",
    "parallel": r"\bparallel (?:safe|restricted|unsafe)\b",
    "security": r"\bsecurity (?:definer|invoker)\b",
    "search_path": r"\bset search_path\b",
    "body": r"\bas \$\w*\$",
}
_QUERY = """
select
  n.nspname || '.' || p.proname as name,
  p.oid::regprocedure::text as signature,
  l.lanname as language,
  p.prosecdef as definer,
  coalesce(p.proconfig, '{}') as config,
  pg_get_userbyid(p.proowner) as owner,
  obj_description(p.oid, 'pg_proc') as comment,
  p.proacl is null or exists (select from aclexplode(p.proacl) as a where a.grantee = 0) as public,
  p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as is_trigger,
  p.proargnames[1:p.pronargs] as arguments
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_language as l on l.oid = p.prolang
where n.nspname = any(%s)
order by 2
"""


@pytest.fixture
def functions(catalog: Connection[Any]) -> list[dict[str, Any]]:
    found = catalog.execute(_QUERY, [SCHEMAS]).fetchall()
    assert len(found) >= len(FILES)
    return found


def name_of(file: Path) -> str:
    return f"{file.parent.name}.{file.stem}"


def attributes(text: str) -> str:
    """What stands between the name and the body of the function that a file makes."""
    found = re.search(r"create or replace function.*?\bas \$\w*\$", code(text), re.DOTALL)
    assert found
    return found[0]


def code(text: str) -> str:
    """The text without comments."""
    return re.sub(r"--.*$", "", text, flags=re.MULTILINE)


def header(text: str) -> str:
    """The comment that a file begins with."""
    return "".join(line for line in text.splitlines(keepends=True)[: _first_code_line(text)])


def _first_code_line(text: str) -> int:
    return next(nth for nth, line in enumerate(text.splitlines()) if not line.startswith("--"))


def test_each_file_is_one_function_and_each_function_has_one_file(functions: list[dict[str, Any]]) -> None:
    names = [f["name"] for f in functions]
    assert len(names) == len(set(names)), "a name is overloaded"
    assert {name_of(file) for file in FILES} == set(names) - FROZEN
    assert set(names) >= FROZEN


def test_frozen_functions_have_no_file() -> None:
    assert not {name_of(file) for file in FILES} & FROZEN


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_file_makes_its_function_and_says_all_about_it(file: Path) -> None:
    text = file.read_text("utf-8")
    made = re.findall(r"create or replace function (\w+[.]\w+)", code(text))
    assert made == [name_of(file)]
    for statement in (rf"comment on function {made[0]}\(", rf"alter function {made[0]}\("):
        assert re.search(statement, text), statement
    assert re.search(rf"revoke all on function {made[0]}\([^;]*from public;", text)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_header_tells_parameters_and_every_error(file: Path, functions: list[dict[str, Any]]) -> None:
    text = file.read_text("utf-8")
    found = header(text)
    assert found.startswith("-- "), "a file begins with its contract"
    [function] = [f for f in functions if f["name"] == name_of(file)]
    assert not function["arguments"] or "-- Parameters:" in found
    raised = re.findall(r"constraint = '(\w+)'", code(text))
    assert [reason for reason in raised if reason not in found] == []


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_attributes_stand_in_one_order(file: Path) -> None:
    text = attributes(file.read_text("utf-8"))
    places = {name: re.search(pattern, text) for name, pattern in _ATTRIBUTES.items()}
    found = [(match.start(), name) for name, match in places.items() if match]
    assert [name for _, name in sorted(found)] == [name for name in ORDER if places[name]]


def test_every_function_is_commented(functions: list[dict[str, Any]]) -> None:
    assert [f["signature"] for f in functions if not f["comment"]] == []


def test_owners(functions: list[dict[str, Any]]) -> None:
    for function in functions:
        special = function["name"] in FROZEN | OWNED_BY_OWNER
        assert function["owner"] == ("pylayer_owner" if special else "pylayer_api"), function["signature"]


def test_public_may_execute_nothing(functions: list[dict[str, Any]]) -> None:
    assert [f["signature"] for f in functions if f["public"]] == []


def test_search_path_is_pinned_but_for_inlined_helpers(functions: list[dict[str, Any]]) -> None:
    unpinned = {f["name"] for f in functions if SEARCH_PATH not in f["config"]}
    assert unpinned == INLINED
    for function in functions:
        if function["name"] in INLINED:
            assert function["language"] == "sql"
            assert not function["definer"]
            assert not function["config"], "any SET keeps a function from being inlined"


@pytest.mark.parametrize("name", sorted(INLINED))
def test_an_inlined_helper_says_why_it_is_not_pinned(name: str) -> None:
    made = re.compile(rf"((?:^--.*\n)*)^create (?:or replace )?function {re.escape(name)}\(", re.MULTILINE)
    found = [match[1] for file in SOURCES for match in made.finditer(file.read_text("utf-8"))]
    assert len(found) == 1
    comment = " ".join(found[0].replace("--", "").split())
    assert re.search(r"Without SET search_path.* inlined", comment)


def test_definers_are_reviewed(functions: list[dict[str, Any]]) -> None:
    lines = [f"{f['signature']} owner {f['owner']}" for f in functions if f["definer"]]
    assert_golden("definers.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_definer_says_that_it_is_one_on_purpose(file: Path) -> None:
    text = file.read_text("utf-8")
    is_definer = "security definer" in code(text)
    assert bool(re.search(r"-- definer on purpose: \w+", text)) == is_definer
