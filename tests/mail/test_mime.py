"""What is in a message: its text and its files, whoever wrote it, in bounded time and depth."""

import random
import time
from email.message import EmailMessage

import pytest

from llmos_cli.mail import mime
from llmos_cli.mail.html import as_text


def message(text="hello", html="", files=()):
    made = EmailMessage()
    made["Subject"] = "x"
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    for name, data in files:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


def names(raw):
    return [(mime.name_of(part), part.data) for part in mime.attached(mime.parts(raw))]


def test_the_plain_text_is_read_and_the_files_are_named():
    raw = message("grüße\nana", "<p>other</p>", [("grün.pdf", b"\0\1\n"), ("b.txt", b"text")])
    assert mime.text_of(mime.parts(raw)) == "grüße\nana"
    assert names(raw) == [("grün.pdf", b"\0\1\n"), ("b.txt", b"text")]


def test_html_is_read_where_there_is_no_plain_text():
    raw = message(" \n", "<h1>Hi</h1><p>a &amp; b</p>")
    assert mime.text_of(mime.parts(raw)) == "Hi\n\na & b"


def test_a_file_name_is_never_a_path():
    for said in (b"../../.ssh/authorized_keys", b"C:\\\\x\\\\authorized_keys", b"/authorized_keys"):
        raw = message(files=[("x", b"1")]).replace(b'filename="x"', b'filename="' + said + b'"')
        assert names(raw)[0][0] == "authorized_keys"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_either_line_end_will_do(newline):
    raw = message("one\ntwo", files=[("a.bin", bytes(range(256)))]).replace(b"\n", newline)
    assert mime.text_of(mime.parts(raw)) == "one\ntwo" and names(raw) == [("a.bin", bytes(range(256)))]


def test_what_says_it_has_parts_and_has_none_is_read_as_it_is():
    assert mime.text_of(mime.parts(b"Content-Type: multipart/mixed; boundary=b\n\nwords\n")) == "words"


def nested(depth):
    heads = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(depth))
    return heads + b"Content-Type: text/plain\n\ndeep\n"


def test_depth_and_number_are_bounded():
    assert mime.text_of(mime.parts(nested(mime.MAX_DEPTH - 1))) == "deep"
    assert len(mime.parts(nested(5000))) == 1
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000
    assert len(mime.parts(many)) <= mime.MAX_PARTS


@pytest.mark.parametrize(
    "raw",
    [
        nested(30) + b"x" * 10_000_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\nContent-Type: multipart/mixed; boundary=b\n\n" * 50_000,
        b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + b"=" * 3_000_000,
        b'Content-Type: multipart/mixed; boundary="-"\n\n' + b"-" * 3_000_000,
        b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
        b"Content-Type: text/html\n\n" + b"<a href='" * 100_000,
        b"Content-Type: text/html\n\n" + b"<style><!" * 100_000,
        b'Content-Type: text/plain; charset="punycode"\n\n' + b"a-" * 300_000,
    ],
    ids=range(8),
)
def test_no_message_costs_long(raw):
    start = time.process_time()
    leaves = mime.parts(raw)
    assert len(mime.text_of(leaves)) <= mime.MAX_TEXT
    for part in mime.attached(leaves):
        mime.name_of(part), part.data
    assert time.process_time() - start < 3


def mangled(rng):
    """A message with bytes changed, doubled, cut out and put elsewhere."""
    raw = bytearray(message("grüße", "<p>x <a href='http://a'>b</a>", [("grün.pdf", b"\0" * 50)]))
    for _ in range(rng.randrange(1, 12)):
        a, b = sorted(rng.randrange(len(raw)) for _ in range(2))
        b = min(b, a + 60)
        how = rng.randrange(4)
        if how == 0:
            raw[a:b] = bytes(rng.randrange(256) for _ in range(b - a))
        elif how == 1:
            raw[a:a] = raw[a:b]
        elif how == 2:
            del raw[a:b]
        else:
            raw[a:b] = rng.choice((b"=?utf-8?q?=0A?=", b"boundary=", b"\n--", b"charset=hex", b"\r", b"filename*0*=%", b"base64", b"<"))
    return bytes(raw)


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mangled_messages_are_read_without_failing(count):
    rng = random.Random(7)
    for _ in range(count):
        leaves = mime.parts(mangled(rng))
        said = mime.text_of(leaves) + "".join(mime.name_of(part) + str(len(part.data)) for part in mime.attached(leaves))
        said.encode()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one<p>two", "one\n\ntwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x<li>y</ul>", "- x\n- y"),
        ("<style>p {x: y}</style><script>evil()</script>seen<!-- not seen -->!", "seen!"),
        ('<a href="https://evil.example/x">my bank</a> ok', "my bank <https://evil.example/x> ok"),
        ('<a href="https://a.example/">https://a.example</a>', "https://a.example"),
        ('<a href="javascript:evil()">x</a>', "x"),
        ("&lt;b&gt; &#233; &nbsp;&euro;", "<b> é €"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ('<img alt="a cat">', "[a cat]"),
    ],
)
def test_html_as_text(html, text):
    assert as_text(html) == text
