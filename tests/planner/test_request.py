"""Requests are cut into the words that a plan may point at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos_cli.planner.request import read


def words(text: str) -> list[str]:
    return [unit.text for unit in read(text).words]


@pytest.mark.parametrize(("text", "expected"), [
    ("move the pdfs, please.", ["move", "the", "pdfs", "please"]),
    ("open (zip or tar.gz)", ["open", "zip", "or", "tar.gz"]),
    ("eggs,bread, tea", ["eggs", ",", "bread", "tea"]),
    ("1,000 files", ["1,000", "files"]),
    ("the studio's backup", ["the", "studio", "backup"]),
    ('a file called "my notes.txt".', ["a", "file", "called", "my", "notes.txt"]),
    (">30d old", [">", "30d", "old"]),
    ("mkv/avi in logs/*.gz", ["mkv", "/", "avi", "in", "logs", "/", "*.gz"]),
    ("projects/webapp/app.py", ["projects/webapp/app.py"]),
    ("lines 3-9", ["lines", "3", "-", "9"]),
    ("下载里的 PDF", ["下", "载", "里", "的", "PDF"]),
    (".env and *.tmp", [".env", "and", "*.tmp"]),
])  # fmt: skip
def test_words(text, expected):
    assert words(text) == expected


def test_spans_are_the_persons_own_bytes():
    request = read('rename "Año  Nuevo.TXT" to x')
    first = next(u.index for u in request.words if u.text == "Año")
    assert request.span(first, first + 1) == "Año  Nuevo.TXT"


def test_a_view_hides_digits_but_not_years():
    assert [u.view for u in read("IMG_1234.JPG from 2023 over 500mb").words] == ["img_0000.jpg", "from", "2000", "over", "000mb"]


@given(st.text(max_size=200))
def test_any_text_is_cut_in_order_and_in_bounds(text):
    request = read(text)
    ends = 0
    for unit in request.units:
        assert ends <= unit.start < unit.end <= len(text)
        assert unit.text == text[unit.start : unit.end]
        ends = unit.end
    assert [u.index for u in request.words] == list(range(1, len(request.words) + 1))
