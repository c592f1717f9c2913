import itertools
import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.tools.content import containing, ripgrep
from llmos_cli.tools.find import find, names_matcher, walk
from llmos_cli.values import Entry, Files


@pytest.fixture
def tree(make, place):
    day = 86400
    make("a.txt", "alpha\n", mtime=place.now - 2 * day)
    make("B.TXT", "Beta\n" * 1000, mtime=place.now - 10 * day)
    make("report.pdf", b"%PDF\0" + b"x" * 3000, mtime=place.now - 40 * day)
    make("docs/report final.docx", "draft", mtime=place.now - day / 2)
    make("docs/deep/notes.md", "todo: alpha", mtime=place.now - 400 * day)
    make("docs/deep/photo.jpeg", b"\xff\xd8\0", mtime=place.now)
    make("node_modules/pkg/index.js", "alpha")
    make(".hidden/secret.txt", "alpha")
    make(".profile", "")
    make("backup.tar.gz", b"\x1f\x8b\0")
    make("old.tgz", b"\x1f\x8b\0")
    make("run.sh", "#!/bin/sh\n", mode=0o755)
    (place.cwd / "void").mkdir()
    (place.cwd / "loop").symlink_to(".")
    (place.cwd / "gone").symlink_to("nowhere")
    (place.cwd / "to a").symlink_to("a.txt")
    return place.cwd


@pytest.mark.parametrize(("text", "found"), [
    ("find a.txt", "a.txt"),
    ("find name=*.txt", ".hidden/secret.txt a.txt B.TXT"),
    ("find name=*.txt case=yes", ".hidden/secret.txt a.txt"),
    ("find name=*report*", "docs/report_final.docx report.pdf"),
    ("find name=a.txt,run.*", "a.txt run.sh"),
    ("find name=*.txt not_name=a*", ".hidden/secret.txt B.TXT"),
    ('find regex=yes name="^[ar].*\\\\.(txt|sh)$"', "a.txt run.sh"),
    ("find ext=txt hidden=no", "a.txt B.TXT"),
    ("find hidden=only", ".profile"),
    ("find ext=tar.gz", "backup.tar.gz old.tgz"),
    ("find ext=jpg,pdf", "docs/deep/photo.jpeg report.pdf"),
    ("find ext=word", "docs/report_final.docx"),
    ("find in=docs not_ext=jpg", "docs/deep/notes.md docs/report_final.docx"),
    ("find kind=image", "docs/deep/photo.jpeg"),
    ("find kind=archive,code", "backup.tar.gz node_modules/pkg/index.js old.tgz run.sh"),
    ("find in=docs not_kind=image", "docs/deep/notes.md docs/report_final.docx"),
    ("find larger=2KB", "B.TXT report.pdf"),
    ("find larger=2KB smaller=4KB", "report.pdf"),
    ("find newer=1d in=docs", "docs/deep/photo.jpeg docs/report_final.docx"),
    ("find older=1y", "docs/deep/notes.md"),
    ("find older=30d newer=60d", "report.pdf"),
    ("find newer=a.txt in=docs", "docs/deep/photo.jpeg docs/report_final.docx"),
    ("find during=today in=docs", "docs/deep/photo.jpeg docs/report_final.docx"),
    ("find in=docs depth=1", "docs/report_final.docx"),
    ("find in=docs min_depth=2", "docs/deep/notes.md docs/deep/photo.jpeg"),
    ("find path=docs/*/*.md", "docs/deep/notes.md"),
    ("find ext=txt,md,js not_path=*/node_modules/* hidden=no", "a.txt B.TXT docs/deep/notes.md"),
    ("find ext=js", "node_modules/pkg/index.js"),
    ("find ext=js not_in=node_modules", ""),
    ("find ext=md,docx not_in=docs/deep", "docs/report_final.docx"),
    ("find contains=alpha", ".hidden/secret.txt a.txt docs/deep/notes.md node_modules/pkg/index.js"),
    ("find contains=beta", "B.TXT"),
    ("find contains=BETA", ""),
    ("find contains=draft,Beta", "B.TXT docs/report_final.docx"),
    ("find ext=txt lacks=alpha", "B.TXT"),
    ("find contains=alpha | find contains=todo", "docs/deep/notes.md"),
    ("find mode=755", "run.sh"),
    ("find executable=yes", "run.sh"),
    ("find in=docs executable=no ext=md", "docs/deep/notes.md"),
    ("find empty=yes", ".profile"),
    ("find empty=yes type=folder", "void"),
    ("find type=folder hidden=no", "docs docs/deep node_modules node_modules/pkg void"),
    ("find type=folder hidden=no not_in=node_modules", "docs docs/deep void"),
    ("find type=link", "gone loop to_a"),
    ("find broken=yes", "gone"),
    ("find in=docs,docs/deep ext=md", "docs/deep/notes.md"),
    ("find in=docs/deep,docs ext=md,docx", "docs/deep/notes.md docs/report_final.docx"),
    ("find ext=txt | find larger=2KB", "B.TXT"),
    ("find | find in=docs ext=md", "docs/deep/notes.md"),
    ("find | find depth=1 ext=txt", "a.txt B.TXT"),
    ("find | find not_in=node_modules ext=js", ""),
    ("find type=any | find type=folder hidden=no not_in=docs", "node_modules node_modules/pkg void"),
    ("list type=folder", ".hidden docs node_modules void"),
    ("list docs", "docs/deep docs/report_final.docx"),
    ("list hidden=only", ".hidden .profile"),
    ("list loop/docs hidden=no", "loop/docs/deep loop/docs/report_final.docx"),
])  # fmt: skip
def test_what_is_found(tree, names, text, found):
    assert sorted(name.replace(" ", "_") for name in names(text)) == sorted(found.split())


