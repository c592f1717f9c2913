"""What the person lets pass without a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmos_cli.effects import Decision, Move, Remove
from llmos_cli.errors import LlmosError, UsageError
from llmos_cli.policy.judge import judge
from llmos_cli.policy.rules import Allowed, Rules


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    for name in ("home/Downloads", 'home/a "b" 报'):
        (tmp_path / name).mkdir(parents=True)
    return Rules(tmp_path / "config", tmp_path / "home")


def test_rules_are_kept_listed_and_taken_away(rules, tmp_path):
    assert rules.allowed() == Allowed() and not rules.file.exists()
    for name in ("Downloads", 'a "b" 报', "Downloads"):
        rules.allow_folder(tmp_path / "home" / name)
    rules.allow_tool("rename")
    folders = (f"{tmp_path}/home/Downloads", f'{tmp_path}/home/a "b" 报')
    assert Rules(tmp_path / "config", tmp_path / "home").allowed() == Allowed(folders, ("rename",))
    assert rules.file.stat().st_mode & 0o777 == 0o600 and rules.file.parent.stat().st_mode & 0o777 == 0o700
    assert rules.remove(1) == folders[0] and rules.allowed() == Allowed(folders[1:], ("rename",))
    assert rules.remove(2) == "rename" and rules.remove(1) == folders[1] and rules.allowed() == Allowed()
    with pytest.raises(UsageError, match="no rule 1"):
        rules.remove(1)


@pytest.mark.parametrize("name", ["home", ".", "/", "/usr/.."])
def test_the_home_and_what_is_above_it_cannot_be_let_pass(rules, tmp_path, name):
    with pytest.raises(UsageError, match="too much"):
        rules.allow_folder(tmp_path / name)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    with pytest.raises(UsageError, match="too much"):
        rules.allow_folder(tmp_path / "link")


@pytest.mark.parametrize("text", ["folders = 3", 'folders = ["a", 1]', "not toml", 'tools = "rename"', "\udcff"])
def test_a_file_that_is_wrong_is_said_to_be(rules, text):
    rules.file.parent.mkdir()
    rules.file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(LlmosError, match=r"policy\.toml"):
        rules.allowed()


def test_what_people_write_themselves(rules):
    rules.file.parent.mkdir()
    rules.file.write_text('folders = ["~/x", "relative"]  # mine\n')
    assert [path.endswith("/x") for path in rules.allowed().folders] == [True]


def test_a_rule_spares_only_the_quiet_question(tmp_path):
    home = tmp_path / "home"
    (home / "a").mkdir(parents=True)
    (home / "b").mkdir()
    inside, across, final = Move(f"{home}/a/x", f"{home}/a/y"), Move(f"{home}/a/x", f"{home}/b/y"), Remove(f"{home}/a/x")

    def decided(effect, **rules):
        verdict = judge((effect,), home=home, cwd=home, **rules)
        return verdict.decision, verdict.loud

    assert decided(inside) == (Decision.ASK, False)
    assert decided(inside, trusted=[home / "a"]) == (Decision.ALLOW, False)
    assert decided(across, trusted=[home / "a"]) == (Decision.ASK, False)
    assert decided(across, trusted_tool="move") == (Decision.ALLOW, False)
    assert decided(final, trusted=[home / "a"], trusted_tool="delete") == (Decision.ASK, True)
    assert decided(Move(f"{home}/.ssh/id", f"{home}/a/id"), trusted_tool="move") == (Decision.ASK, True)
