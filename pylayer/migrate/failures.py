"""Errors of applied files, with the file and the line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from pylayer.errors import Conflict, error_class

__all__ = ["located"]


@contextmanager
def located(path: str, text: str, *, passing: tuple[type[psycopg.Error], ...] = ()) -> Generator[None]:
    """Turn an SQL error of the ``with`` block into one that names the file and the line.

    Args:
        path: the file.
        text: what was executed.
        passing: errors that pass unchanged.

    Raises:
        Conflict: for every SQLSTATE that pylayer's table of errors does not name; ``dependent_objects`` or
            ``migration_failed``.
        PylayerError: of the class that the table names (a lock that is not free is `Retryable`).
    """
    try:
        yield
    except psycopg.Error as error:
        if error.sqlstate is None or isinstance(error, passing):  # without a code the connection broke
            raise
        diag = error.diag
        values = (_place(diag, path, text), diag.message_primary, diag.message_detail)
        kind = error_class(error.sqlstate) or Conflict
        raise kind(
            "a file could not be applied; nothing of it remains",
            code=error.sqlstate,
            reason="dependent_objects" if error.sqlstate == "2BP01" else "migration_failed",
            detail="; ".join(filter(None, values)),
            hint=diag.message_hint,
        ) from error


def _place(diag: psycopg.errors.Diagnostic, path: str, text: str) -> str:
    position = diag.statement_position
    return f"{path}:{text.count(chr(10), 0, int(position) - 1) + 1}" if position else path
