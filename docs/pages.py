"""The reference pages as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from psycopg import Connection

from docs.catalog import Catalog, Column, Function, Table, read_catalog
from docs.raises import read_raises
from pylayer import errors

__all__ = ["DB", "ROOT", "pages"]

ROOT = Path(__file__).resolve().parents[1]
DB = ROOT / "db"
_GENERATED = "<!-- Written by `make docs` from the catalog. Do not edit. -->"


def pages(connection: Connection[Any]) -> dict[str, str]:
    """Return the text of each page by its path; ``connection`` is to a migrated database."""
    catalog = read_catalog(connection)
    return {
        "docs/sql.md": _text(_functions(catalog)),
        "docs/schema.md": _text(_schema(catalog)),
        "docs/errors.md": _text(_errors()),
    }


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _short(role: str) -> str:
    return role.removeprefix("pylayer_")


# docs/sql.md --------------------------------------------------------------------------------


def _functions(catalog: Catalog) -> Iterator[str]:
    yield from (
        "# SQL functions",
        "",
        _GENERATED,
        "",
        "The guarantees live in these functions, so `psql`, every driver and the Python client get the same.",
        "Call them with arguments by name (`p_x => ...`). A *definer* runs with the rights of its owner, so",
        "its caller needs no right on tables. Errors carry a code and, in the CONSTRAINT field, a reason:",
        "see [errors](errors.md). Tables are in [schema](schema.md).",
        "",
    )
    for schema, comment in catalog.schemas:
        mine = [function for function in catalog.functions if function.schema == schema]
        yield from (f"## {schema}", "", f"{comment}.", "")
        for function in (function for function in mine if function.callers):
            yield from _public(function)
        inner = [function for function in mine if not function.callers]
        if inner:
            yield from ("### Inner functions", "", "Called by other functions and by triggers only.", "")
            yield from _table(
                ["function", "returns", "what it does"],
                [[f"`{_signature(f)}`", f"`{f.returns}`", f.comment] for f in inner],
            )


def _signature(function: Function) -> str:
    return f"{function.schema}.{function.name}({', '.join(function.arguments)})"


def _public(function: Function) -> Iterator[str]:
    yield from (f"### {function.schema}.{function.name}", "", f"{function.comment}.", "", "```sql")
    if function.arguments:
        yield f"{function.schema}.{function.name}("
        yield ",\n".join(f"  {argument}" for argument in function.arguments)
        yield ")"
    else:
        yield f"{function.schema}.{function.name}()"
    yield from (f"returns {function.returns}", "```", "")
    facts = [
        f"Callers: {', '.join(map(_short, function.callers))}",
        function.volatility,
        "definer" if function.definer else "invoker",
    ]
    source = f"../db/functions/{function.schema}/{function.name}.sql"
    if (ROOT / "docs" / source).exists():
        facts.append(f"[contract]({source})")
    yield from (f"{'; '.join(facts)}.", "")


# docs/schema.md --------------------------------------------------------------------------------


def _schema(catalog: Catalog) -> Iterator[str]:
    yield from ("# Schema", "", _GENERATED, "", "```mermaid", "erDiagram")
    yield from _diagram(catalog)
    yield from ("```", "")
    for schema, comment in catalog.schemas:
        yield from (f"## {schema}", "", f"{comment}.", "")
        for table in (table for table in catalog.tables if table.schema == schema):
            yield from _described(catalog, table)
        types = [kind for kind in catalog.types if kind.schema == schema]
        if types:
            yield from (f"### Types of {schema}", "")
            yield from _table(
                ["type", "kind", "of", "meaning"],
                [[f"`{t.schema}.{t.name}`", t.kind, f"`{t.body}`", t.comment] for t in types],
            )


def _columns_of(catalog: Catalog, table: Table) -> list[Column]:
    return [c for c in catalog.columns if (c.schema, c.table) == (table.schema, table.name)]


def _diagram(catalog: Catalog) -> Iterator[str]:
    for reference in catalog.references:
        source, target = reference.table.replace(".", "_"), reference.target.replace(".", "_")
        one = "||" if reference.mandatory else "|o"
        yield f'  {target} {one}--o{{ {source} : "{reference.columns}"'
    foreign = {
        (reference.table, column.strip())
        for reference in catalog.references
        for column in reference.columns.split(",")
    }
    for table in catalog.tables:
        yield f"  {table.schema}_{table.name} {{"
        for column in _columns_of(catalog, table):
            keys = ["PK"] if column.primary else []
            keys += ["FK"] if (f"{table.schema}.{table.name}", column.name) in foreign else []
            kind = column.type.replace(" with time zone", "tz").replace(" ", "_").replace(".", "_")
            yield f"    {kind} {column.name} {', '.join(keys)}".rstrip()
        yield "  }"


def _described(catalog: Catalog, table: Table) -> Iterator[str]:
    yield from (f"### {table.schema}.{table.name}", "", f"{table.comment}.", "")
    if table.partition_key:
        yield from (f"Partitioned by {table.partition_key}.", "")
    yield from _table(
        ["column", "type", "null", "default", "meaning"],
        [
            [
                f"**{c.name}**" if c.primary else c.name,
                f"`{c.type}`",
                "yes" if c.nullable else "",
                _default(c),
                c.comment,
            ]
            for c in _columns_of(catalog, table)
        ],
    )
    indexes = [i for i in catalog.indexes if (i.schema, i.table) == (table.schema, table.name)]
    if indexes:
        yield from _table(
            ["index", "kind", "on"], [[f"`{i.name}`", i.kind, f"`{i.definition}`"] for i in indexes]
        )
    yield from _listed("Constraints", table.checks)
    yield from _listed("Triggers", table.triggers)


def _default(column: Column) -> str:
    if column.default is None:
        return ""
    expression = " ".join(column.default.split())
    return f"generated: `{expression}`" if column.generated else f"`{expression}`"


def _listed(title: str, items: list[str]) -> Iterator[str]:
    if items:
        yield from (f"{title}:", "", *(f"- `{' '.join(item.split())}`" for item in items), "")


# docs/errors.md --------------------------------------------------------------------------------


def _errors() -> Iterator[str]:
    yield from (
        "# Errors",
        "",
        _GENERATED.replace("the catalog", "the SQL files and `pylayer.errors`"),
        "",
        "An error of the database carries an SQLSTATE, a machine-readable reason in the CONSTRAINT field,",
        "the values in DETAIL and what to do in HINT. A code `PTxyz` means what HTTP status *xyz* means.",
        "Python raises the class of the code, with the same fields: `error.code`, `error.reason`,",
        "`error.detail`, `error.hint`. Read fields, never the text.",
        "",
    )
    yield from _table(["Python", "codes", "meaning"], _classes())
    yield from ("## Reasons", "", "What our functions raise, and where.", "")
    yield from _table(
        ["code", "reason", "message", "Python", "raised by"],
        [
            [code, f"`{reason}`", message, f"`{_class_name(code)}`", functions]
            for code, reason, message, functions in read_raises(DB)
        ],
    )


def _classes() -> Iterator[list[str]]:
    for kind in errors.PylayerError.__subclasses__():
        codes = [code for code, found in errors._BY_CODE.items() if found is kind]
        codes += [f"{prefix}*" for prefix, found in errors._BY_PREFIX.items() if found is kind]
        meaning = (kind.__doc__ or "").split("\n")[0].replace("``", "`")
        yield [f"`{kind.__name__}`", ", ".join(codes), meaning]


def _class_name(code: str) -> str:
    kind = errors.error_class(code)
    return kind.__name__ if kind else ""