def test_the_order_is_the_same_each_time_parents_before_children(tree, names):
    assert names("find in=docs type=any") == ["docs/deep", "docs/report final.docx", "docs/deep/notes.md", "docs/deep/photo.jpeg"]


def test_a_folder_to_leave_out_counts_only_below_where_is_looked(make, place, names):
    make("tmp/x/a.log")
    make("tmp/x/tmp/b.log")
    assert names("find in=tmp/x not_in=tmp") == ["tmp/x/a.log"]


def test_known_folders_can_be_left_out(place, make):
    (place.home / "Downloads").mkdir()
    (place.home / "Downloads/a.pdf").touch()
    make("b.pdf")
    found = find.run(given=None, place=place, in_=(place.home,), not_in=("downloads",))
    assert [e.name for e in found.items] == ["b.pdf"]


@pytest.mark.parametrize(("text", "says"), [
    ("find in=a.txt", "a.txt is not a folder"),
    ("find in=nowhere-at-all", "no folder 'nowhere-at-all'"),
    ("list a.txt", "a.txt is not a folder"),
    ("find regex=yes name=[", "not a regular expression"),
    ("find owner=nobody-like-this", "no user 'nobody-like-this'"),
    ('find newer="no such thing"', "should be a date"),
])  # fmt: skip
def test_what_cannot_be_is_refused(tree, run, text, says):
    with pytest.raises(LlmosError, match=says):
        run(text)


def test_owners(tree, names):
    assert names("find ext=pdf owner=me") == ["report.pdf"]
    assert names(f"find ext=pdf owner={os.getuid()}") == ["report.pdf"]
    assert names(f"find ext=pdf owner={os.getuid() + 1}") == []


def test_names_with_brackets_newlines_and_bytes_that_are_not_utf8(place, make, names):
    odd = ["[1].txt", "a\nb.txt", os.fsdecode(b"caf\xe9.txt"), "-rf.txt", "*.txt", "re\u0301sume\u0301.txt"]
    for name in odd:
        make(name)
    assert sorted(names("find ext=txt")) == sorted(odd)
    assert names("find name=[1].txt") == ["[1].txt"]
    assert names("find name=r\u00e9s*") == ["re\u0301sume\u0301.txt"]
    assert names('find "a\\nb*"') == ["a\nb.txt"]


def test_what_goes_away_meanwhile_is_passed_over(place, make):
    for i in range(5):
        make(f"{i}.txt", "x" * i)
    found = iter(find.run(given=None, place=place, larger=0).items)
    first = next(found)
    (place.cwd / "3.txt").unlink()
    assert [first.name, *(e.name for e in found)] == ["1.txt", "2.txt", "4.txt"]


@pytest.fixture
def nobody():
    """Not being root for a while."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield
    os.seteuid(was)


@pytest.fixture
def open_folder():
    """One that everybody may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    for name in ("open", "shut"):
        (folder / name).mkdir()
        (folder / name / "a.txt").touch()
    (folder / "shut").chmod(0)
    yield folder
    (folder / "shut").chmod(0o755)
    shutil.rmtree(folder)


def test_an_unreadable_folder_is_passed_over(open_folder, nobody):
    assert [os.path.relpath(e.path, open_folder) for e in walk(str(open_folder), "file")] == ["open/a.txt"]


def test_streams(make, place):
    for i in range(50):
        make(f"{i:02}/x.txt")
    found = find.run(given=None, place=place)
    assert not isinstance(found.items, tuple)
    assert len(list(itertools.islice(found.items, 3))) == 3


def test_walk_follows_the_link_that_it_starts_from(tree):
    assert {e.name for e in walk(str(tree / "loop"), "file", depth=1)} >= {"a.txt", "run.sh"}


