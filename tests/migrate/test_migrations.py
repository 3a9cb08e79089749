from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pylayer.errors import Conflict, Forbidden, InvalidInput, Retryable, Unavailable
from pylayer.migrate import migrate, preflight

from .toy import FILES, Toy

ALL_FILES = {path for path in FILES if not path.startswith("migrations/")}


def test_fresh_database_gets_everything(toy: Toy) -> None:
    report = toy.migrate()
    assert report.version == 2
    assert report.applied == ("migrations/0001.core.sql", "migrations/0002.tags.sql")
    assert set(report.files_applied) == ALL_FILES
    assert not report.already_current
    assert toy.value("select core.twice(21)") == 42
    recorded = toy.rows("select path, sha256 ~ '^[0-9a-f]{64}$' from core.schema_files")
    assert recorded
    assert {path for path, hashed in recorded if hashed} == ALL_FILES | set(report.applied)


def test_second_run_does_nothing(toy: Toy) -> None:
    toy.migrate()
    before = toy.rows("select path, applied_at, xmin::text from core.schema_files order by path")
    assert toy.migrate().already_current
    assert toy.rows("select path, applied_at, xmin::text from core.schema_files order by path") == before


def test_every_path_leads_to_the_same_schema(
    toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str]
) -> None:
    toy.migrate()
    fresh = dump(toy.dsn)
    assert "core.twice" in fresh
    stepwise = Toy(toy.db, make_database())
    stepwise.migrate(to=1)
    assert stepwise.value("select to_regproc('core.twice') is null")
    stepwise.migrate()
    assert dump(stepwise.dsn) == fresh
    changed = Toy(toy.db, make_database())
    toy.write("functions/core/once.sql", FILES["functions/core/once.sql"].replace("p_x $$", "-p_x $$"))
    changed.migrate()
    assert dump(changed.dsn) != fresh
    toy.write("functions/core/once.sql", FILES["functions/core/once.sql"])
    assert changed.migrate().files_applied == ("functions/core/once.sql",)
    assert dump(changed.dsn) == fresh
    changed.rollback(to=0)
    changed.migrate()
    assert dump(changed.dsn) == fresh


def test_rollback_to_nothing_leaves_nothing(
    toy: Toy, make_database: Callable[[], str], dump: Callable[[str], str]
) -> None:
    untouched = Toy(toy.db, make_database())
    untouched.migrate(to=0)
    toy.migrate()
    report = toy.rollback(to=0)
    assert report.rolled_back == ("migrations/0002.tags.sql", "migrations/0001.core.sql")
    assert set(report.files_dropped) == ALL_FILES
    assert report.version == 0
    assert dump(toy.dsn) == dump(untouched.dsn)
    assert toy.rollback(to=0).already_current


def test_rollback_goes_one_step_back_and_drops_functions(toy: Toy) -> None:
    toy.migrate()
    assert toy.rollback().rolled_back == ("migrations/0002.tags.sql",)
    assert toy.value("select count(*) from pg_proc where pronamespace = 'core'::regnamespace") == 0
    assert toy.rollback().version == 0


def test_migrate_to_an_older_version_rolls_back(toy: Toy) -> None:
    toy.migrate()
    report = toy.migrate(to=1)
    assert (report.version, report.rolled_back) == (1, ("migrations/0002.tags.sql",))


def test_rollback_without_its_file_is_refused_before_any_change(toy: Toy) -> None:
    toy.migrate()
    toy.remove("migrations/0001.core.rollback.sql")
    with pytest.raises(InvalidInput) as caught:
        toy.rollback(to=0)
    assert caught.value.reason == "rollback_missing"
    assert toy.value("select core.twice(21)") == 42
    assert toy.migrate().already_current


