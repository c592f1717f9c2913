"""Where llmos keeps its own things: platformdirs' folders, or all below `LLMOS_HOME`. Folders are made 0700 on first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Paths:
    config: Path
    data: Path
    state: Path
    cache: Path

    @staticmethod
    def of(env: Mapping[str, str]) -> Paths:
        if home := env.get("LLMOS_HOME"):
            base = Path(home).expanduser().absolute()
            return Paths(base / "config", base / "data", base / "state", base / "cache")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("llmos", appauthor=False)
        return Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path, dirs.user_cache_path)


def private(folder: Path) -> Path:
    """`folder`, made with its parents where it is missing, its own mode 0700 whatever the umask. Raises OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(folder, 0o700)
    return folder
