from __future__ import annotations

from collections.abc import Callable

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pylayer.errors import Conflict, InvalidInput
from pylayer.migrate import migrate

from .toy import FILES, Toy

ONCE = "functions/core/once.sql"
TWICE = "functions/core/twice.sql"
STAMP = "functions/core/stamp.sql"
TAGGED = "views/core/tagged.sql"
REMARKS = "grant select on core.tagged to pg_monitor; comment on column core.tagged.id is 'x';"
OVERLOADS = "select count(*) from pg_proc where proname = 'once'"


def state(toy: Toy) -> list[tuple[object, ...]]:
    return toy.rows("select path, sha256, identity, applied_at from core.schema_files order by path")


def test_only_changed_files_are_applied(toy: Toy) -> None:
    toy.migrate()
    untouched = "select oid, xmin::text from pg_proc where proname = 'twice'"
    before = toy.rows(untouched)
    toy.write(ONCE, FILES[ONCE].replace("p_x $$", "p_x + 1 $$"))
    assert toy.migrate().files_applied == (ONCE,)
    assert toy.value("select core.twice(1)") == 3
    assert toy.rows(untouched) == before


def test_new_overload_replaces_the_old_one(toy: Toy) -> None:
    toy.migrate()
    toy.write(ONCE, FILES[ONCE].replace("p_x integer)", "p_x integer, p_y integer default 7)"))
    toy.migrate()
    assert toy.value(OVERLOADS) == 1
    assert toy.value("select core.once(1, 2)") == 1


def test_several_overloads_live_in_one_file(toy: Toy) -> None:
    toy.write(
        ONCE,
        FILES[ONCE]
        + FILES[ONCE].replace("p_x integer", "p_x text").replace("returns integer", "returns text"),
    )
    toy.migrate()
    assert toy.value(OVERLOADS) == 2
    toy.write(ONCE, FILES[ONCE])
    toy.migrate()
    assert toy.value(OVERLOADS) == 1


@pytest.mark.parametrize(
    "text",
    [
        FILES[ONCE].replace("returns integer", "returns bigint"),
        FILES[ONCE].replace("p_x", "p_number"),
        FILES[ONCE].replace("p_x integer)", "p_x integer, p_y integer default 7)")
        + "alter function core.once owner to current_user;",
        FILES[ONCE].replace("create or replace", "create"),
    ],
    ids=["return type", "argument name", "ambiguous", "plain create"],
)
def test_what_cannot_be_replaced_is_dropped_and_made_again(toy: Toy, text: str) -> None:
    toy.migrate()
    toy.write(ONCE, text)
    assert toy.migrate().files_applied == (ONCE,)
    assert toy.value(OVERLOADS) == 1
    assert toy.migrate().already_current


def test_change_beneath_a_dependent_of_ours_rebuilds_both(toy: Toy) -> None:
    toy.migrate()
    toy.write(TWICE, FILES[TWICE].replace("returns integer", "returns bigint"))
    assert TAGGED in toy.migrate().files_applied
    assert toy.value("select pg_typeof(core.twice(1))::text") == "bigint"
    assert toy.value("select count(*) from core.tagged") == 0
    assert toy.migrate().already_current


def test_change_beneath_a_dependent_of_others_is_refused(toy: Toy) -> None:
    toy.migrate()
    toy.rows("create view public.theirs as select core.twice(1) as x")
    before = state(toy)
    toy.write(ONCE, FILES[ONCE].replace("p_x $$", "p_x + 1 $$"))
    toy.write(TWICE, FILES[TWICE].replace("returns integer", "returns bigint"))
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.code) == ("dependent_objects", "2BP01")
    assert "theirs" in (caught.value.detail or "")
    assert state(toy) == before
    assert toy.value("select core.twice(1)") == 2


