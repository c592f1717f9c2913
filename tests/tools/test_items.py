import pytest

from llmos_cli.errors import LlmosError
from llmos_cli.tools.keys import as_number, natural
from llmos_cli.values import Files, Number, Table, Text

SALES = Table(("Name", "amount", "size"), (("ann", "1,200", 5), ("Bob", "-3.5", 7), ("cy", None, 2), ("ann", "$10")))


@pytest.fixture
def files(make, place):
    for i, (name, size) in enumerate({"b10.txt": 3, "B2.txt": 1, "a.pdf": 2, "Ä.txt": 3, "none": 0}.items()):
        make(name, "x" * size, mtime=place.now - 86400 * 40 * i)
    return lambda: Files.at(str(path) for path in sorted(place.cwd.iterdir()))


@pytest.mark.parametrize(("text", "order"), [
    ("sort", "a.pdf B2.txt b10.txt none Ä.txt"),
    ("sort by=name order=desc", "Ä.txt none b10.txt B2.txt a.pdf"),
    ("sort by=size", "none B2.txt a.pdf b10.txt Ä.txt"),
    ("sort by=size order=desc | take 2", "b10.txt Ä.txt"),
    ("sort by=modified order=desc | take", "b10.txt"),
    ("sort by=ext", "none a.pdf B2.txt b10.txt Ä.txt"),
    ("sort by=length | last 2", "B2.txt b10.txt"),
    ("sort by=number", "B2.txt b10.txt a.pdf none Ä.txt"),
    ("sort | skip 3", "none Ä.txt"),
    ("sort | pick second", "B2.txt"),
    ("sort | pick 4 to=2", "B2.txt b10.txt none"),
    ("sort | pick 99", ""),
    ("sort | reverse | take 1", "Ä.txt"),
])  # fmt: skip
def test_files_in_order_and_some_of_them(files, names, text, order):
    assert names(text, files()) == order.split()


def test_files_are_unique_by_path(files, run):
    assert len(run("unique", Files((*files().items, *files().items))).items) == 5


def test_what_files_cannot_be_sorted_or_grouped_by(files, run):
    with pytest.raises(LlmosError, match="cannot be sorted by 'colour'"):
        run("sort by=colour", files())
    with pytest.raises(LlmosError, match="cannot be grouped by 'colour'"):
        run("group by=colour", files())


@pytest.mark.parametrize(("text", "lines"), [
    ("sort", "a B c"), ("sort order=desc", "c B a"), ("take 2", "c a"), ("last 1", "B"), ("unique", "c a B"), ("reverse", "B a c"),
    ("sort | pick 2 to=3", "B c"),
])  # fmt: skip
def test_lines(run, text, lines):
    assert run(text, Text(("c", "a", "B"))).lines == tuple(lines.split())


def test_lines_by_length_and_number(run):
    text = Text(("10 z", "9", "no number", "-2.5 kg"))
    assert run("sort by=number", text).lines == ("-2.5 kg", "9", "10 z", "no number")
    assert run("sort by=length", text).lines == ("9", "10 z", "-2.5 kg", "no number")


@pytest.mark.parametrize(("text", "firsts"), [
    ("sort by=amount", ["Bob", "ann", "ann", "cy"]), ("sort by=Name", ["ann", "ann", "Bob", "cy"]), ("sort by=second order=desc", ["cy",
    "ann", "ann", "Bob"]),
    ("sort by=size | take 1", ["cy"]), ("where amount over=5", ["ann", "ann"]), ("where name is=ANN", ["ann", "ann"]),
    ("where name not=ann", ["Bob", "cy"]),
    ("where size is=5.0", ["ann"]), ("where amount under=0", ["Bob"]), ("where name contains=o", ["Bob"]),
    ("where size over=1 under=6", ["ann", "cy"]),
])  # fmt: skip
def test_rows(run, text, firsts):
    assert [row[0] for row in run(text, SALES).rows] == firsts


@pytest.mark.parametrize("text", ["sort by=colour", "where colour is=red", "columns colour", "sum colour", "group by=colour"])
def test_a_column_that_is_not_there(run, text):
    with pytest.raises(LlmosError, match="no column 'colour'") as caught:
        run(text, SALES)
    assert "Name, amount, size" in caught.value.hint


