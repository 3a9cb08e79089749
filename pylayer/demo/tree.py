"""Collecting: which files a source tree consists of."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

import pylayer
from pylayer.demo.text import plain
from pylayer.errors import Conflict, Forbidden, InvalidInput, NotFound

__all__ = ["SourceFile", "SourceTree", "collect", "item_id_of", "open_source", "source_root"]

_HISTORIES = {".git", ".hg", ".svn"}
_INSTALLED = {".venv", "venv", "node_modules", ".tox", ".nox", ".pylayer"}
_CACHES = {".cache", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
_SKIPPED_FOLDERS = _HISTORIES | _INSTALLED | _CACHES
_PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
_GIT_VARIABLES = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a tree.

    Attributes:
        path: relative to the root, with ``/``; undecodable bytes as surrogates.
        size: bytes; 0 for a link.
        executable: whether its owner may execute it.
        link: where a symbolic link points, None for a regular file. Links are recorded, never followed.
        readable: whether this process may read it.
    """

    path: str
    size: int
    executable: bool = False
    link: str | None = None
    readable: bool = True

    @property
    def label(self) -> str:
        """The path as text that can be stored and printed."""
        return plain(self.path)

    @property
    def sort_key(self) -> bytes:
        """The raw bytes of the path: one order on every machine."""
        return os.fsencode(self.path)

    @property
    def has_content(self) -> bool:
        """Whether it is a regular file that can be read."""
        return self.link is None and self.readable

    @property
    def is_python(self) -> bool:
        """Whether it is Python source, by its name."""
        return self.has_content and self.path.endswith(_PYTHON_SUFFIXES)


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The files of a tree, in the order of their raw paths.

    Attributes:
        root: the tree's folder, resolved.
        files: its files.
        listed_by: ``git`` (which knows what is ignored) or ``walk``.
    """

    root: Path
    files: tuple[SourceFile, ...]
    listed_by: Literal["git", "walk"]

    @property
    def name(self) -> str:
        """The folder's name, fit to be stored and printed."""
        return _name(self.root)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


def source_root(path: Path | None) -> Path:
    """Return the resolved folder to audit.

    Args:
        path: the folder; default the repository around the current folder, else pylayer's own checkout.

    Raises:
        NotFound: ``no_such_path``. InvalidInput: ``not_a_directory``, ``no_path``. Forbidden: ``unreadable``.
    """
    if path is None:
        return _default_root()
    try:
        root = path.expanduser().resolve(strict=True)
    except FileNotFoundError as error:
        raise NotFound("there is no such path", reason="no_such_path", detail=plain(str(path))) from error
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, NUL in the name, an unknown user
        raise InvalidInput("the path is not usable", reason="not_a_directory", detail=str(error)) from error
    if not root.is_dir():
        raise InvalidInput(
            "the path is not a directory",
            reason="not_a_directory",
            detail=plain(str(path)),
            hint="name a folder",
        )
    if not os.access(root, os.R_OK | os.X_OK):
        raise Forbidden("the directory can't be read", reason="unreadable", detail=plain(str(root)))
    return root


def _default_root() -> Path:
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            return folder
    checkout = Path(pylayer.__file__).resolve().parents[1]
    if (checkout / "pyproject.toml").is_file():
        return checkout
    raise InvalidInput(
        "there is no repository here to audit", reason="no_path", detail=str(here), hint="pylayer demo PATH"
    )


def item_id_of(root: Path) -> str:
    """Return the id of the work item that audits this folder: the same for each run."""
    return f"audit:{_name(root)[:100]}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}"


def _name(root: Path) -> str:
    return plain(root.name) or "root"


def collect(root: Path, *, exclude: Path | None = None) -> SourceTree:
    """List the files of a tree: what git tracks or would track; where git has no say, all but caches.

    Args:
        root: the folder, resolved.
        exclude: a folder to leave out, such as the stack's data directory.
    """
    by_git = _git_paths(root)
    paths = _walk_paths(root) if by_git is None else by_git
    hidden = None if exclude is None else _inside(root, exclude.absolute())
    files = {path: file for path in paths if not _is_hidden(path, hidden) and (file := _file(root, path))}
    ordered = tuple(sorted(files.values(), key=lambda file: file.sort_key))
    return SourceTree(root, ordered, "walk" if by_git is None else "git")


def _inside(root: Path, folder: Path) -> str | None:
    folder = folder.resolve()
    return folder.relative_to(root).as_posix() if folder != root and folder.is_relative_to(root) else None


def _is_hidden(path: str, hidden: str | None) -> bool:
    if hidden is not None and path.startswith(f"{hidden}/"):
        return True
    return ".pylayer" in path.split("/")[:-1]  # a stack's data directory holds passwords


def _file(root: Path, path: str) -> SourceFile | None:
    full = root / path
    try:
        found = full.lstat()
        if stat.S_ISLNK(found.st_mode):
            return SourceFile(path, 0, link=os.readlink(full))  # noqa: PTH115 - the raw text of the link
    except (FileNotFoundError, NotADirectoryError):  # deleted, but still in git's index
        return None
    except PermissionError:
        return SourceFile(path, 0, readable=False)
    if stat.S_ISREG(found.st_mode):
        executable = bool(found.st_mode & stat.S_IXUSR)
        return SourceFile(path, found.st_size, executable, readable=os.access(full, os.R_OK))
    if stat.S_ISDIR(found.st_mode):  # listed only when it can't be read
        return SourceFile(path, 0, readable=False)
    return None  # a socket, a pipe, a device


def _git_paths(folder: Path) -> list[str] | None:
    """Return the paths that git lists, or None where it has no say: no work tree, an ignored folder."""
    listed = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is None or (not listed and _git(folder, "check-ignore", "--quiet", ".") is not None):
        return None
    paths: list[str] = []
    for raw in listed.split(b"\0"):
        path = os.fsdecode(raw).rstrip("/")
        full = folder / path
        if path and _is_folder(full):  # a submodule, or a repository in the repository
            inner = _git_paths(full) if (full / ".git").exists() else None
            paths += [f"{path}/{name}" for name in (_walk_paths(full) if inner is None else inner)]
        elif path:
            paths.append(path)
    return paths


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _git(folder: Path, *arguments: str) -> bytes | None:
    environment = {name: value for name, value in os.environ.items() if name not in _GIT_VARIABLES}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _walk_paths(root: Path) -> Iterator[str]:
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = os.scandir(root / folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            yield folder
            continue
        with entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not entry.is_dir(follow_symlinks=False):
                    yield path
                elif entry.name not in _SKIPPED_FOLDERS:
                    folders.append(path)


def open_source(tree: SourceTree, file: SourceFile) -> BinaryIO:
    """Open a regular file of the tree, whatever has taken its place meanwhile.

    Raises:
        Conflict: ``tree_changed``, it is gone or is no regular file any more.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(tree.root / file.path, flags)
    except OSError as error:
        raise _changed(file) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _changed(file)
    return cast("BinaryIO", os.fdopen(descriptor, "rb"))


def _changed(file: SourceFile) -> Conflict:
    return Conflict(
        "the tree changed while it was read",
        reason="tree_changed",
        detail=file.label,
        hint="run the audit again when nothing else writes there",
    )