def test_function_whose_file_is_gone_is_dropped(toy: Toy) -> None:
    toy.migrate()
    toy.remove(TAGGED)
    toy.remove(TWICE)
    assert toy.migrate().files_dropped == (TWICE, TAGGED)
    assert toy.value("select to_regproc('core.twice') is null and to_regclass('core.tagged') is null")
    assert toy.value(f"select count(*) from core.schema_files where path in ('{TWICE}', '{TAGGED}')") == 0


def test_gone_function_that_others_use_is_kept_and_refused(toy: Toy) -> None:
    toy.migrate()
    toy.rows("create view public.theirs as select core.twice(1) as x")
    toy.remove(TAGGED)
    toy.remove(TWICE)
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert caught.value.reason == "dependent_objects"
    assert toy.value("select to_regclass('core.tagged') is not null")


def test_trigger_goes_with_its_function(toy: Toy) -> None:
    toy.migrate()
    toy.rows("insert into core.notes values (1)")
    assert toy.value("select tag from core.notes") == "stamped"
    toy.remove(STAMP)
    toy.migrate()
    assert toy.value("select count(*) from pg_trigger where tgrelid = 'core.notes'::regclass") == 0
    toy.rows("insert into core.notes values (2)")


def test_trigger_that_left_its_file_is_dropped(toy: Toy) -> None:
    toy.migrate()
    toy.write(STAMP, FILES[STAMP].split("create or replace trigger")[0])
    toy.migrate()
    assert toy.value("select count(*) from pg_trigger where tgrelid = 'core.notes'::regclass") == 0
    assert toy.value("select to_regproc('core.stamp') is not null")


def test_view_may_lose_columns(toy: Toy) -> None:
    toy.migrate()
    toy.write(
        TAGGED, "create or replace view core.tagged as select core.twice(id) as double from core.notes;"
    )
    toy.migrate()
    assert (
        toy.value("select count(*) from pg_attribute where attrelid = 'core.tagged'::regclass and attnum > 0")
        == 1
    )


def test_unchanged_view_of_an_edited_file_survives(toy: Toy) -> None:
    toy.migrate()
    toy.write(TAGGED, FILES[TAGGED] + "-- a remark")
    toy.migrate()
    assert toy.value("select to_regclass('core.tagged') is not null")


def test_any_order_of_dependencies(toy: Toy) -> None:
    toy.write("views/core/a.sql", "create or replace view core.a as select * from core.z;")
    toy.write("views/core/z.sql", "create or replace view core.z as select core.zz() as n;")
    toy.write(
        "functions/core/zz.sql",
        "create or replace function core.zz() returns setof core.tagged "
        "language sql as 'select * from core.tagged';",
    )
    toy.write("views/core/z.sql", "create or replace view core.z as select id from core.zz();")
    toy.migrate()
    assert toy.rows("select * from core.a") == []
    assert toy.rollback(to=0).version == 0


def test_failure_leaves_the_old_set(toy: Toy) -> None:
    toy.migrate()
    before = state(toy)
    toy.write(ONCE, FILES[ONCE].replace("p_x $$", "p_x + 1 $$"))
    toy.write(STAMP, FILES[STAMP] + "\nselect 1 / 0;")
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.code) == ("migration_failed", "22012")
    assert (caught.value.detail or "").startswith(STAMP)
    assert state(toy) == before
    assert toy.value("select core.twice(1)") == 2


