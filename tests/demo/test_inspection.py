"""What an inspection finds, and the files that say so."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from pylayer.demo.bundle import write_bundle
from pylayer.demo.findings import Inspection
from pylayer.demo.inspection import inspect_tree
from pylayer.demo.report import render_report
from pylayer.demo.text import code, plain
from pylayer.demo.tree import collect
from pylayer.errors import Conflict


def silent(_files: int) -> None:
    return None


def inspect(root: Path) -> Inspection:
    return inspect_tree(collect(root), root.parent / "findings.json", silent)


def test_every_kind_is_found(tree: Path) -> None:
    found = inspect(tree)
    places = {(finding.rule, finding.path, finding.severity) for finding in found.worst}
    assert places == {
        ("lint.F401", "package/lint.py", "low"),
        ("lint.F401", r"two words\nand lines.py", "low"),
        ("lint.F821", "package/lint.py", "high"),
        ("syntax.unparsable", "package/broken.py", "high"),
        ("syntax.unparsable", "latin.py", "high"),
        ("size.lines", "long.py", "low"),
        ("size.bytes", "large.txt", "low"),
    }
    assert found.by_severity == {"high": 3, "low": 4}
    assert {(g.gap_type, g.count, g.files) for g in found.groups} >= {("lint.F401", 2, 2)}


def test_the_document_has_every_finding_and_the_same_bytes_again(tree: Path) -> None:
    found = inspect(tree)
    first = found.document.read_bytes()
    entries = json.loads(first)["findings"]
    assert len(entries) == found.count == 7
    assert entries == sorted(entries, key=lambda entry: (entry["path"], entry["line"]))
    assert inspect(tree).document.read_bytes() == first


def test_configuration_of_the_tree_and_of_the_user_does_not_count(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = inspect(tree).document.read_bytes()
    (tree / "ruff.toml").write_text("lint.per-file-ignores = {'*' = ['F']}\n")
    (tree / "ruff").mkdir()
    for name in ("__init__", "__main__"):
        (tree / "ruff" / f"{name}.py").write_text("")
    monkeypatch.setenv("RUFF_OUTPUT_FILE", str(tree / "elsewhere"))
    assert inspect(tree).document.read_bytes() == before


@pytest.mark.parametrize(
    "source", [b"x = 1\0\n", b"(" * 100_000, b"-" * 100_000 + b"1", b"# coding: nonsense\n", b"\xff\xfe"]
)
def test_python_that_parsers_refuse(tmp_path: Path, source: bytes) -> None:
    root = tmp_path / "hostile"
    root.mkdir()
    (root / "a.py").write_bytes(source)
    assert "syntax.unparsable" in {group.gap_type for group in inspect(root).groups}


def test_a_file_that_ruff_cannot_survive_costs_no_other_finding(tmp_path: Path) -> None:
    root = tmp_path / "deep"
    root.mkdir()
    (root / "deep.py").write_text("-" * 600_000 + "1")
    for name in "abcxyz":
        (root / f"{name}.py").write_text("import os\n")
    groups = inspect(root).groups
    assert {(g.gap_type, g.count) for g in groups} == {
        ("syntax.unparsable", 1),
        ("size.bytes", 1),
        ("lint.F401", 6),
    }


def test_large_python_is_parsed_by_ruff(tmp_path: Path) -> None:
    root = tmp_path / "large"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n" * 100_000 + "def (\n" * 3)
    found = inspect(root)
    assert {(g.gap_type, g.count) for g in found.groups} == {
        ("syntax.unparsable", 1),
        ("size.lines", 1),
        ("size.bytes", 1),
    }


def test_many_files_go_in_batches(tmp_path: Path) -> None:
    root = tmp_path / "many"
    root.mkdir()
    for number in range(450):
        (root / f"file{number}.py").write_text("import os\n")
    found = inspect(root)
    assert [(g.gap_type, g.count, g.files) for g in found.groups] == [("lint.F401", 450, 450)]
    assert len(found.worst) == 200
    assert "250 more" in render_report(collect(root), found)


def test_a_report_is_plain_and_timeless(tree: Path) -> None:
    tree_found = collect(tree)
    report = render_report(tree_found, inspect(tree))
    assert report.startswith("# Source audit: `sources`\n")
    assert r"`two words\nand lines.py:1`" in report
    assert r"bytes\udcff.txt" in report
    assert str(tree) not in report
    report.encode()


def test_text_that_breaks_markdown() -> None:
    assert plain("a\n\0\udcff") == r"a\n\x00\udcff"
    assert code("a|b") == r"`a\|b`"
    assert code("a`b") == "`` a`b ``"


def test_a_bundle_depends_on_content_alone(tree: Path, tmp_path: Path) -> None:
    bundles = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    write_bundle(collect(tree), bundles[0], silent)
    for path in (tree / "long.py", tree / "package"):
        os.utime(path, (1, 1))
    write_bundle(collect(tree), bundles[1], silent)
    assert bundles[0].read_bytes() == bundles[1].read_bytes()
    flags_and_time = bundles[0].read_bytes()[3:8]
    assert flags_and_time == bytes(5)
    with tarfile.open(bundles[0], errors="surrogateescape") as archive:
        members = archive.getmembers()
        assert [member.name for member in members] == [f"sources/{f.path}" for f in collect(tree).files]
        assert {(m.mtime, m.uid, m.gid, m.uname) for m in members} == {(0, 0, 0, "")}
        source = archive.extractfile("sources/package/lint.py")
        assert source is not None
        assert source.read() == (tree / "package" / "lint.py").read_bytes()
        assert archive.getmember("sources/outside").issym()
        assert archive.getmember("sources/tool.sh").mode == 0o755


@pytest.mark.parametrize("size", [1, 5000])
def test_a_file_that_changes_meanwhile_is_refused(tree: Path, tmp_path: Path, size: int) -> None:
    found = collect(tree)
    (tree / "long.py").write_bytes(b"z" * size)
    with pytest.raises(Conflict) as caught:
        write_bundle(found, tmp_path / "x.tar.gz", silent)
    assert caught.value.reason == "tree_changed"


def test_what_may_not_be_read_is_said_and_left_out(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = os.access
    monkeypatch.setattr("os.access", lambda path, mode: "long.py" not in str(path) and granted(path, mode))
    found = collect(tree)
    groups = inspect_tree(found, tmp_path / "findings.json", silent).groups
    assert ("access.unreadable", 1) in {(group.gap_type, group.count) for group in groups}
    assert "size.lines" not in {group.gap_type for group in groups}
    write_bundle(found, tmp_path / "x.tar.gz", silent)
    with tarfile.open(tmp_path / "x.tar.gz", errors="surrogateescape") as archive:
        assert "sources/long.py" not in archive.getnames()