@pytest.mark.parametrize("number", [-1, 3])
def test_unknown_version(toy: Toy, number: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        toy.migrate(to=number)
    assert caught.value.reason == "unknown_migration"


def test_edited_migration_is_refused(toy: Toy) -> None:
    toy.migrate()
    toy.write("migrations/0001.core.sql", FILES["migrations/0001.core.sql"] + "-- edited")
    toy.write("migrations/0003.more.sql", "create table core.more ()")
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.code, caught.value.reason) == ("PT409", "migration_changed")
    assert caught.value.detail == "migrations/0001.core.sql"
    assert toy.value("select to_regclass('core.more') is null")
    with pytest.raises(Conflict):
        toy.rollback()


def test_line_ends_do_not_count_as_an_edit(toy: Toy) -> None:
    toy.migrate()
    file = toy.db / "migrations" / "0001.core.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert toy.migrate().already_current


def test_missing_migration_is_refused(toy: Toy) -> None:
    toy.migrate()
    toy.remove("migrations/0002.tags.sql")
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.detail) == ("migration_missing", "migrations/0002.tags.sql")


def test_migration_below_the_newest_applied_is_refused(toy: Toy) -> None:
    toy.write("migrations/0003.more.sql", "create table core.more ()")
    toy.remove("migrations/0002.tags.sql")
    toy.migrate()
    toy.write("migrations/0002.tags.sql", FILES["migrations/0002.tags.sql"])
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.detail) == (
        "migration_out_of_order",
        "migrations/0002.tags.sql",
    )


def test_migration_that_pylayer_did_not_apply_is_refused(toy: Toy) -> None:
    toy.migrate()
    toy.rows("delete from core.schema_files where path = 'migrations/0002.tags.sql'")
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert caught.value.reason == "migration_unrecorded"


def test_failing_migration_leaves_nothing_and_names_the_line(toy: Toy) -> None:
    toy.write(
        "migrations/0003.bad.sql", "create table core.more ();\nselect 1;\nselect nowhere from core.more;"
    )
    with pytest.raises(Conflict) as caught:
        toy.migrate()
    assert (caught.value.reason, caught.value.code) == ("migration_failed", "42703")
    assert (caught.value.detail or "").startswith("migrations/0003.bad.sql:3;")
    assert toy.value("select to_regclass('core.more') is null")
    toy.write("migrations/0003.bad.sql", "create table core.more ();")
    assert toy.migrate().applied == ("migrations/0003.bad.sql",)


def test_migration_text_is_sent_as_it_stands(toy: Toy) -> None:
    toy.write(
        "migrations/0003.text.sql",
        "do $do$ begin execute $x$ create table core.more (body text default ';%s %') $x$; end $do$;\n"
        "create function core.atomic() returns integer\n"
        "begin atomic select 1; select case when true then 2 end; end;"
        "select '100%', ':x';",
    )
    toy.migrate()
    assert toy.value("select core.atomic()") == 2


def test_migration_outside_of_a_transaction(toy: Toy) -> None:
    toy.write(
        "migrations/0003.index.sql",
        "-- transactional: false\ncreate index concurrently if not exists notes_tag on core.notes (tag);",
    )
    toy.write("migrations/0003.index.rollback.sql", "drop index concurrently if exists core.notes_tag;")
    toy.migrate()
    assert toy.value("select indisvalid from pg_index where indexrelid = 'core.notes_tag'::regclass") is True
    assert toy.rollback().version == 2
    assert toy.value("select to_regclass('core.notes_tag') is null")


def test_lock_that_is_not_free_is_retryable(toy: Toy) -> None:
    toy.migrate(to=1)
    with psycopg.connect(toy.dsn) as busy:
        busy.execute("select count(*) from core.notes")
        with pytest.raises(Retryable) as caught:
            toy.migrate(lock_timeout=0.2)
    assert caught.value.code == "55P03"
    assert toy.migrate().applied == ("migrations/0002.tags.sql",)


@pytest.mark.parametrize("name", ["0001.Core.sql", "1.core.sql", "core.sql"])
def test_misnamed_migration(toy: Toy, name: str) -> None:
    toy.write(f"migrations/{name}", "select 1")
    with pytest.raises(InvalidInput) as caught:
        toy.migrate()
    assert caught.value.reason == "bad_tree"


