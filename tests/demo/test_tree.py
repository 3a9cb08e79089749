"""Which files a tree consists of."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pylayer.demo.tree import collect, item_id_of, open_source, source_root
from pylayer.errors import Conflict, InvalidInput, NotFound

Git = Callable[..., None]


def paths(root: Path, exclude: Path | None = None) -> list[str]:
    return [file.path for file in collect(root, exclude=exclude).files]


def test_walk_lists_everything_but_caches(tree: Path) -> None:
    for folder in (".git", "node_modules", "__pycache__", ".pylayer"):
        (tree / folder).mkdir()
        (tree / folder / "x.py").touch()
    os.mkfifo(tree / "pipe")
    found = collect(tree)
    assert found.listed_by == "walk"
    assert [file.path for file in found.files] == [
        os.fsdecode(b"bytes\xff.txt"),
        "large.txt",
        "latin.py",
        "long.py",
        "loop",
        "outside",
        "package/broken.py",
        "package/lint.py",
        "tool.sh",
        "two words\nand lines.py",
    ]
    by_path = {file.path: file for file in found.files}
    assert by_path["outside"].link == str(tree.parent)
    assert not by_path["loop"].has_content
    assert by_path["tool.sh"].executable
    assert by_path["two words\nand lines.py"].label == r"two words\nand lines.py"


def test_git_knows_what_is_ignored(tree: Path, git: Git) -> None:
    git(tree, "init", "-q")
    (tree / ".gitignore").write_text("*.txt\n/ignored/\n")
    (tree / "ignored").mkdir()
    (tree / "ignored" / "x.py").touch()
    (tree / "tracked.py").touch()
    git(tree, "add", "tracked.py", "long.py")
    (tree / "tracked.py").unlink()
    found = collect(tree)
    assert found.listed_by == "git"
    assert {file.path for file in found.files} == {
        ".gitignore",
        "latin.py",
        "long.py",
        "loop",
        "outside",
        "package/broken.py",
        "package/lint.py",
        "tool.sh",
        "two words\nand lines.py",
    }
    assert paths(tree / "package") == ["broken.py", "lint.py"]
    assert paths(tree / "ignored") == ["x.py"]


def test_a_repository_in_the_repository(tmp_path: Path, git: Git) -> None:
    (tmp_path / "outer" / "inner").mkdir(parents=True)
    for folder in (tmp_path / "outer", tmp_path / "outer" / "inner"):
        git(folder, "init", "-q")
        (folder / "a.py").touch()
    assert paths(tmp_path / "outer") == ["a.py", "inner/a.py"]


def test_works_without_git(tree: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tree, "init", "-q")
    monkeypatch.setenv("PATH", str(tree))
    found = collect(tree)
    assert found.listed_by == "walk"
    assert "long.py" in [file.path for file in found.files]


def test_data_directories_stay_out(tree: Path, git: Git) -> None:
    git(tree, "init", "-q")
    for folder in (".pylayer", "data"):
        (tree / folder).mkdir()
        (tree / folder / "stack.json").write_text("{}")
    assert not [path for path in paths(tree, exclude=tree / "data") if "stack.json" in path]
    assert "data/stack.json" in paths(tree)


def test_files_are_opened_only_as_what_they_were(tree: Path) -> None:
    found = collect(tree)
    (tree / "long.py").unlink()
    (tree / "long.py").symlink_to(tree.parent / "secret.py")
    file = next(file for file in found.files if file.path == "long.py")
    with pytest.raises(Conflict) as caught:
        open_source(found, file)
    assert caught.value.reason == "tree_changed"


def test_paths_that_are_none(tree: Path) -> None:
    with pytest.raises(NotFound) as missing:
        source_root(tree / "missing")
    assert missing.value.reason == "no_such_path"
    (tree / "circle").symlink_to("circle")
    for path in (tree / "long.py", tree / "circle", Path("nul\0")):
        with pytest.raises(InvalidInput) as caught:
            source_root(path)
        assert caught.value.reason == "not_a_directory"


def test_the_default_is_the_repository_around(tree: Path, git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tree, "init", "-q")
    monkeypatch.chdir(tree / "package")
    assert source_root(None) == tree
    monkeypatch.chdir("/")
    assert (source_root(None) / "pylayer" / "demo").is_dir()


def test_the_item_is_the_folder(tree: Path) -> None:
    assert item_id_of(tree) == item_id_of(source_root(tree / "package" / ".."))
    assert item_id_of(tree) != item_id_of(tree / "package")
    assert item_id_of(tree).startswith("audit:sources-")
    assert item_id_of(Path("/")).startswith("audit:root-")