# ---- contents ------------------------------------------------------------------------------------


ODD = {
    "plain.txt": b"the needle is here\n", "no-end.txt": b"first\nneedle", "crlf.txt": b"a\r\nneedle\r\nb\r\n", "cr.txt": b"a\rneedle\rb",
    "latin1.txt": "die Nadel f\xe4llt, needle".encode("latin-1"), "utf16.txt": "needle".encode("utf-16"),
    "bom.txt": b"\xef\xbb\xbfneedle\n",
    "utf16cjk.txt": b"\xff\xfe" + "\u4e2d\u6587".encode("utf-16-le") + b"needle", "binary.bin": b"needle\0needle",
    "late-nul.txt": b"x" * 9000 + b"\0 needle", "long.txt": b"x" * 3_000_000 + b"needle" + b"y" * 100_000, "upper.txt": b"NEEDLE\n",
    "mixed.txt": b"Needle\n", "none.txt": b"nothing of the kind\n", "empty.txt": b"", "umlaut.txt": "\xdcBER die Nadel\n".encode(),
    "split.txt": b"nee\ndle\n", "broken.txt": b"need\xffle needle\xff", "kelvin.txt": "\u212aelvin needles\n".encode(), "-dash": b"needle",
    "new\nline.txt": b"needle", os.fsdecode(b"caf\xe9"): b"needle", "regex.txt": b"n..dle a+b (x) [y] $1\n", "tabs.txt": b"a\tneedle\tb",
}  # fmt: skip
WANTED = [("needle",), ("Needle",), ("NEEDLE",), ("n..dle",), ("a+b",), ("(x)", "[y]"), ("\xfcber",), ("\xdcBER",), ("needle",
"nothing"), ("$1",),
          ("kelvin",), ("\tneedle",), ("-dash",), ("",), ("zzz",), ("le n",)]  # fmt: skip


@pytest.fixture
def odd_files(make):
    rng = random.Random(5)
    for name, content in ODD.items():
        make(f"odd/{name}", content)
    for i in range(30):  # ripgrep is asked only where there are many
        make(f"odd/{i}.txt", bytes(rng.choice(b"nedl \n\rNEDL") for _ in range(400)))
    make("odd/.hidden", b"needle")
    make("odd/.ignore", b"*.txt\n")


def test_what_holds_a_text(odd_files, place):
    found = {e.name for e in containing([Entry(str(place.cwd / "odd" / name)) for name in ODD], ("Needle",), (), place)}
    assert found == {"mixed.txt"}
    found = {e.name for e in containing([Entry(str(place.cwd / "odd" / name)) for name in ODD], ("needle",), (), place)}
    assert found == ODD.keys() - {
        "utf16.txt",
        "utf16cjk.txt",
        "binary.bin",
        "none.txt",
        "empty.txt",
        "umlaut.txt",
        "split.txt",
        "regex.txt",
    }


@pytest.mark.skipif(not shutil.which("rg"), reason="ripgrep is not installed")
@pytest.mark.parametrize("texts", WANTED, ids=repr)
def test_ripgrep_and_our_own_reading_agree(odd_files, place, monkeypatch, texts):
    entries = list(walk(str(place.cwd / "odd"), "file"))
    with_rg = [e.name for e in containing(entries, texts, (), place)]
    lacking_rg = [e.name for e in containing(entries, (), texts, place)]
    monkeypatch.setenv("PATH", "/nowhere")
    assert with_rg == [e.name for e in containing(entries, texts, (), place)]
    assert lacking_rg == [e.name for e in containing(entries, (), texts, place)]
    assert (len(with_rg) > 0) == (texts not in [("zzz",), ("-dash",)])


def test_where_ripgrep_cannot_be_run_we_read_ourselves(place):
    assert ripgrep("/no/such/rg", [str(place.cwd)], ("a",), True) is None


def test_pipes_and_folders_are_not_read(place, make):
    os.mkfifo(place.cwd / "pipe")
    make("a.txt", "x")
    entries = [Entry(str(place.cwd / name)) for name in ("pipe", "a.txt", "gone", ".")]
    assert [e.name for e in containing(entries, ("x",), (), place)] == ["a.txt"]
    assert Files(tuple(entries)).held()


def test_names_with_stars_are_matched_as_people_speak_of_them():
    assert names_matcher(("*site report*",), False)("2026_Site_Report.pdf")
    assert names_matcher(("*_old",), False)("budget_old.xls") and names_matcher(("*_old",), False)("budget_old")
    assert not names_matcher(("*_old",), False)("budget_older.xls")
    assert not names_matcher(("site report.pdf",), False)("site_report.pdf")
    assert not names_matcher(("*.tx",), False)("a.txt")
