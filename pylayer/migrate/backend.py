"""yoyo's backend, made safe to kill: a migration, its mark and its hash are one transaction."""

from __future__ import annotations

import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration as YoyoMigration
from yoyo.migrations import MigrationStep, TransactionWrapper, default_migration_table

from pylayer.errors import InvalidInput
from pylayer.migrate import history
from pylayer.migrate.failures import located
from pylayer.migrate.session import Session
from pylayer.migrate.tree import Migration

__all__ = ["Backend"]


class _WholeFile(YoyoMigration):
    """A migration sent as it stands, not split into statements.

    With ``-- transactional: false`` yoyo splits it and runs statement by statement in autocommit; each of
    them must then be safe to repeat.
    """

    def __init__(self, migration: Migration) -> None:
        super().__init__(migration.id, str(migration.file), str(migration.file.parent))
        self._migration = migration

    def load(self) -> None:
        super().load()
        if self.use_transactions:
            self.steps = [TransactionWrapper(_Script(0, self._migration.text, self._migration.rollback))]


class _Script(MigrationStep):
    def _execute(self, cursor: Any, stmt: str, out: Any = None) -> None:
        cursor.execute(stmt)


class Backend(PostgresqlPsycopgBackend):
    """yoyo on a session of ours that holds the advisory lock of migrations."""

    def __init__(self, connection: Session) -> None:
        self._session = connection
        nowhere = DatabaseURI("postgresql+psycopg", None, None, None, None, connection.info.dbname, {})
        super().__init__(nowhere, default_migration_table)

    def connect(self, dburi: DatabaseURI) -> Session:
        """Return the session: libpq has read the URL, which yoyo would read differently."""
        return self._session

    @contextmanager
    def lock(self, timeout: float = 10) -> Generator[None]:
        """Do nothing: the session's advisory lock is held, and ends with it, unlike yoyo's row."""
        yield

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        """Return yoyo's log entry, without its look-ups of the operating system's user and of DNS."""
        data = cast("dict[str, Any]", super().get_log_data(migration, operation))
        return data | {"username": self._session.info.user, "hostname": socket.gethostname()}

    def apply(self, migration: Migration) -> None:
        """Apply a migration, and record it in the same transaction."""
        with located(migration.path, migration.text), self._running(migration, "apply") as steps:
            history.write(self._session, migration, {})
            self.mark_one(steps, log=False)
            self.log_migration(steps, "apply")

    def undo(self, migration: Migration) -> None:
        """Roll a migration back, and forget it in the same transaction.

        Raises:
            InvalidInput: it has no rollback file.
        """
        if migration.rollback is None:
            raise InvalidInput(
                "the migration has no rollback file", reason="rollback_missing", detail=migration.path
            )
        path = migration.path.replace(".sql", ".rollback.sql")
        with located(path, migration.rollback), self._running(migration, "rollback") as steps:
            self.unmark_one(steps, log=False)
            self.log_migration(steps, "rollback")

    @contextmanager
    def _running(self, migration: Migration, direction: str) -> Generator[_WholeFile]:
        """Run a migration, and leave its transaction open for the ``with`` block."""
        self.ensure_internal_schema_updated()
        steps = _WholeFile(migration)
        steps.load()
        if not steps.use_transactions:
            steps.process_steps(self, direction)
        with self.transaction():
            if direction == "rollback":  # before the steps: the first migration takes the table along
                history.erase(self._session, [migration.path])
            if steps.use_transactions:
                steps.process_steps(self, direction)
            yield steps
