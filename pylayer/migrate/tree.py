"""The SQL files of a `db` folder: numbered migrations, functions and views."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pylayer.errors import InvalidInput

__all__ = ["Kind", "Migration", "SourceFile", "Tree", "default_db", "read_tree"]

Kind = Literal["migration", "function", "view"]

_MIGRATION = re.compile(r"(?P<number>\d{4})\.[a-z0-9_]+\.sql")
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_FOLDERS: Mapping[str, Kind] = {"functions": "function", "views": "view"}


@dataclass(frozen=True)
class SourceFile:
    """One SQL file; ``path`` is relative to the `db` folder, with slashes."""

    path: str
    kind: Kind
    text: str

    @cached_property
    def sha256(self) -> str:
        """The hash of the text, with line ends as LF: a checkout's settings do not change it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def schema(self) -> str:
        """The schema that a function's or view's file belongs to."""
        return self.path.split("/")[1]

    @property
    def name(self) -> str:
        """The name of the function or view."""
        return Path(self.path).stem


@dataclass(frozen=True)
class Migration(SourceFile):
    """One migration; ``rollback`` is the text that undoes it, if there is one."""

    number: int
    file: Path
    rollback: str | None

    @property
    def id(self) -> str:
        """The name by which yoyo knows the migration."""
        return self.file.stem


@dataclass(frozen=True)
class Tree:
    """All files: migrations in order, functions and views by path."""

    migrations: tuple[Migration, ...]
    objects: Mapping[str, SourceFile]

    @property
    def head(self) -> int:
        """The number of the newest migration, 0 without any."""
        return self.migrations[-1].number if self.migrations else 0

    def target(self, number: int | None) -> int:
        """Return the number to migrate to, the newest for None.

        Raises:
            InvalidInput: there is no such migration.
        """
        if number is None:
            return self.head
        if number != 0 and number not in {migration.number for migration in self.migrations}:
            raise InvalidInput(
                "there is no such migration",
                reason="unknown_migration",
                detail=str(number),
                hint=f"use 0 to {self.head}",
            )
        return number


def default_db() -> Path:
    """Return the `db` folder of the installed package, else the checkout's."""
    package = Path(__file__).parents[1]
    packaged = package / "db"
    return packaged if packaged.is_dir() else package.parent / "db"


def read_tree(db: Path) -> Tree:
    """Read the `db` folder.

    Raises:
        InvalidInput: the folder has no migrations, or a file is not named as it must be.
    """
    migrations = tuple(_migrations(db))
    if not migrations:
        raise InvalidInput("the folder has no migrations", reason="bad_tree", detail=str(db))
    numbers = [migration.number for migration in migrations]
    if len(set(numbers)) != len(numbers):
        raise InvalidInput("two migrations have the same number", reason="bad_tree", detail=str(db))
    return Tree(migrations, {file.path: file for file in _objects(db)})


def _migrations(db: Path) -> Iterator[Migration]:
    for file in sorted((db / "migrations").glob("*.sql")):
        if file.name.endswith(".rollback.sql"):
            continue
        if not (match := _MIGRATION.fullmatch(file.name)):
            raise _misnamed(file, "NNNN.name.sql")
        undo = file.with_suffix(".rollback.sql")
        yield Migration(
            path=f"migrations/{file.name}",
            kind="migration",
            text=file.read_text("utf-8"),
            number=int(match["number"]),
            file=file,
            rollback=undo.read_text("utf-8") if undo.is_file() else None,
        )


def _objects(db: Path) -> Iterator[SourceFile]:
    for folder, kind in _FOLDERS.items():
        for file in sorted((db / folder).glob("**/*.sql")):
            path = file.relative_to(db)
            if len(path.parts) != 3 or not all(map(_NAME.fullmatch, (path.parts[1], path.stem))):
                raise _misnamed(file, f"{folder}/<schema>/<name>.sql")
            yield SourceFile(path.as_posix(), kind, file.read_text("utf-8"))


def _misnamed(file: Path, pattern: str) -> InvalidInput:
    return InvalidInput(
        "a file is not named as it must be", reason="bad_tree", detail=str(file), hint=f"name it {pattern}"
    )
