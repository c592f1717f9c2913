import os

import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.values import Number, Table, Text


def test_lines_end_in_every_way(make, run, place):
    make("a.txt", b"one\r\ntwo\rthree\nfour\x0cstill\x85four \xe2\x80\xa8")
    assert run("read a.txt").lines == ("one", "two", "three", "four\x0cstill\udc85four \u2028")
    assert run("read a.txt").sources == (str(place.cwd / "a.txt"),)
    make("empty.txt")
    make("bom.txt", b"\xef\xbb\xbfx\n")
    assert run("read empty.txt,bom.txt").lines == ("x",)


def test_bytes_that_are_not_utf8_come_through_unharmed(make, run):
    make("latin.txt", "f\xe4llt".encode("latin-1"))
    (effect,) = run("read latin.txt | write to=copy.txt")
    assert effect.data == "f\xe4llt\n".encode("latin-1")


@pytest.mark.parametrize(("name", "says"), [
    ("folder", "folder is a folder"), ("to_folder", "to_folder is a folder"), ("binary", "not a text"), ("utf16", "not a text"), ("pipe",
    "not a text"),
])  # fmt: skip
def test_what_is_no_text(make, run, place, name, says):
    (place.cwd / "folder").mkdir()
    (place.cwd / "to_folder").symlink_to("folder")
    make("binary", b"a\0b")
    make("utf16", "hi".encode("utf-16"))
    os.mkfifo(place.cwd / "pipe")
    for tool in ("read", "csv", "json"):
        with pytest.raises(LlmosError, match=says):
            run(f"{tool} {name}")


@pytest.mark.parametrize(("text", "found"), [
    ("grep error", (1, 3, 4)), ("grep ERROR", (1,)), ("grep error case=yes", (3, 4)), ("grep ERROR case=no", (1, 3, 4)),
    ("grep error invert=yes", (2,)),
    ("grep error word=yes", (1, 3)), ("grep all at=start", (2,)), ("grep error at=end", (3,)), ('grep "e.*r$" regex=yes', (3, 4)),
    ("grep fine,errors", (2, 4)), ("grep a|b", ()),
])  # fmt: skip
def test_grep(make, run, place, text, found):
    text = text.replace("a|b", '"a|b"')
    lines = ("ERROR: disk", "all is fine", "one error", "two errors, err")
    make("x.log", "\n".join(lines))
    make("bin", b"error\0")
    path = str(place.cwd / "x.log")
    assert run(text, Text(lines)).lines == tuple(lines[n - 1] for n in found)
    assert run(f"find | {text}") == Table(("path", "line", "text"), tuple((path, n, lines[n - 1]) for n in found))


def test_a_bad_expression_is_refused(run):
    with pytest.raises(LlmosError, match="not a regular expression"):
        run("grep ( regex=yes", Text(("a",)))


def test_counts(make, run, place):
    make("a.txt", "one two\nthree\n\nvier f\u00fcnf")
    make("b.bin", b"\0")
    path = str(place.cwd / "a.txt")
    assert run("read a.txt | lines") == Number(4) == run("read a.txt | count")
    assert run("read a.txt | words") == Number(5)
    assert run("find | lines") == Table(("path", "lines"), ((path, 4),))
    assert run("find | words").rows == ((path, 5),)
    assert run("characters", Text(("ab", "\u00fc"))) == Number(5)


@pytest.mark.parametrize(("content", "columns", "rows"), [
    (b"a,b\n1,2\n", ("a", "b"), (("1", "2"),)),
    (b"a;b\n1,5;2\n", ("a", "b"), (("1,5", "2"),)),
    (b"a\tb\r\n1\t2\r\n", ("a", "b"), (("1", "2"),)),
    (b'\xef\xbb\xbf"a, x";b\n"1;2";3\n', ("a, x", "b"), (("1;2", "3"),)),
    (b'a,b\n"say ""hi""\nthere",2\n', ("a", "b"), (('say "hi"\nthere', "2"),)),
    (b"a, b\n1, 2\n", ("a", "b"), (("1", "2"),)),
    (b"a,b\n1\n1,2,3\n\n,\n", ("a", "b", "column 3"), (("1", None, None), ("1", "2", "3"))),
    (b"\n\na,\n1,2", ("a", "column 2"), (("1", "2"),)),
    (b"one\n1\n", ("one",), (("1",),)),
    (b"a,b\n", ("a", "b"), ()),
])  # fmt: skip
def test_csv(make, run, content, columns, rows):
    make("t.csv", content)
    assert run("csv t.csv") == Table(columns, rows)


