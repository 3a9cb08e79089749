"""Functions and views follow their files: re-applied when changed, dropped when gone, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import Error, errors, sql

from pylayer.errors import InvalidInput
from pylayer.migrate import history
from pylayer.migrate.catalog import DROP_ORDER, LiveObject, digests, drop_statement, live_objects, reset
from pylayer.migrate.failures import located
from pylayer.migrate.history import History, Record
from pylayer.migrate.session import Progress, Session
from pylayer.migrate.tree import SourceFile, Tree

__all__ = ["Changes", "drifted", "drop_all", "missing", "schemas_of", "sync"]

# What a file waits for may be made by a later one.
_UNMET = (errors.UndefinedTable, errors.UndefinedFunction, errors.UndefinedObject, errors.UndefinedColumn)
# "create or replace" cannot turn what is there into what the file says.
_IRREPLACEABLE = (
    errors.InvalidFunctionDefinition,
    errors.InvalidTableDefinition,
    errors.AmbiguousFunction,
    errors.DuplicateFunction,
    errors.DuplicateObject,
    errors.DuplicateTable,
    errors.WrongObjectType,
)
_FUNCTION_OWNER = "pylayer_api"


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths of the files that were applied and dropped."""

    applied: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def schemas_of(tree: Tree, past: History) -> set[str]:
    """Return the schemas that functions and views of the files, or of the record, belong to."""
    return {path.split("/")[1] for path in (*tree.objects, *past.objects)}


def drifted(connection: Session, schemas: Iterable[str], past: History) -> dict[str, list[str]]:
    """Return, by path, the objects that are gone or no longer as their file made them."""
    made = {label for record in past.objects.values() for label in record.made}
    live = digests(connection, schemas, made)
    found = {
        path: [label for label, digest in record.made.items() if live.get(label) != digest]
        for path, record in past.objects.items()
    }
    return {path: labels for path, labels in found.items() if labels}


def missing(tree: Tree, past: History) -> set[str]:
    """Return the files whose text is not the recorded one, and the records without a file."""
    changed = {
        path
        for path, file in tree.objects.items()
        if path not in past.objects or past.objects[path].sha256 != file.sha256
    }
    return changed | (past.objects.keys() - tree.objects.keys())


def sync(connection: Session, tree: Tree, past: History, progress: Progress) -> Changes:
    """Make the functions and views what the files say; on an error nothing of it remains.

    Only changed files are applied. When one of them replaces what another of ours depends on, all are
    dropped and made again.
    """
    schemas = schemas_of(tree, past)
    different = missing(tree, past) | drifted(connection, schemas, past).keys()
    if not different:
        return Changes()
    changed = [file for path, file in tree.objects.items() if path in different]
    gone = sorted(past.objects.keys() - tree.objects.keys())
    entangled = errors.DependentObjectsStillExist
    work = _Work(connection, schemas, past.objects, progress, passing=(entangled,))
    try:
        with work.transaction():
            work.apply(changed)
            work.drop_stale(tree)
            work.record(gone)
    except entangled:
        work = _Work(connection, schemas, past.objects, progress)
        with work.transaction():
            work.drop(label for record in past.objects.values() for label in record.made)
            work.apply(tree.objects.values())
            work.record(gone)
    return Changes(tuple(work.made), tuple(gone))


def drop_all(connection: Session, tree: Tree, past: History, progress: Progress) -> Changes:
    """Drop all recorded functions and views, with RESTRICT."""
    if not past.objects:
        return Changes()
    work = _Work(connection, schemas_of(tree, past), past.objects, progress)
    with work.transaction():
        progress("dropping functions and views")
        work.drop(label for record in past.objects.values() for label in record.made)
        work.record(sorted(past.objects))
    return Changes(dropped=tuple(sorted(past.objects)))


