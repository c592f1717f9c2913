"""Which facts give a name to a place or an address, and which give none."""

import pytest

from llmos_cli.naming import folded, naming

PLACES = {
    "my papers live in ~/research": ("papers", "~/research"),
    "My Papers are in ~/research.": ("papers", "~/research"),
    "the thesis is in Documents/phd": ("thesis", "Documents/phd"),
    "that invoices are kept in /srv/money": ("invoices", "/srv/money"),
    "tax stuff lives under ~/money/tax": ("tax stuff", "~/money/tax"),
    "work means ~/clients/acme": ("work", "~/clients/acme"),
    "scratch = /tmp/scratch": ("scratch", "/tmp/scratch"),
    "photos is ~/Pictures/2026": ("photos", "~/Pictures/2026"),
    'the old ones are in "~/old things"': ("old ones", "~/old things"),
    "all my recipes can be found in ~/kitchen": ("recipes", "~/kitchen"),
    "我的论文在 ~/research": ("论文", "~/research"),
    "论文放在~/research里": ("论文", "~/research"),
    "工作是指 ~/clients": ("工作", "~/clients"),
}
ADDRESSES = {
    "ana is ana@example.org": ("ana", "ana@example.org"),
    "Ana's email is ana.b+x@mail.example.org": ("ana", "ana.b+x@mail.example.org"),
    "my boss is boss@example.com.": ("boss", "boss@example.com"),
    "bo@example.com is Bo": ("bo", "bo@example.com"),
    "bo@example.com is Bo's address": ("bo", "bo@example.com"),
    "小王的邮箱是 wang@example.cn": ("小王", "wang@example.cn"),
}
NOTHING = (
    "I like tea", "my papers are important", "ana is a friend of mine", "it is in ~/x", "he is at he@example.org", "the meeting is at 3",
    "rent is due on friday", "~/research is large", "", "is ~/x", "one two three four five live in ~/x", "我喜欢茶",
)  # fmt: skip


@pytest.mark.parametrize("fact", PLACES)
def test_a_place_is_named(fact):
    said = naming(fact)
    assert said is not None and (said.kind, said.name, said.target) == ("place", *PLACES[fact]) and said.is_path


@pytest.mark.parametrize("fact", ADDRESSES)
def test_an_address_is_named(fact):
    said = naming(fact)
    assert said is not None and (said.kind, said.name, said.target) == ("address", *ADDRESSES[fact])


@pytest.mark.parametrize("fact", NOTHING)
def test_other_facts_name_nothing(fact):
    assert naming(fact) is None


def test_a_bare_word_may_be_the_name_of_a_folder():
    said = naming("my papers live in research")
    assert said is not None and (said.name, said.target, said.is_path) == ("papers", "research", False)


def test_long_text_takes_no_long_time():
    for text in ("a " * 1000, "my " * 500 + "is in", "x is in " * 250, "/" * 2000, "a@" * 1000, "的" * 2000):
        naming(text)


def test_names_are_compared_without_what_stands_around_them():
    assert {folded(name) for name in ("papers", "My Papers", "the papers folder", " my  papers ", "“papers”", "papers.")} == {"papers"}
    assert folded("我的论文") == "论文" and folded("Café") == folded("Cafe\u0301")
