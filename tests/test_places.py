import os
from dataclasses import replace
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError, NotUnderstood


@pytest.fixture
def home(place):
    for name in ("Downloads", "Documents/thesis", "Pictures/2024", "Music", "work/src", "Documents/My Papers"):
        (place.home / name).mkdir(parents=True, exist_ok=True)
    for name in ("Documents/thesis/chapter one.odt", "work/notes.txt", "work/src/main.py", "Downloads/Invoice-2024.pdf"):
        (place.home / name).touch()
    return place.home


@pytest.mark.parametrize(("said", "found"), [
    (".", "work"), ("./", "work"), ("..", ""), ("~", ""), ("~/Documents", "Documents"), ("notes.txt", "work/notes.txt"),
    ("./notes.txt", "work/notes.txt"), ("../Downloads", "Downloads"), ("src/../notes.txt", "work/notes.txt"), ("src/", "work/src"),
    ("downloads", "Downloads"), ("Downloads", "Downloads"), ("downlaods", "Downloads"), ("pictuers", "Pictures"),
    ("my downloads folder", "Downloads"), ("photos", "Pictures"), ("下载", "Downloads"), ("téléchargements", "Downloads"),
    ("downloads/invoice-2024.pdf", "Downloads/Invoice-2024.pdf"), ("pictures/2024", "Pictures/2024"),
    ("NOTES.TXT", "work/notes.txt"), ("notes", "work/notes.txt"), ("thesis", "Documents/thesis"),
    ("the thesis folder", "Documents/thesis"), ("documents/thesis/chapter one", "Documents/thesis/chapter one.odt"),
    ("chapter-one", "Documents/thesis/chapter one.odt"), ("invoice 2024", "Downloads/Invoice-2024.pdf"),
    ("my_papers", "Documents/My Papers"), ("invoise-2024.pdf", "Downloads/Invoice-2024.pdf"),
])  # fmt: skip
def test_what_a_name_finds(place, home, said, found):
    assert place.resolve(said) == home / found


def test_an_absolute_path_is_itself(place, home):
    assert place.resolve(str(home / "work/../Music/")) == home / "Music"


@pytest.mark.parametrize(
    "said", ["nothing", "/no/such", "~/no such", "downloads/none.txt", "~nobody-of-that-name/x", "x" * 300, "../../../../nope"]
)
def test_what_is_not_there_is_said(place, home, said):
    with pytest.raises(LlmosError, match="there is no") as caught:
        place.resolve(said)
    assert not isinstance(caught.value, NotUnderstood)


def test_several_lead_to_a_question_with_choices(place, home):
    for folder in ("work/a", "work/b"):
        (home / folder).mkdir()
        (home / folder / "report.txt").touch()
    with pytest.raises(NotUnderstood, match="Which report.txt") as caught:
        place.resolve("report.txt")
    assert caught.value.choices == ("a/report.txt", "b/report.txt")


def test_the_nearest_is_meant(place, home):
    (home / "work/deep/er").mkdir(parents=True)
    (home / "work/deep/plan.md").touch()
    (home / "work/deep/er/plan.md").touch()
    assert place.resolve("plan.md") == home / "work/deep/plan.md"


def test_the_right_name_elsewhere_goes_before_a_similar_one_here(place, home):
    (home / "work/reports-old").mkdir()
    (home / "work/reportz").mkdir()
    (home / "Documents/reports").mkdir()
    assert place.resolve("reports") == home / "Documents/reports"


def test_a_folder_is_wanted(place, home):
    (home / "work/thesis").touch()
    assert place.resolve("thesis", folder=True) == home / "Documents/thesis"
    with pytest.raises(LlmosError, match=r"notes\.txt is not a folder"):
        place.resolve("notes.txt", folder=True)
    with pytest.raises(LlmosError, match="is not a folder"):
        place.resolve(str(home / "work/notes.txt"), folder=True)


def test_links_are_found_and_loops_do_not_hang(place, home):
    (home / "work/loop").symlink_to(".")
    (home / "work/dangling").symlink_to("nowhere")
    (home / "work/papers").symlink_to(home / "Documents")
    assert place.resolve("dangling") == home / "work/dangling"
    assert place.resolve("papers", folder=True) == home / "work/papers"
    with pytest.raises(LlmosError):
        place.resolve("quite something else")


def test_odd_names(place, home):
    for name in ("~$report.docx", "a\nb", "[1].txt", os.fsdecode(b"caf\xe9.txt"), "-rf", "re\u0301sume\u0301.pdf"):
        (place.cwd / name).touch()
        assert place.resolve(name) == place.cwd / name
    assert place.resolve("r\u00e9sum\u00e9").name == "re\u0301sume\u0301.pdf"


def test_hidden_folders_are_not_searched(place, home):
    (home / ".cache/secret").mkdir(parents=True)
    with pytest.raises(LlmosError):
        place.resolve("secret")


def test_the_platforms_folders_go_by_their_own_names(place, home):
    (home / "Téléchargés").mkdir()
    french = replace(place, known={"DOWNLOAD": home / "Téléchargés", "MUSIC": home})
    assert french.resolve("downloads") == home / "Téléchargés"
    assert french.resolve("the downloads folder") == home / "Téléchargés"
    assert french.resolve("music") == home / "Music"  # user-dirs.dirs names the home where there is none


# ---- new paths -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "path"), [
    ("new.txt", "work/new.txt"), ("./a/b", "work/a/b"), ("../x", "x"), ("~/x/y", "x/y"), ("src/new/x.py", "work/src/new/x.py"),
    ("downloads/x", "Downloads/x"), ("Downloads/a/b", "Downloads/a/b"), ("thesis/x.txt", "Documents/thesis/x.txt"),
    ("photos", "work/photos"), ("brand/new", "work/brand/new"), ("x/", "work/x"),
])  # fmt: skip
def test_where_a_new_path_lies(place, home, said, path):
    assert place.resolve_new(said) == home / path


@pytest.mark.parametrize("said", ["..", "a/..", "./."])
def test_what_is_no_new_name(place, home, said):
    with pytest.raises(LlmosError, match="not a name"):
        place.resolve_new(said)


def test_a_new_path_does_not_stray_into_a_folder_of_that_name_further_down(place, home):
    (home / "work/src/deep/new").mkdir(parents=True)
    assert place.resolve_new("src/new/x") == home / "work/src/new/x"


@pytest.mark.parametrize(("said", "path"), [
    ("thesis", "Documents/thesis"), ("my papers", "Documents/My Papers"), ("downloads", "Downloads"), ("archive", "work/archive"),
    ("thesiss", "work/thesiss"), ("src", "work/src"), ("~/new", "new"), ("..", ""),
])  # fmt: skip
def test_one_that_is_there_or_else_a_new_one(place, home, said, path):
    assert place.resolve_or_new(said, folder=True) == home / path


def test_short_forms(place, home):
    assert [place.short(p) for p in (place.cwd, home, home / "work/a", home / "Music", Path("/etc"))] == [".", "~", "a", "~/Music", "/etc"]
