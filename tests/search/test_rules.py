"""What is left out of a search: as git does it, checked against git itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from llmos_cli.search.rules import Rules, parsed
from llmos_cli.search.walk import Walk

PATTERNS = r"""
*.log
!keep.log
/top.txt
build/
doc/*.txt
**/deep
a/**/b
x/**
[abc]1.txt
[!abc]2.txt
spa\ ce
\#hash
\!bang
trailing   
*.[oa]
q?z
""".strip("\n")  # noqa: W291 a space at the end of a line is no part of the pattern
FILES = """a.log sub/a.log keep.log sub/keep.log top.txt sub/top.txt build/x sub/build/x build2/x doc/n.txt doc/s/n.txt deep/x s/deep/x
a/b/x a/1/b/x a/1/2/b/x b/x x/y x/z/y s/x/y a1.txt d1.txt d2.txt a2.txt #hash !bang trailing l.o l.a l.c qaz qaaz spa+ce"""


def test_as_git_does_it(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("no git")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text(PATTERNS)
    for name in (name.replace("+", " ") for name in FILES.split()):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    listed = subprocess.run(["git", "-C", tmp_path, "ls-files", "-co", "--exclude-standard", "-z"], capture_output=True, check=True)
    kept = set(listed.stdout.decode().split("\0")) - {"", ".gitignore"}
    assert walked(tmp_path) == kept


def walked(home: Path, top: Path | None = None) -> set[str]:
    top = top or home
    walk = Walk(str(home.parent).encode(), frozenset())
    rules = walk.reach(str(home).encode(), str(top).encode())
    if rules is None:
        return set()
    found = walk.folders(str(top).encode(), rules)
    return {str(Path((folder.path + b"/" + name).decode()).relative_to(home)) for folder in found for name, _ in folder.files}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_what_programs_make_is_left_out(tmp_path: Path) -> None:
    left_out = (
        "node_modules/b .hidden .git/config venv/c sub/__pycache__/d env/pyvenv.cfg env/lib/e cache/CACHEDIR.TAG cache/f x.pyc notes~"
    )
    write(tmp_path, dict.fromkeys(["a", *left_out.split()], ""))
    assert walked(tmp_path) == {"a"}


def test_a_gitignore_outside_of_repositories_and_in_the_home_folder_does_not_count(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write(home, {".gitignore": "*", ".git/config": "", "a": "", "sub/.gitignore": "*", "sub/b": ""})
    walk = Walk(str(home).encode(), frozenset())
    found = {name for folder in walk.folders(str(home).encode(), Rules()) for name, _ in folder.files}
    assert found == {b"a", b"b"}


def test_below_a_repository_its_rules_still_hold(tmp_path: Path) -> None:
    write(tmp_path, {"p/.git/config": "", "p/.gitignore": "*.log\nout/", "p/s/a.log": "", "p/s/b": "", "p/out/c": "", "d.log": ""})
    assert walked(tmp_path) == {"p/s/b", "d.log"}
    assert walked(tmp_path, tmp_path / "p/s") == {"p/s/b"}
    assert walked(tmp_path, tmp_path / "p/out") == set()


def test_a_pattern_that_takes_for_ever_is_passed_over() -> None:
    assert parsed(b"*a*a*a*a*a*a*a*a*a*b\n" + b"x" * 1000 + b"\n[z-a]\n") == []


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, {"real/a": ""})
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "real/a")
    assert walked(tmp_path) == {"real/a"}