def test_two_migrations_of_one_number(toy: Toy) -> None:
    toy.write("migrations/0002.other.sql", "select 1")
    with pytest.raises(InvalidInput) as caught:
        toy.migrate()
    assert caught.value.reason == "bad_tree"


def test_settings_of_the_role_and_the_url_survive(toy: Toy) -> None:
    toy.write(
        "migrations/0003.name.sql", "create table core.app as select current_setting('application_name') n"
    )
    parts = conninfo_to_dict(toy.dsn)
    user = f"m {parts['dbname']}"
    toy.rows(f"""create role "{user}" superuser login password 'p@ss:/?#[]%& w'""")
    try:
        toy.rows(f"""alter role "{user}" set search_path = nowhere""")
        url = (
            f"postgresql+psycopg://{user.replace(' ', '%20')}:p%40ss%3A%2F%3F%23%5B%5D%25%26%20w@"
            f"{parts['host']}:{parts['port']}/{parts['dbname']}?application_name=a%26b&connect_timeout=9"
        )
        migrate(url, db=toy.db)
        assert toy.value("select n from core.app") == "a&b"
        assert migrate(url, db=toy.db).already_current
    finally:
        toy.rows(
            f"""reassign owned by "{user}" to current_user; drop owned by "{user}"; drop role "{user}" """
        )


def test_server_that_is_away(toy: Toy) -> None:
    with pytest.raises(Unavailable):
        migrate("postgresql://127.0.0.1:1/none?connect_timeout=2", db=toy.db)


def _extension(name: str, minimum: tuple[int, ...] = (1,), schema: str = "public") -> preflight.Extension:
    return preflight.Extension(name=name, schema=schema, minimum=minimum, packages="package-of-it")


@pytest.mark.parametrize(
    ("extension", "reason", "in_hint"),
    [
        (_extension("no_such_thing"), "missing_extension", "package-of-it"),
        (_extension("plpgsql", (99,), "pg_catalog"), "extension_version", "package-of-it"),
        (_extension("plpgsql"), "extension_schema", "create extension plpgsql schema public"),
    ],
)
def test_unmet_extension_is_named_before_any_change(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, extension: preflight.Extension, reason: str, in_hint: str
) -> None:
    monkeypatch.setattr(preflight, "REQUIRED", (*preflight.REQUIRED, extension))
    with pytest.raises(InvalidInput) as caught:
        toy.migrate()
    assert caught.value.reason == reason
    assert in_hint in (caught.value.hint or "")
    assert toy.rows("select extname from pg_extension where extname <> 'plpgsql'") == []
    assert toy.value("select count(*) from pg_class where relnamespace = 'public'::regnamespace") == 0


def test_older_server_is_refused(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "MINIMUM_SERVER", 990000)
    with pytest.raises(InvalidInput) as caught:
        toy.migrate()
    assert caught.value.reason == "server_version"


def test_other_encoding_is_refused(toy: Toy, server_dsn: str) -> None:
    name = f"{conninfo_to_dict(toy.dsn)['dbname']}_latin1"
    toy.rows(f"create database {name} encoding 'LATIN1' locale 'C' template template0")
    try:
        with pytest.raises(InvalidInput) as caught:
            migrate(psycopg.conninfo.make_conninfo(server_dsn, dbname=name), db=toy.db)
    finally:
        toy.rows(f"drop database {name} with (force)")
    assert caught.value.reason == "server_encoding"


def test_role_without_rights_is_refused(toy: Toy, server_dsn: str) -> None:
    role = f"{conninfo_to_dict(toy.dsn)['dbname']}_role"
    toy.rows("create schema partman; create extension pg_partman schema partman")
    toy.rows(f"create role {role} login password 'secret'")
    try:
        with pytest.raises(Forbidden) as caught:
            migrate(psycopg.conninfo.make_conninfo(toy.dsn, user=role, password="secret"), db=toy.db)
    finally:
        toy.rows(f"drop role {role}")
    assert caught.value.reason == "missing_right"
