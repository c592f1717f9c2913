"""The judge: for each rule what it is about, what it is not about, and ways round it that must not work."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from llmos_cli.effects import (
    Copy,
    Decision,
    Effect,
    Link,
    MakeFolder,
    Move,
    Pack,
    Remove,
    SetMode,
    SetOwner,
    Trash,
    Unpack,
    Write,
)  # fmt: skip
from llmos_cli.policy.judge import RULES, judge

ON_DISK = True


@pytest.fixture
def ask(home):
    def ask(*effects: Effect, cwd=None, **more):
        verdict = judge(effects, home=more.pop("home", home), cwd=cwd or home, **more)
        assert verdict.reason
        return f"{'loud ' if verdict.loud else ''}{verdict.decision}: {verdict.rule}"

    return ask


def test_nothing_is_allowed(ask):
    assert ask() == "allow: reads only"


def test_own_files_are_asked_for_quietly(ask, home, tmp_path):
    h = str(home)
    quiet = [Move(h + "/a.pdf", h + "/x/b"), Copy(h + "/docs", h + "/d2"), Trash(h + "/a.pdf"),
             MakeFolder(h + "/n"), Write(h + "/n/f", b""), Link(h + "/l", "docs/one.txt"),
             SetMode(h + "/a.pdf", 0o600), SetOwner(h + "/a.pdf", 0), Write(h + "/Downloads/f", b""),
             Pack(h + "/x.zip", ((h + "/docs", "d"),), "zip"), Unpack(h + "/x.zip", h + "/o", ("a",)),
             Move(h + "/a.pdf", h + "/b.pdf", overwrite=True)]  # fmt: skip
    for effect in quiet:
        assert ask(effect) == "ask: own files", effect
    assert ask(*quiet) == "ask: own files"
    other = tmp_path / "project"
    assert ask(Write(f"{other}/f", b"")) == "loud ask: outside"
    assert ask(Write(f"{other}/f", b""), cwd=other) == "ask: own files"


LOUD = {
    "final": lambda h: Remove(h + "/a.pdf"),
    "known folder": lambda h: Trash(h + "/Downloads"),
    "keys and start-up files": lambda h: Write(h + "/.ssh/authorized_keys", b""),
    "outside": lambda h: Write("/tmp/f", b""),
}


@pytest.mark.parametrize("rule", LOUD)
def test_one_such_effect_among_many_is_enough(rule, ask, home):
    effects = [Trash(f"{home}/{n}") for n in range(20)]
    effects.insert(13, LOUD[rule](str(home)))
    assert ask(*effects) == f"loud ask: {rule}"


@pytest.mark.parametrize("name", [
    ".bashrc", ".ssh", ".ssh/id_ed25519", ".gnupg/x", ".config/autostart/x.desktop", ".config", ".local",
    ".profile", ".zshrc", ".config/systemd/user/x.service", ".local/bin/ls", ".gitconfig",
    "project/.git/hooks/pre-commit", "project/.envrc",
])  # fmt: skip
def test_keys_and_start_up_files(name, ask, home):
    assert ask(Trash(f"{home}/{name}")) == "loud ask: keys and start-up files"


@pytest.mark.parametrize("name", [".bashrc2", "ssh", "x/.bashrc", ".config/app/autostart", ".gitignore"])
def test_what_only_looks_like_them(name, ask, home):
    assert ask(Trash(f"{home}/{name}")) == "ask: own files"


def test_keys_are_not_copied_quietly(ask, home):
    h = str(home)
    for effect in (Copy(h + "/.ssh/id_rsa", h + "/x"), Link(h + "/x", h + "/.ssh/id_rsa"),
                   Pack(h + "/x.zip", ((h + "/.ssh", "s"),), "zip"), Link(h + "/x", ".ssh/id_rsa")):  # fmt: skip
        assert ask(effect) == "loud ask: keys and start-up files", effect


SYSTEM = ["/", "/etc/passwd", "/usr/bin/ls", "/bin", "/boot/x", "/dev/sda", "/proc/1/mem", "/sys/x", "/lib/x",
          "/sbin/init", "/var/log/syslog", "/System/x", "/Library/x", "C:\\Windows\\x", "c:/windows/x",
          "C:\\Program Files\\x", "/tmp/../etc/passwd", "//etc/passwd", "/etc/", "/usr/../etc/x"]  # fmt: skip


@pytest.mark.parametrize("path", SYSTEM)
def test_the_system_is_not_touched(path, ask, home):
    for effect in (Write(path, b"", overwrite=True), Trash(path), Remove(path), SetMode(path, 0o777),
                   Move(path, f"{home}/x"), Move(f"{home}/x", path), Copy(f"{home}/x", path),
                   Link(path, "x"), Unpack(f"{home}/x.zip", path, ("a",))):  # fmt: skip
        for cwd in (home, "/", "/etc", path):
            assert ask(effect, cwd=cwd) == "loud deny: system folder", (effect, cwd)


def test_reading_from_the_system_is_only_asked_for(ask, home):
    assert ask(Copy("/etc/hosts", f"{home}/hosts")) == "loud ask: outside"


def test_links_do_not_lead_around_the_rules(ask, home, tmp_path):
    (home / "sys").symlink_to("/etc")
    (home / "keys").symlink_to(".ssh")
    (home / "tmp").symlink_to(tmp_path)
    (home / "up").symlink_to("..")
    assert ask(Write(f"{home}/sys/passwd", b"")) == "loud deny: system folder"
    assert ask(Write(f"{home}/keys/x", b"")) == "loud ask: keys and start-up files"
    assert ask(Write(f"{home}/tmp/x", b"")) == "loud ask: outside"
    assert ask(Trash(f"{home}/up/home")) == "loud deny: home folder"
    assert ask(Unpack(f"{home}/x.zip", f"{home}/sys", ("a",))) == "loud deny: system folder"
    assert ask(Unpack(f"{home}/x.zip", str(home), ("sys/a",))) == "loud deny: system folder"
    assert ask(Trash(f"{home}/sys")) == "ask: own files", "the link itself is the person's"


def test_the_home_itself(ask, home):
    for path in (home, home.parent, f"{home}/.", f"{home}/docs/.."):
        assert ask(Trash(str(path))) == "loud deny: home folder"
        assert ask(Move(str(path), "/tmp/x")) == "loud deny: home folder"
        assert ask(Remove(str(path))) == "loud deny: home folder"
    assert ask(Move(f"{home}/docs", str(home), overwrite=True)) == "loud deny: home folder"
    assert ask(SetMode(str(home), 0o700)) == "loud ask: known folder"


def test_what_llmos_needs_itself(ask, home, tmp_path):
    own = [tmp_path / "llmos/data"]
    own[0].mkdir(parents=True)
    for path in (f"{tmp_path}/llmos/data/x", f"{tmp_path}/llmos", f"{home}/.local/share/llmos/vault/x",
                 f"{home}/.config/llmos/config.toml", "/media/stick/.llmos-vault-1000/x"):  # fmt: skip
        assert ask(Trash(path), own=own) == "loud deny: llmos's own files", path
    assert ask(Trash(f"{home}/.local"), own=own) == "loud ask: keys and start-up files"
    (home / ".local/share/llmos").mkdir()
    assert ask(Trash(f"{home}/.local"), own=own) == "loud deny: llmos's own files"


def test_many(ask, home):
    effects = [Trash(f"{home}/{n}") for n in range(201)]
    assert ask(*effects[:200]) == "ask: own files"
    assert ask(*effects) == "loud ask: many files"
    assert ask(*effects[:11], limit=10) == "loud ask: many files"
    for n in range(11):
        (home / f"empty/{n}").touch()
    assert ask(Trash(f"{home}/empty"), limit=10) == "loud ask: many files"
    assert ask(Move(f"{home}/empty", f"{home}/e"), limit=10) == "ask: own files"
    names = tuple(map(str, range(11)))
    assert ask(Unpack(f"{home}/x", f"{home}/o", names), limit=10) == "loud ask: many files"


def test_trusted_folders(ask, home, tmp_path):
    trusted = [tmp_path / "inbox"]
    inside = Write(f"{tmp_path}/inbox/f", b"")
    assert ask(inside, trusted=trusted) == "allow: trusted folder"
    assert ask(inside, Write(f"{home}/f", b""), trusted=trusted) == "ask: own files"
    assert ask(inside, Remove(f"{tmp_path}/inbox/g"), trusted=trusted) == "loud ask: final"
    assert ask(Write(f"{tmp_path}/inbox2/f", b""), trusted=trusted) == "loud ask: outside"
    assert ask(Write("/etc/x", b""), trusted=["/"]) == "loud deny: system folder"


def test_the_current_folder_gives_no_right_where_it_holds_too_much(ask, home):
    for cwd in ("/", "/etc", "/var", str(home.parent)):
        assert ask(Write(f"{home.parent}/other/f", b""), cwd=cwd) == "loud ask: outside", cwd


def test_a_home_below_a_system_folder(ask):
    home = "/var/home/ana"
    assert ask(Write(f"{home}/f", b""), home=home, cwd=home) == "ask: own files"
    assert ask(Write("/var/home/bob/f", b""), home=home, cwd=home) == "loud deny: system folder"
    assert ask(Write("/root/f", b""), home="/root", cwd="/") == "ask: own files"


def test_what_the_person_owns_below_var_tmp(ask):
    mine = f"/var/tmp/llmos-test-{os.getpid()}"
    os.mkdir(mine)
    try:
        assert ask(Write(f"{mine}/f", b"")) == "loud ask: outside"
        assert ask(Write("/var/tmp/f", b"")) == "loud deny: system folder"
    finally:
        os.rmdir(mine)


def test_what_no_rule_is_about_is_asked_for_loudly(ask, home):
    @dataclass(frozen=True)
    class Launch(Effect):
        op = "launch"

    assert ask(Launch(f"{home}/x")) == "loud ask: unknown effect"


def test_the_strictest_rule_wins_whatever_the_order(ask, home):
    effects = [Write("/tmp/f", b""), Remove(f"{home}/x"), Write("/etc/x", b"")]
    assert ask(*effects) == ask(*effects[::-1]) == "loud deny: system folder"
    decisions = [rule.decision for rule in RULES]
    assert decisions == sorted(decisions, key=[Decision.DENY, Decision.ASK].index)
    assert len({rule.name for rule in RULES}) == len(RULES)
