"""Headers as they come from anyone: decoded, on one line, and people that no encoded word can add to."""

import time

import pytest

from llmos_cli.mail import headers as head


def test_folded_and_repeated_headers_are_read_in_order():
    found = head.parse(b"Received: one\r\n\ttwo\r\nRECEIVED: three\r\nno header\r\nX: y\r\n")
    assert found == {"received": ("one\ttwo", "three"), "x": ("y",)}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?gr=C3=BC=C3=9Fe?=", "grüße"),
        ("=?UTF-8?B?5L2g5aW9?= =?utf-8?b?77yB?=", "你好！"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?iso-8859-1?q?caf=E9?= and more", "café and more"),
        ("=?utf-8?b?%%%?=", "=?utf-8?b?%%%?="),
        ("=?x-nobody-knows?q?caf=C3=A9?=", "café"),
        ("=?hex?q?4142?=", "4142"),
        ("=?utf-8?q?a=0D=0ABcc:_evil=40x?=", "a Bcc: evil@x"),
        ("a\x1b[2Jb\x00c\u2028d", "a [2Jb c d"),
        ("=?utf-8?q?unfinished", "=?utf-8?q?unfinished"),
    ],
)
def test_values_are_decoded_on_one_line_without_controls(value, said):
    assert head.text(value) == said


@pytest.mark.parametrize(
    ("value", "people"),
    [
        ("ana@example.org", [("", "ana@example.org")]),
        ('Ana <ana@x.org>, "Ruiz, Bo" <bo@x.org>', [("Ana", "ana@x.org"), ("Ruiz, Bo", "bo@x.org")]),
        ("ana@x.org (Ana, who writes)", [("", "ana@x.org")]),
        ("friends: ana@x.org, bo@x.org;", [("", "ana@x.org"), ("", "bo@x.org")]),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?Ana=2C_evil=40x=2Eorg=2C?= <ana@x.org>", [("Ana, evil@x.org,", "ana@x.org")]),
        ("=?utf-8?q?=3Cevil=40x=2Eorg=3E?= <ana@x.org>", [("<evil@x.org>", "ana@x.org")]),
        (r'"a \" <evil@x.org>, b" <ana@x.org>', [('a " <evil@x.org>, b', "ana@x.org")]),
        ("Ana Ruiz", [("Ana Ruiz", "")]),
        ("", []),
    ],
)
def test_people_are_told_apart_before_their_names_are_decoded(value, people):
    assert list(head.people((value,))) == people


def test_dates_and_ids_of_any_sort():
    assert head.moment("Mon, 23 Nov 2026 12:00:00 +0100") == 1795431600
    for wrong in ("", "yesterday", "1 " * 50, "Mon, 99 Foo 99999999999 99:99:99 +9999", "0 Jan 0"):
        head.moment(wrong)
    assert head.ids(("<a@x> <b@x>\n <c d>", "<e@x>")) == ("<a@x>", "<b@x>", "<e@x>")


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename=a.pdf; size=3", "a.pdf"),
        ("attachment; filename*=utf-8''gr%C3%BC%C3%9Fe.pdf", "grüße.pdf"),
        ('attachment; filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        ("attachment; filename*0*=utf-8''gr%C3; filename*1*=%BC.pdf", "grü.pdf"),
        ('attachment; filename="=?utf-8?q?gr=C3=BC?=.pdf"', "grü.pdf"),
        ("attachment; filename*=nobody''a%0Ab.pdf", "a b.pdf"),
        (f"attachment; filename*{'9' * 5000}*=x", ""),
    ],
)
def test_names_of_files(value, name):
    assert head.parameter(value, "filename") == name


@pytest.mark.parametrize("piece", ["=?utf-8?q?x?= ", "=?", "(", "<", '"', "\\", ",", ":", ';x="', "; filename*0*=a", "=?a?q?"])
def test_no_header_costs_long(piece):
    start = time.process_time()
    for _, values in head.parse(b"To: " + piece.encode() * 60_000).items():
        head.people(values), head.text(values[0]), head.parameter(values[0], "filename"), head.ids(values)
    assert time.process_time() - start < 1
