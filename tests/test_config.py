"""Settings: their order, what is wrong said with its place, and files that others could have written passed over."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos_cli import config
from llmos_cli.config import SETTINGS, Settings
from llmos_cli.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir(mode=0o700)
    return folder


def write(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    file = folder / config.FILE
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(mode)
    return file


def test_default_file_environment_flag(folder: Path) -> None:
    def plain(env: dict[str, str], **flags: bool) -> tuple[object, str]:
        given = Settings.of(folder, env, flags).given["plain"]
        return given.value, given.source

    assert plain({}) == (False, "default")
    write(folder, "plain = true\n")
    assert plain({}) == (True, "file")
    assert plain({"LLMOS_PLAIN": "0"}) == (False, "environment")
    assert plain({"LLMOS_PLAIN": ""}) == (True, "file")
    assert plain({"LLMOS_PLAIN": "0"}, plain=True) == (True, "flag")


@pytest.mark.parametrize(("text", "says"), [
    ('keys = "nano"\n', "line 1: keys should be one of emacs, vi; \"emacs\" is used"),
    ("\n\n[sure]\nread = 1.5\n", "line 4: sure.read should be a number from 0 to 1; 0.05 is used"),
    ("[sure]\nread = true\n", "line 2: sure.read should be a number"),
    ("sure.add = nan\n", "line 1: sure.add should be a number"),
    ("[sure]\n# keys = 1\nkeys = 1\n", "line 3: there is no setting 'sure.keys'; did you mean keys?"),
    ("colour = ['auto']\n", "line 1: colour should be one of auto, always, never"),
    ("keys = \n", "not TOML, and none of it counts"),
    (b"keys = \"\xff\"\n", "not UTF-8"),
    ("pager = \"a\\u001b[2J\"\n", "pager should be a text"),
    ("x = " + "[" * 5000 + "]" * 5000, "not TOML"),
])  # fmt: skip
def test_what_is_wrong_has_a_place_and_the_rest_counts(folder: Path, text: str | bytes, says: str) -> None:
    file = write(folder, text)
    found = Settings.of(folder, {})
    assert len(found.problems) == 1 and says in found.problems[0] and str(file) in found.problems[0]
    assert found["keys"] == "emacs"


def test_a_wrong_variable_leaves_what_the_file_says(folder: Path) -> None:
    write(folder, 'keys = "vi"\n')
    found = Settings.of(folder, {"LLMOS_KEYS": "nano", "LLMOS_SURE_READ": "0.3"})
    assert found["keys"] == "vi" and found["sure.read"] == 0.3 and "LLMOS_KEYS='nano'" in found.problems[0]


@pytest.mark.parametrize("mode", [0o602, 0o620, 0o666])
def test_a_file_that_others_can_write_is_not_read(folder: Path, mode: int) -> None:
    write(folder, 'keys = "vi"\n', mode)
    found = Settings.of(folder, {})
    assert found["keys"] == "emacs" and "can be written by others" in found.problems[0]
    with pytest.raises(UsageError, match="can be written by others"):
        config.update(folder / config.FILE, lambda text: text)


def test_a_folder_that_others_can_write_is_no_better(folder: Path) -> None:
    write(folder, 'keys = "vi"\n')
    folder.chmod(0o777)
    assert Settings.of(folder, {})["keys"] == "emacs"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away needs root")
def test_another_users_file_is_not_read(folder: Path) -> None:
    os.chown(write(folder, 'keys = "vi"\n'), 12345, -1)
    found = Settings.of(folder, {})
    assert found["keys"] == "emacs" and "belongs to another user" in found.problems[0]


def test_what_is_no_file_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / config.FILE, 0o600)
    assert "no file of settings" in Settings.of(folder, {}).problems[0]


def test_the_template_sets_nothing_and_each_line_of_it_could(folder: Path) -> None:
    text = config.template()
    write(folder, text)
    found = Settings.of(folder, {})
    assert not found.problems and {given.source for given in found.given.values()} == {"default"}
    write(folder, "\n".join(line.removeprefix("# ") if " = " in line else line for line in text.splitlines()))
    found = Settings.of(folder, {})
    assert not found.problems and {given.source for given in found.given.values()} == {"file"}
    assert all(found[name] == setting.default for name, setting in SETTINGS.items())


def other(default: object) -> object:
    """A value that is not the default."""
    return {str: "x", bool: True, int: 7, float: 0.25, tuple: ("a", "b")}[type(default)]


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_can_be_set_changed_and_unset(folder: Path, name: str) -> None:
    setting = SETTINGS[name]
    value = next((word for word in setting.type.words if word != setting.default), None) or other(setting.default)
    value = setting.type.parse(value) if isinstance(value, str) else value
    text = config.changed(config.template(), name, value)
    write(folder, config.changed(text, name, value))
    found = Settings.of(folder, {})
    assert (found[name], found.given[name].source, found.problems) == (value, "file", ())
    write(folder, config.changed(text, name, None))
    assert Settings.of(folder, {}).given[name].source == "default"


def test_a_link_stays_a_link(folder: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('keys = "vi"\n')
    real.chmod(0o600)
    (folder / config.FILE).symlink_to(real)
    config.update(folder / config.FILE, lambda text: config.changed(text, "colour", "never"))
    assert (folder / config.FILE).is_symlink() and real.read_text() == 'keys = "vi"\ncolour = "never"\n'


def test_two_at_once_lose_nothing(folder: Path) -> None:
    file = write(folder, "")

    def add(number: int) -> None:
        for i in range(20):
            config.update(file, lambda text, i=i: f"{text}# {number} {i}\n")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read_text().splitlines()) == 80 and os.listdir(folder) == [config.FILE]


def test_a_change_that_fails_leaves_the_file(folder: Path) -> None:
    file = write(folder, "keys = [\n")
    with pytest.raises(UsageError, match="not TOML"):
        config.update(file, lambda text: config.changed(text, "keys", "vi"))
    assert file.read_text() == "keys = [\n" and os.listdir(folder) == [config.FILE]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda t: t.encode(errors="replace")), st.from_regex(
    rb"\A(?:\[?[a-z.]{1,9}\]? ?=? ?[\[\]\"'a-z0-9.{}#\n-]{0,20}\n){1,5}\Z"
)))  # fmt: skip
def test_no_file_stops_the_program(folder: Path, data: bytes) -> None:
    write(folder, data)
    found = Settings.of(folder, {})
    assert set(found.given) == set(SETTINGS) and all(config.FILE in problem for problem in found.problems)
