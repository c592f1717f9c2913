"""Which shells are here, whether their completions are installed, and where they belong."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from llmos_cli.cli.completions import FILES
from llmos_cli.cli.tree import SHELLS
from llmos_cli.host import Host
from llmos_cli.kernel.doctor import Finding

START = {"bash": "~/.bashrc", "zsh": "~/.zshrc", "fish": "~/.config/fish/config.fish"}
WITH_KEYS = {
    "bash": 'eval "$(llmos completions bash --keys)"',
    "zsh": 'eval "$(llmos completions zsh --keys)"',
    "fish": "llmos completions fish --keys | source",
}
_SHARED = {
    "bash": ("share/bash-completion/completions/llmos",),
    "zsh": ("share/zsh/site-functions/_llmos", "share/zsh/vendor-completions/_llmos"),
    "fish": ("share/fish/vendor_completions.d/llmos.fish",),
}


def own_place(shell: str, host: Host) -> Path:
    """Where a person's own completions belong."""
    data = Path(host.env.get("XDG_DATA_HOME") or host.home / ".local/share")
    settings = Path(host.env.get("XDG_CONFIG_HOME") or host.home / ".config")
    return {
        "bash": data / "bash-completion/completions/llmos",
        "zsh": data / "zsh/site-functions" / FILES["zsh"],
        "fish": settings / "fish/completions" / FILES["fish"],
    }[shell]


def place(shell: str, host: Host) -> Path | None:
    """Where they are; None where they are not."""
    tops = dict.fromkeys((sys.base_prefix, "/usr/local", "/usr", "/opt/homebrew"))
    wherever = (own_place(shell, host), *(Path(top, name) for top in tops for name in _SHARED[shell]))
    return next((path for path in wherever if path.exists()), None)


def shells(host: Host) -> list[str]:
    """Those that are installed, the person's own first."""
    own = Path(host.env.get("SHELL", "")).name
    there = [shell for shell in SHELLS if shutil.which(shell, path=host.env.get("PATH"))]
    return sorted(there, key=lambda shell: shell != own)


def install(shell: str, host: Host) -> str:
    """The command that puts them where they belong."""
    to = own_place(shell, host)
    return f"mkdir -p {to.parent} && llmos completions {shell} > {to}"


def findings(host: Host) -> Iterator[Finding]:
    for shell in shells(host):
        there = place(shell, host)
        text = (there.read_text(errors="replace") if there else "").partition("\n")[0]
        said = str(there) if text else "completions are not installed"
        yield Finding(f"Tab in {shell}", bool(text), said, install(shell, host), needed=False)


def advice(host: Host) -> list[str]:
    """How to install completions and keys for each shell that is here."""
    lines = []
    for shell in shells(host) or list(SHELLS):
        there = place(shell, host)
        lines += [f"{shell}: " + (f"Tab completes already ({there})" if there else "Tab completes after")]
        lines += [] if there else [f"  {install(shell, host)}"]
        if shell == "zsh" and not there:
            lines.append(f"  and, before compinit in ~/.zshrc: fpath=({own_place(shell, host).parent} $fpath)")
        lines += [f"  Alt-e turns the words on the line into a plan with this in {START[shell]}:", f"  {WITH_KEYS[shell]}"]
    return lines