def test_columns(run):
    assert run("columns amount,1", SALES).columns == ("amount", "Name")
    assert run("columns last", SALES).rows == ((5,), (7,), (2,), (None,))
    assert run("columns 2", Text(("a b c", "d"))).lines == ("b", "")
    assert run("columns first,last by=commas", Text(("a,b c,d",))).lines == ("a,d",)
    for column in ("colour", "0"):
        with pytest.raises(LlmosError, match="text has no column"):
            run(f"columns {column}", Text(("a b",)))


@pytest.mark.parametrize(("text", "number"), [
    ("count", Number(4)), ("sum amount", Number(1206.5)), ("average size", Number(14 / 3, "bytes")), ("max amount", Number(1200)),
    ("min amount", Number(-3.5)), ("sum size", Number(14, "bytes")),
])  # fmt: skip
def test_numbers_of_a_table(run, text, number):
    assert run(text, SALES) == number


def test_numbers_of_files_and_lines(files, run):
    assert run("count", files()) == Number(5)
    assert run("sum", files()) == Number(9, "bytes")
    assert run("max", files()) == Number(3, "bytes")
    assert run("sum", Text(("1", "2.5", "no", "", "-1"))) == Number(2.5)
    assert run("sum", Text(["0.1"] * 10)) == Number(1)
    assert run("count", Files(())) == Number(0) == run("sum", Text(()))


def test_nothing_has_no_average_and_two_columns_need_a_name(run):
    for text in ("average", "max", "min"):
        with pytest.raises(LlmosError, match=r"nothing|no numbers"):
            run(text, Text(("x",)))
    with pytest.raises(LlmosError, match="which column"):
        run("sum", Table(("a", "b"), ((1, 2),)))
    assert run("sum", Table(("a", "b"), (("x", 2), ("y", 3)))) == Number(5)


@pytest.mark.parametrize(("text", "rows"), [
    ("group", (("txt", 3), ("", 1), ("pdf", 1))),
    ("group by=kind", (("document", 4), ("other", 1))),
    ("group by=year", (("2026", 5),)),
    ("group by=month", (("2026-06", 1), ("2026-07", 1), ("2026-09", 1), ("2026-10", 1), ("2026-11", 1))),
    ("group by=ext sum=size", (("txt", 7), ("pdf", 2), ("", 0))),
])  # fmt: skip
def test_groups_of_files(files, run, text, rows):
    assert run(text, files()).rows == rows


def test_groups_of_rows_and_lines(files, run, place):
    assert run("group by=Name", SALES) == Table(("Name", "count"), (("ann", 2), ("Bob", 1), ("cy", 1)))
    assert run("group by=name sum=amount", SALES).rows == (("ann", 1210), ("cy", 0), ("Bob", -3.5))
    assert run("group by=size", SALES).rows == ((2, 1), (5, 1), (7, 1), (None, 1))  # a row that is too short
    assert run("group", Text(("b", "a", "b"))) == Table(("text", "count"), (("b", 2), ("a", 1)))
    assert run("group by=folder", files()) == Table(("path", "count"), ((str(place.cwd), 5),))


def test_natural_order_of_odd_names():
    assert sorted(["x²", "x10", "x2", "x", "X3"], key=natural) == ["x", "x2", "X3", "x10", "x²"]


@pytest.mark.parametrize(("cell", "value"), [
    ("1,234.50", 1234.5), ("-3", -3), ("+4", 4), ("12 EUR", 12), ("€ 5", 5), ("-$5", -5), ("50%", 50), (".5", 0.5), ("1,5", 1.5), (7, 7),
    (None, None),
    ("", None), ("n/a", None), ("five", None), ("2024-01-05", None), ("9" * 400, None), ("-", None),
])  # fmt: skip
def test_cells_that_are_numbers(cell, value):
    assert as_number(cell) == value


def test_folders_are_as_large_as_what_is_in_them(make, names):
    make("small/many/a.txt", "x" * 10)
    make("large/b.txt", "x" * 5000)
    make("c.txt", "x" * 100)
    assert names("list | sort by=size order=desc") == ["large", "c.txt", "small"]
