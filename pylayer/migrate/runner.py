"""Migrate a database up or down, under one lock, resumable after any kill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pylayer.errors import Conflict, InvalidInput, translated
from pylayer.migrate import objects, preflight
from pylayer.migrate.backend import Backend
from pylayer.migrate.failures import located
from pylayer.migrate.history import History, read_history
from pylayer.migrate.session import Progress, Session, locked_session, session
from pylayer.migrate.tree import Migration, Tree, default_db, read_tree

__all__ = ["Report", "migrate", "rollback", "seed"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    Attributes:
        version: number of the newest applied migration now, 0 without any.
        extensions: extensions that were created.
        applied: paths of the migrations that were applied, in order.
        rolled_back: paths of the migrations that were undone, in order.
        files_applied: paths of the functions and views that were applied.
        files_dropped: paths of the functions and views whose objects were dropped.
    """

    version: int
    extensions: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    rolled_back: tuple[str, ...] = ()
    files_applied: tuple[str, ...] = ()
    files_dropped: tuple[str, ...] = ()

    @property
    def already_current(self) -> bool:
        """Nothing had to be done."""
        return not (self.applied or self.rolled_back or self.files_applied or self.files_dropped)


def migrate(
    database_url: str,
    *,
    to: int | None = None,
    db: Path | None = None,
    progress: Progress | None = None,
    lock_timeout: float = 5.0,
    wait: float = 600.0,
) -> Report:
    """Bring a database to a migration, by default the newest, with the functions and views of the files.

    Safe to repeat, to run twice at once and to kill: the next run goes on. Below the newest migration there
    are no functions and views.

    Args:
        database_url: the server itself, not a pooler in transaction mode.
        to: number of the migration to arrive at; 0 undoes all.
        db: folder with `migrations`, `functions` and `views`; default: the packaged one.
        progress: called with a line before each step.
        lock_timeout: seconds that a step waits for another session's lock on a table.
        wait: seconds to wait for another migration that is running.

    Raises:
        pylayer.Conflict: ``migration_changed``, ``migration_missing``, ``migration_unrecorded``,
            ``migration_out_of_order`` (nothing was changed); ``dependent_objects``, ``migration_failed``
            (the file in the detail left nothing behind, what went before it stays).
        pylayer.InvalidInput: the server lacks something, or there is no such migration; nothing was changed.
        pylayer.Forbidden: a right is missing.
        pylayer.Retryable: a lock was not free in time; run it again.
        pylayer.Unavailable: the server is away.

    Example:
        >>> migrate("postgresql://localhost/app").version                       # doctest: +SKIP
        3
    """
    tree = read_tree(db or default_db())
    target = tree.target(to)
    tell = progress or _silent
    with translated(), locked_session(database_url, tell, lock_timeout=lock_timeout, wait=wait) as connection:
        wanted = preflight.check(connection)
        past = read_history(connection)
        past.check(tree)
        for extension in wanted:
            tell(f"creating the extension {extension.name}")
            preflight.create(connection, extension)
        done = _Move(connection, tree, past, tell).to(target)
        return replace(done, extensions=tuple(extension.name for extension in wanted))


def rollback(
    database_url: str,
    *,
    steps: int | None = None,
    to: int | None = None,
    db: Path | None = None,
    progress: Progress | None = None,
    lock_timeout: float = 5.0,
    wait: float = 600.0,
) -> Report:
    """Undo the newest migrations: ``steps`` of them (default 1), or all above number ``to``.

    Functions and views are dropped first. At or below ``to`` already, nothing happens. Other arguments and
    errors as for `migrate`; a migration without a rollback file is `pylayer.InvalidInput`
    ``rollback_missing``, before anything is changed.
    """
    if (steps is not None and to is not None) or (steps is not None and steps < 1):
        raise InvalidInput("give either steps of at least 1 or to", reason="bad_argument")
    tree = read_tree(db or default_db())
    target = tree.target(to) if to is not None else None
    tell = progress or _silent
    with translated(), locked_session(database_url, tell, lock_timeout=lock_timeout, wait=wait) as connection:
        past = read_history(connection)
        past.check(tree)
        if target is None:
            done = [0, *(m.number for m in tree.migrations if past.is_applied(m))]
            target = done[max(0, len(done) - 1 - (steps or 1))]
        if target >= past.current(tree):
            return Report(past.current(tree))
        return _Move(connection, tree, past, tell).to(target)


def seed(database_url: str, *, db: Path | None = None, progress: Progress | None = None) -> list[str]:
    """Load the data of `seeds`, each file in a transaction; safe to repeat.

    Returns:
        The paths of the files that were loaded.

    Raises:
        pylayer.Conflict: ``not_migrated``, or a file fails (`migration_failed`).
    """
    folder = (db or default_db()) / "seeds"
    files = sorted(folder.glob("*.sql"))
    with translated(), session(database_url) as connection:
        if not read_history(connection).applied:
            raise Conflict("the database is not migrated", reason="not_migrated", hint="run: pylayer migrate")
        for file in files:
            (progress or _silent)(f"loading seeds/{file.name}")
            script = file.read_text("utf-8")
            with located(f"seeds/{file.name}", script), connection.transaction():
                connection.execute(script.encode())
    return [f"seeds/{file.name}" for file in files]


@dataclass(frozen=True, slots=True)
class _Move:
    """A run from one migration to another."""

    connection: Session
    tree: Tree
    past: History
    progress: Progress

    def to(self, target: int) -> Report:
        down = [m for m in reversed(self.tree.migrations) if self.past.is_applied(m) and m.number > target]
        up = [m for m in self.tree.migrations if not self.past.is_applied(m) and m.number <= target]
        _require_rollbacks(down)
        dropped = objects.Changes()
        if target < self.tree.head:
            dropped = objects.drop_all(self.connection, self.tree, self.past, self.progress)
        self._run(down, up)
        changes = objects.Changes()
        if target == self.tree.head:
            changes = objects.sync(self.connection, self.tree, read_history(self.connection), self.progress)
        self._verify(target)
        return Report(
            version=target,
            applied=tuple(m.path for m in up),
            rolled_back=tuple(m.path for m in down),
            files_applied=changes.applied,
            files_dropped=changes.dropped or dropped.dropped,
        )

    def _run(self, down: Sequence[Migration], up: Sequence[Migration]) -> None:
        backend = Backend(self.connection)
        for migration in down:
            self.progress(f"rolling back {migration.path}")
            backend.undo(migration)
        for migration in up:
            self.progress(f"applying {migration.path}")
            backend.apply(migration)

    def _verify(self, target: int) -> None:
        """Read back what is recorded, and compare it with the files and the live database."""
        now = read_history(self.connection)
        now.check(self.tree)
        wrong: set[str] = set()
        if target == self.tree.head:
            schemas = objects.schemas_of(self.tree, now)
            wrong = objects.missing(self.tree, now) | objects.drifted(self.connection, schemas, now).keys()
        if wrong or now.current(self.tree) != target:
            raise Conflict(
                "the database is not what the files say after migrating",
                reason="verification_failed",
                detail=", ".join(sorted(wrong)) or f"at {now.current(self.tree)}, not {target}",
                hint="something else changed the schema meanwhile: run pylayer doctor",
            )


def _require_rollbacks(migrations: Sequence[Migration]) -> None:
    if lacking := [m.path for m in migrations if m.rollback is None]:
        raise InvalidInput(
            "a migration has no rollback file", reason="rollback_missing", detail=", ".join(lacking)
        )


def _silent(_line: str) -> None:
    """Report nothing."""
