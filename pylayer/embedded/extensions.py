"""A folder of Postgres extensions beside the server's own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pylayer.embedded.binaries import shared_folder

__all__ = ["Extensions"]


@dataclass(frozen=True, slots=True)
class Extensions:
    """A folder with extensions: ``extension/*.control, *.sql`` and ``lib/*.so``."""

    folder: Path

    @classmethod
    def find(cls) -> Extensions:
        """Return the folder that ``PYLAYER_EXTENSION_DIR`` names, else the one in this environment."""
        named = os.environ.get("PYLAYER_EXTENSION_DIR")
        return cls(Path(named).absolute() if named else shared_folder() / "postgresql")

    @property
    def folders(self) -> list[Path]:
        """The folders that exist, which the server must be able to read."""
        return [path for path in (self.folder / "extension", self.folder / "lib") if path.is_dir()]

    def has(self, name: str) -> bool:
        """Return whether the extension is here."""
        return (self.folder / "extension" / f"{name}.control").exists()

    def settings(self) -> dict[str, str]:
        """Return the settings that make Postgres look here."""
        values: dict[str, str] = {}
        if (self.folder / "extension").is_dir():
            values["extension_control_path"] = f"$system:{self.folder}"
        if (self.folder / "lib").is_dir():
            values["dynamic_library_path"] = f"$libdir:{self.folder / 'lib'}"
        return values

    def add(self, name: str, source: Path, library: Path | None = None) -> None:
        """Copy an extension's files from an ``extension`` folder; the control file last, as the mark."""
        target = self.folder / "extension"
        target.mkdir(parents=True, exist_ok=True)
        if library is not None:
            (self.folder / "lib").mkdir(exist_ok=True)
            shutil.copy2(library, self.folder / "lib" / library.name)
        for script in source.glob(f"{name}--*.sql"):
            shutil.copy2(script, target / script.name)
        shutil.copy2(source / f"{name}.control", target)