def test_unmet_dependency_is_reported_with_its_file(toy: Toy) -> None:
    toy.write(TAGGED, "create or replace view core.tagged as select * from core.nowhere;")
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.code) == ("migration_failed", "42P01")
    assert (caught.value.detail or "").startswith(f"{TAGGED}:1;")


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        (ONCE, FILES[TWICE], "foreign_object"),
        (ONCE, FILES[ONCE] + "revoke all on function core.stamp() from public;", "foreign_object"),
        (ONCE, "select 1", "makes_nothing"),
        ("functions/once.sql", FILES[ONCE], "bad_tree"),
        ("functions/core/Once.sql", FILES[ONCE], "bad_tree"),
    ],
)
def test_file_that_is_not_of_its_name(toy: Toy, path: str, text: str, reason: str) -> None:
    toy.write(path, text)
    with pytest.raises(InvalidInput) as caught:
        toy.migrate()
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "by_hand",
    [
        "create or replace function core.once(p_x integer) returns integer language sql as 'select 0'",
        "drop function core.once(integer)",
        "comment on function core.once(integer) is 'mine'",
        "grant execute on function core.twice(integer) to public",
        "grant execute on function core.once(integer) to pg_monitor with grant option",
        "revoke all on function core.once(integer) from public",
        "alter function core.once(integer) owner to pg_monitor",
        "grant select on core.tagged to pg_monitor",
        "comment on view core.tagged is 'mine'",
        "comment on trigger stamp on core.notes is 'mine'",
        "alter function core.twice(integer) security definer",
        "alter table core.notes disable trigger stamp",
        "create or replace view core.tagged as select id, 0 as double from core.notes",
    ],
)
def test_change_by_hand_is_put_right(toy: Toy, by_hand: str) -> None:
    toy.migrate()
    before = toy.rows("select path, identity from core.schema_files order by path")
    toy.rows(by_hand)
    assert len(toy.migrate().files_applied) == 1
    assert toy.rows("select path, identity from core.schema_files order by path") == before


def test_recorded_names_are_never_executed(toy: Toy) -> None:
    toy.migrate()
    evil = "array['routine core.once(integer); drop table core.notes 00']"
    toy.rows(f"update core.schema_files set identity = {evil} where path = '{ONCE}'")
    toy.remove(ONCE)
    toy.migrate()
    assert toy.value("select to_regclass('core.notes') is not null")


def test_migrator_without_superuser(toy: Toy) -> None:
    parts = conninfo_to_dict(toy.dsn)
    role = f"{parts['dbname']}_role"
    toy.rows("create schema partman; create extension pg_partman schema partman")
    toy.rows(f"create role {role} login createrole password 'secret'")
    toy.rows(f"alter database {parts['dbname']} owner to {role}")
    for right in ("usage, create on schema", "select, insert, update, delete on all tables in schema"):
        toy.rows(f"grant {right} partman to {role} with grant option")
    toy.rows("do $$ begin if to_regrole('pylayer_api') is null then create role pylayer_api; end if; end $$")
    toy.rows(f"grant pylayer_api to {role} with inherit true, set true")
    toy.write(TWICE, FILES[TWICE] + "alter function core.twice(integer) owner to pylayer_api;")
    dsn = make_conninfo(toy.dsn, user=role, password="secret")
    try:
        migrate(dsn, db=toy.db)
        toy.write(TWICE, (toy.db / TWICE).read_text() + "comment on function core.twice(integer) is 'new';")
        assert migrate(dsn, db=toy.db).files_applied == (TWICE,)
        assert (
            toy.value("select proowner::regrole::text from pg_proc where proname = 'twice'") == "pylayer_api"
        )
        assert toy.value("select has_schema_privilege('pylayer_api', 'core', 'create')") is False
        migrate(dsn, db=toy.db, to=0)
    finally:
        toy.rows(f"alter database {parts['dbname']} owner to current_user")
        toy.rows(f"drop owned by {role}; drop role {role}")


def test_removed_lines_do_not_live_on(
    toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str]
) -> None:
    toy.write(ONCE, FILES[ONCE] + "grant execute on function core.once(integer) to pg_monitor;")
    toy.write(
        TAGGED,
        FILES[TAGGED] + "grant select on core.tagged to pg_monitor; comment on column core.tagged.id is 'x';",
    )
    toy.migrate()
    toy.write(ONCE, FILES[ONCE])
    toy.write(TWICE, FILES[TWICE].split("comment on")[0])
    toy.write(TAGGED, FILES[TAGGED])
    toy.migrate()
    fresh = Toy(toy.db, make_database())
    fresh.migrate()
    assert dump(toy.dsn) == dump(fresh.dsn)