def test_csv_of_several_files_and_of_text(make, run):
    make("1.csv", "a,b\n1,2\n")
    make("2.csv", "a;b\n3;4\n")
    make("3.csv", "x,y\n3,4\n")
    assert run("csv 1.csv,2.csv | sum a") == Number(4)
    assert run("csv by=colon", Text(("a:b", "1:2"))).rows == (("1", "2"),)
    with pytest.raises(LlmosError, match="different columns"):
        run("csv 1.csv,3.csv")
    with pytest.raises(LlmosError, match="one character"):
        run('csv 1.csv by="::"')
    with pytest.raises(LlmosError, match="empty"):
        run("csv", Text(("", " ")))
    with pytest.raises(LlmosError, match="cannot be read as a table"):
        run("csv", Text(("a,b", "x" * 200_000 + ",1")))


DATA = '{"server": {"port": 80, "names": ["a", "b"]}, "title": "One\\nTwo", "users": [{"id": 1}, {"id": 2}]}'


@pytest.mark.parametrize(("field", "lines"), [
    ("server.port", ("80",)), ("title", ("One", "Two")), ("server.names.1", ("b",)), ("users.id", ("[", "  1,", "  2", "]")),
])  # fmt: skip
def test_json(make, run, field, lines):
    make("d.json", "\ufeff" + DATA)
    assert run(f"json d.json field={field}").lines == lines


def test_json_laid_out(run):
    assert run("json", Text(('{"a":', '"\u00fc"}'))).lines == ("{", '  "a": "\u00fc"', "}")
    assert run("json", Text(('"\\ud800x"',))).lines == ("\ufffdx",)


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[" * 100_000, "[" * 900 + "]" * 900])
def test_what_is_no_json(run, text):
    if text == "[" * 900 + "]" * 900:
        try:
            run("json", Text((text,)))
        except LlmosError:
            return
    else:
        with pytest.raises(LlmosError, match="not JSON"):
            run("json", Text((text,)))


def test_a_field_that_is_not_there(make, run):
    make("d.json", DATA)
    with pytest.raises(LlmosError, match="no field 'prot'") as caught:
        run("json d.json field=server.prot")
    assert "port, names" in caught.value.hint
    with pytest.raises(LlmosError, match="no field '²'"):
        run("json d.json field=users.²")


def test_compare(make, run):
    make("a.txt", "same\nold\nlast")
    make("b.txt", "same\r\nnew\r\nlast\r\n")
    assert run("compare a.txt,b.txt").lines == ("--- a.txt", "+++ b.txt", "@@ -1,3 +1,3 @@", " same", "-old", "+new", " last")
    assert run("compare a.txt,b.txt show=first").lines == ("old",)
    assert run("compare a.txt,b.txt show=second").lines == ("new",)
    assert run("compare a.txt,b.txt show=common").lines == ("same", "last")
    assert run("compare a.txt,a.txt").lines == ()
    for files, says in (("a.txt", "two files are compared, not 1"), ("a.txt,.", "is a folder")):
        with pytest.raises(LlmosError, match=says):
            run(f"compare {files}")


@pytest.mark.parametrize(("text", "lines"), [
    ("upper", ("DON'T  STOP", "", "A,B")), ("lower", ("don't  stop", "", "a,b")), ("title", ("Don't  Stop", "", "A,B")),
    ("trim", ("don't  stop", "A,b")),
    ("split", ("don't", "stop", "A,b")), ("split by=comma", ("don't  stop", "", "A", "b")), ("join", (" don't  stop  A,b",)),
    ("join by=commas", (" don't  stop,,A,b",)), ("number | take 1", ("1   don't  stop",)), ("replace o new=0", (" d0n't  st0p", "", "A,b")),
])  # fmt: skip
def test_transforms(run, text, lines):
    found = run(text, Text((" don't  stop", "", "A,b"))).lines
    assert (tuple(line.strip() for line in found) if text in ("upper", "lower", "title") else found) == lines