class _Work:
    """One transaction's work on functions and views."""

    def __init__(
        self,
        connection: Session,
        schemas: Collection[str],
        records: Mapping[str, Record],
        progress: Progress,
        *,
        passing: tuple[type[Error], ...] = (),
    ) -> None:
        self._connection = connection
        self._schemas = schemas
        self._records = records
        self._progress = progress
        self._passing = passing
        self._files: dict[str, SourceFile] = {}
        self.made: dict[str, set[str]] = {}

    @contextmanager
    def transaction(self) -> Generator[None]:
        with self._connection.transaction():
            self._connection.execute("set local check_function_bodies = off")
            with self._owner_may_create():
                yield

    @contextmanager
    def _owner_may_create(self) -> Generator[None]:
        """Let the functions' owner receive them: that needs CREATE on the schema, for a non-superuser."""
        found = self._connection.execute(
            """
            select n.nspname
            from pg_namespace as n
            join pg_roles as o on o.rolname = %s
            where n.nspname = any(%s) and not has_schema_privilege(o.oid, n.oid, 'create')
              and not (select r.rolsuper from pg_roles as r where r.rolname = current_user)
            """,
            (_FUNCTION_OWNER, list(self._schemas)),
        ).fetchall()
        grant, revoke = "grant create on schema {} to {}", "revoke create on schema {} from {}"
        owner, schemas = sql.Identifier(_FUNCTION_OWNER), [sql.Identifier(name) for (name,) in found]
        for schema in schemas:
            self._connection.execute(sql.SQL(grant).format(schema, owner))
        yield
        for schema in schemas:
            self._connection.execute(sql.SQL(revoke).format(schema, owner))

    def apply(self, files: Iterable[SourceFile]) -> None:
        """Apply files in any order: what lacks something is tried again after the others."""
        pending = list(files)
        while pending:
            unmet = [file for file in pending if not self._applied(file)]
            if len(unmet) == len(pending):
                self._applied(unmet[0], final=True)
            pending = unmet

    def drop(self, labels: Iterable[str]) -> None:
        """Drop those of the objects that exist, dependents first, unless something else depends on them."""
        live = live_objects(self._connection, self._schemas)
        found = [live[label] for label in set(labels) if label in live]
        pending = sorted(found, key=lambda item: (DROP_ORDER.index(item.kind), item.identity))
        while pending:
            held = [item for item in pending if not self._dropped(item)]
            if len(held) == len(pending):
                self._dropped(held[0], final=True)
            pending = held

    def drop_stale(self, tree: Tree) -> None:
        """Drop what applied or deleted files made before and no file makes now."""
        kept = {
            label
            for path, record in self._records.items()
            if path in tree.objects and path not in self.made
            for label in record.made
        }
        past = {label for record in self._records.values() for label in record.made}
        self.drop(past - kept - {label for labels in self.made.values() for label in labels})

    def record(self, gone: Sequence[str]) -> None:
        """Record what the applied files made, and forget the files that are gone."""
        labels = [label for made in self.made.values() for label in made]
        found = digests(self._connection, self._schemas, labels)
        for path, made in self.made.items():
            history.write(self._connection, self._files[path], {label: found[label] for label in made})
        history.erase(self._connection, gone)

    def _applied(self, file: SourceFile, *, final: bool = False) -> bool:
        self._progress(f"applying {file.path}")
        try:
            with located(file.path, file.text, passing=(*self._passing, *(() if final else _UNMET))):
                before = self._replace(file)
        except _UNMET:
            return False
        after = live_objects(self._connection, self._schemas)
        made = {label: item for label, item in after.items() if item != before.get(label)}
        _check_made(file, made.values())
        self._files[file.path] = file
        self.made[file.path] = set(made)
        return True

    def _replace(self, file: SourceFile) -> dict[str, LiveObject]:
        """Execute a file, and return what there was when it started.

        What it replaces is first made as bare as a new object, or an old grant would outlive its line.
        """
        record = self._records.get(file.path)
        made: Mapping[str, str] = record.made if record else {}
        try:
            with self._connection.transaction():
                reset(self._connection, self._schemas, made)
                return self._execute(file)
        except _IRREPLACEABLE:
            with self._connection.transaction():
                self.drop(made)
                return self._execute(file)

    def _execute(self, file: SourceFile) -> dict[str, LiveObject]:
        before = live_objects(self._connection, self._schemas)
        self._connection.execute(file.text.encode())
        return before

    def _dropped(self, item: LiveObject, *, final: bool = False) -> bool:
        statement = drop_statement(item)
        passing = self._passing if final else (errors.DependentObjectsStillExist,)
        try:
            with located(item.label, statement, passing=passing), self._connection.transaction():
                self._connection.execute(statement.encode())
        except errors.DependentObjectsStillExist:
            if final:
                raise
            return False
        return True


def _check_made(file: SourceFile, made: Collection[LiveObject]) -> None:
    home = f"{file.schema}.{file.name}"
    if foreign := sorted(item.label for item in made if item.home != home):
        raise InvalidInput(
            "a file changes what is not its own",
            reason="foreign_object",
            detail=f"{file.path}: {', '.join(foreign)}",
            hint="one function or view a file, with its triggers and rights",
        )
    if not any(item.kind != "trigger" for item in made):
        raise InvalidInput(
            "a file does not make the function or view of its name",
            reason="makes_nothing",
            detail=file.path,
            hint=f"write create or replace ... {home}",
        )
