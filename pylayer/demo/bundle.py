"""Bundling: a tree as a tar.gz whose bytes depend on nothing but the files."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from pylayer.demo.tree import SourceFile, SourceTree, open_source
from pylayer.errors import Conflict

__all__ = ["write_bundle"]

_LEVEL = 6


def write_bundle(tree: SourceTree, target: Path, tell: Callable[[int], None]) -> None:
    """Write the tree to ``target``, streaming; time, owner and order never show in it.

    Args:
        tree: the files; links stay links, unreadable files are left out.
        target: the file to write.
        tell: called with the number of files written since the last call.

    Raises:
        Conflict: ``tree_changed``, a file changed between listing and reading.
    """
    with (
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=raw, mtime=0) as packed,
        tarfile.open(
            fileobj=cast("BinaryIO", packed),
            mode="w|",
            format=tarfile.PAX_FORMAT,
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive,
    ):
        for file in tree.files:
            if file.readable:
                _add(archive, tree, file)
            tell(1)


def _add(archive: tarfile.TarFile, tree: SourceTree, file: SourceFile) -> None:
    entry = tarfile.TarInfo(f"{tree.root.name or 'root'}/{file.path}")
    entry.mode = 0o755 if file.executable else 0o644
    if file.link is not None:
        entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, file.link, 0o777
        archive.addfile(entry)
        return
    entry.size = file.size
    with open_source(tree, file) as source:
        try:
            archive.addfile(entry, source)
            grown = bool(source.read(1))
        except OSError as error:
            if error.errno is not None:  # the disk's, not tarfile's own "unexpected end of data"
                raise
            raise _unstable(file) from error
    if grown:
        raise _unstable(file)


def _unstable(file: SourceFile) -> Conflict:
    return Conflict(
        "a file changed while it was bundled",
        reason="tree_changed",
        detail=file.label,
        hint="run the audit again when nothing else writes there",
    )
