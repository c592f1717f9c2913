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
            base = Path(os.path.expanduser(home)).absolute()
            return Paths(base / "config", base / "data", base / "state", base / "cache")
        from platformdirs import PlatformDirs

        dirs = PlatformDirs("llmos", appauthor=False)
        return Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_state_path, dirs.user_cache_path)


def private(folder: Path) -> Path:
    """`folder`, made with its parents where they are missing, all of these 0700 whatever the umask. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.is_dir()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True, mode=0o700)
        os.chmod(path, 0o700)
    return folder
