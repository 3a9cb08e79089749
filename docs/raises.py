"""Every error that the SQL files raise on purpose, read from their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["OPTIONS", "Raise", "read_raises", "read_refusals", "statements"]

OPTIONS = ("errcode", "message", "constraint", "detail", "hint")

_STATEMENT = re.compile(r"^\s*raise\b(?P<body>(?:'(?:[^']|'')*'|[^';])*);", re.MULTILINE)
_OPTION = re.compile(
    r"\b(?P<name>errcode|message|constraint|detail|hint)\s*=\s*(?P<value>'(?:[^']|'')*'|\w+)"
)
_REFUSAL = re.compile(r"^ {4}\('(?P<reason>\w+)', '(?P<code>PT\d{3})', '(?P<message>[^']+)',", re.MULTILINE)
_FUNCTION = re.compile(r"create (?:or replace )?function (?P<name>\w+[.]\w+)")


@dataclass(frozen=True, slots=True)
class Raise:
    """One ``raise``: where it stands and what each option says; a variable as its name, text with quotes."""

    path: str
    function: str
    line: int
    text: str
    options: dict[str, str]

    def literal(self, name: str) -> str | None:
        """Return the text of an option, None when it is no literal."""
        value = self.options.get(name, "")
        return value[1:-1].replace("''", "'") if value.startswith("'") else None


def _sources(db: Path) -> Iterator[tuple[str, str]]:
    for folder in ("migrations", "functions", "views"):
        for file in sorted((db / folder).rglob("*.sql")):
            text = re.sub(r"--.*$", "", file.read_text("utf-8"), flags=re.MULTILINE)
            yield file.relative_to(db).as_posix(), text


def statements(db: Path) -> Iterator[Raise]:
    """Yield every ``raise`` of the migrations, functions and views below ``db``."""
    for path, text in _sources(db):
        for found in _STATEMENT.finditer(text):
            before = [match["name"] for match in _FUNCTION.finditer(text, 0, found.start())]
            yield Raise(
                path=path,
                function=before[-1] if before else path,
                line=text.count("\n", 0, found.start("body")) + 1,
                text=" ".join(found[0].split()),
                options={option["name"]: option["value"] for option in _OPTION.finditer(found["body"])},
            )


def read_refusals(db: Path) -> list[tuple[str, str, str]]:
    """Return code, reason and message of each row of ``telemetry.refusal``."""
    text = (db / "functions" / "telemetry" / "refusal.sql").read_text("utf-8")
    return [(found["code"], found["reason"], found["message"]) for found in _REFUSAL.finditer(text)]


def read_raises(db: Path) -> list[tuple[str, str, str, str]]:
    """Return code, reason, message and functions of every error, sorted; each reason of a code once."""
    found: dict[tuple[str, str], tuple[str, set[str]]] = {}
    for code, reason, message in read_refusals(db):
        found[code, reason] = (message, {"telemetry.ingest_event", "telemetry.ingest_events"})
    for item in statements(db):
        code, reason, message = (item.literal(name) for name in ("errcode", "constraint", "message"))
        if code is None or reason is None or message is None:
            continue
        found.setdefault((code, reason), (message, set()))[1].add(item.function)
    return [
        (code, reason, message, ", ".join(sorted(functions)))
        for (code, reason), (message, functions) in sorted(found.items())
    ]
