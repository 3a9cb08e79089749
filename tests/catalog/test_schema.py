"""The whole schema, with bodies, rights and comments, as one reviewed file; each month is made alike."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pylayer.embedded.binaries import postgres_folder
from tests.catalog.snapshots import assert_golden

_BLOCK = re.compile(r"^--\n-- Name: (?P<title>.*)\n--\n", re.MULTILINE)
_MONTH = re.compile(r"workflow_events_p(\d{8})")
_BOUNDS = re.compile(r"FROM \('[0-9A-Z]{10}0{16}'\) TO \('[0-9A-Z]{10}0{16}'\)")


def dump(dsn: str) -> str:
    """What pg_dump says of the schema, without pg_partman's and yoyo's own tables."""
    parts = conninfo_to_dict(dsn)
    password = str(parts.pop("password"))
    done = subprocess.run(
        [
            postgres_folder() / "bin" / "pg_dump",
            "--schema-only",
            "--exclude-schema=partman",
            "--exclude-table=public.*yoyo*",
            f"--dbname={make_conninfo('', **parts)}",
        ],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PGPASSWORD": password},
    )
    return done.stdout


def blocks(text: str) -> list[str]:
    """The statements of a dump, one object a block, without the settings of the session."""
    parts = _BLOCK.split(text)[1:]
    end = "--\n-- PostgreSQL database dump complete"
    return [body.split(end)[0].strip() for body in parts[1::2]]


def normal(found: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The blocks that name no month, and those of each month with its name and bounds taken out."""
    plain: list[str] = []
    months: dict[str, list[str]] = defaultdict(list)
    for block in found:
        if names := set(_MONTH.findall(block)):
            [month] = names
            text = _MONTH.sub("workflow_events_pMONTH", block)
            months[month].append(_BOUNDS.sub("FROM ('MONTH') TO ('NEXT')", text))
        else:
            plain.append(block)
    return plain, months


@pytest.fixture(scope="module")
def parts(catalog_dsn: str) -> tuple[list[str], dict[str, list[str]]]:
    return normal(blocks(dump(catalog_dsn)))


def test_the_schema_is_the_reviewed_one(parts: tuple[list[str], dict[str, list[str]]]) -> None:
    plain, months = parts
    one = months[max(months)]
    text = "\n\n".join([*plain, "-- Each month:", *one]) + "\n"
    assert_golden("schema.sql", re.sub(r"\n{2,}", "\n\n", text))


def test_each_month_is_made_alike(parts: tuple[list[str], dict[str, list[str]]]) -> None:
    _, months = parts
    assert len(months) >= 5  # this month, three ahead, one that a late event needed
    first = months[max(months)]
    for month, statements in months.items():
        assert sorted(statements) == sorted(first), month


def test_the_snapshot_does_not_depend_on_the_date() -> None:
    golden = Path(__file__).parent / "golden" / "schema.sql"
    assert not _MONTH.search(golden.read_text("utf-8"))
