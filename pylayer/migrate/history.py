"""What was applied: yoyo's table of migrations beside the hashes in `core.schema_files`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pylayer.errors import Conflict
from pylayer.migrate.session import Session
from pylayer.migrate.tree import Kind, Migration, SourceFile, Tree

__all__ = ["History", "Record", "erase", "read_history", "write"]


@dataclass(frozen=True, slots=True)
class Record:
    """A row of `core.schema_files`; ``made`` is the digest of each object that the file made, by label."""

    path: str
    kind: Kind
    sha256: str
    made: Mapping[str, str]


@dataclass(frozen=True)
class History:
    """The migrations that yoyo has marked, and every recorded file by path."""

    applied: frozenset[str]
    records: Mapping[str, Record]

    @cached_property
    def objects(self) -> Mapping[str, Record]:
        """The recorded functions and views."""
        return {path: record for path, record in self.records.items() if record.kind != "migration"}

    def is_applied(self, migration: Migration) -> bool:
        """Tell whether a migration is applied."""
        return migration.id in self.applied

    def current(self, tree: Tree) -> int:
        """Return the number of the newest applied migration, 0 without any."""
        return max((m.number for m in tree.migrations if self.is_applied(m)), default=0)

    def check(self, tree: Tree) -> None:
        """Refuse a history that the files do not continue.

        Raises:
            Conflict: ``migration_missing``, ``migration_unrecorded``, ``migration_changed`` or
                ``migration_out_of_order``; the detail names the files.
        """
        recorded = {path: record for path, record in self.records.items() if record.kind == "migration"}
        marked = {f"migrations/{name}.sql" for name in self.applied}
        files = {migration.path: migration for migration in tree.migrations}
        current = self.current(tree)
        _refuse(
            (marked | recorded.keys()) - files.keys(),
            "migration_missing",
            "the file of an applied migration is missing",
            "the database is newer than this version, or the file was deleted: bring it back",
        )
        _refuse(
            marked ^ recorded.keys(),
            "migration_unrecorded",
            "yoyo's table and core.schema_files name different migrations",
            "something else applied or undid a migration: restore a backup, or correct the tables",
        )
        _refuse(
            {path for path, record in recorded.items() if files[path].sha256 != record.sha256},
            "migration_changed",
            "an applied migration was edited",
            "restore the file, and put the change into a new migration",
        )
        _refuse(
            {m.path for m in tree.migrations if m.number < current and not self.is_applied(m)},
            "migration_out_of_order",
            "a migration is older than the newest applied one",
            "give it the next free number",
        )


def _refuse(paths: set[str], reason: str, message: str, hint: str) -> None:
    if paths:
        raise Conflict(message, reason=reason, detail=", ".join(sorted(paths)), hint=hint)


def read_history(connection: Session) -> History:
    """Read what was applied; changes nothing, also on an empty database."""
    applied: frozenset[str] = frozenset()
    records: dict[str, Record] = {}
    if _exists(connection, "public._yoyo_migration"):
        marks = connection.execute("select migration_id from public._yoyo_migration").fetchall()
        applied = frozenset(str(mark) for (mark,) in marks)
    if _exists(connection, "core.schema_files"):
        rows = connection.execute("select path, kind, sha256, identity from core.schema_files").fetchall()
        records = {path: Record(path, kind, sha, _made(identity)) for path, kind, sha, identity in rows}
    return History(applied, records)


def write(connection: Session, file: SourceFile, made: Mapping[str, str]) -> None:
    """Record a file as applied now, with the label and digest of each object that it made."""
    identity = [f"{label} {digest}" for label, digest in sorted(made.items())]
    connection.execute(
        """
        insert into core.schema_files (path, kind, sha256, identity) values (%s, %s, %s, %s)
        on conflict (path) do update
        set sha256 = excluded.sha256, identity = excluded.identity, applied_at = excluded.applied_at
        """,
        (file.path, file.kind, file.sha256, identity or None),
    )


def erase(connection: Session, paths: Sequence[str]) -> None:
    """Forget files."""
    connection.execute("delete from core.schema_files where path = any(%s)", (list(paths),))


def _made(identity: Sequence[str] | None) -> dict[str, str]:
    return {label: digest for label, _, digest in (entry.rpartition(" ") for entry in identity or ())}


def _exists(connection: Session, table: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null", (table,)).fetchone()
    return bool(row and row[0])
