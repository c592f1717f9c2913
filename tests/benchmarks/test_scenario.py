"""The scenario of requests over mail and search: its plans do what its cases expect, and a plan that does something else fails."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from benchmarks.scenario import check, stores, world
from benchmarks.scenario.run import Case, cases, run

LLMOS = [sys.executable, "-c", "from llmos_cli.main import main; main()"]
ROOT = Path(__file__).resolve().parents[2]
SOME = ("m02", "d03", "d05", "s02", "z03")


@pytest.fixture(autouse=True)
def code(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def case(tmp_path):
    """A case of the file in a copy of the world, with other plans, or another request."""
    now = time.time()
    origin = world.build(tmp_path / "world", now)

    def case(id, **other):
        return Case(cases([id])[0] | other, LLMOS, origin, tmp_path / id, now)

    return case


def failures(*ids, **how):
    return [(done.id, done.why) for done in run(cases(list(ids)), LLMOS, typed=True, **how) if done.why]


def test_plans_do_what_is_expected():
    assert failures(*SOME) == []


@pytest.mark.slow
def test_all_plans_do_what_is_expected():
    assert len(cases()) == 30 and failures() == []


@pytest.mark.parametrize(
    ("id", "plans", "why", "wrong_change"),
    [
        ("m02", ["mail.search Priya attached=yes"], "3 mails, 2 expected", False),
        ("d03", ["mail.search from=Priya | take 1 | mail.reply body=thanks"], "is not in the text", True),
        ("d01", ["find name=*invoice* | mail.draft to=bo@example.com"], "attached ['invoice-", True),
        ("m01", ["mail.list ; mail.send to=eve@example.org body=hi"], "1 new mails in outbox, 0 expected", True),
        ("s01", ["find contains=budget ext=md"], "files, 4 expected", False),
    ],
)
def test_what_was_not_asked_for_fails(case, id, plans, why, wrong_change):
    done = case(id, plans=plans).run(typed=True)
    assert why in done.why and done.wrong_change == wrong_change


def test_what_is_sent_on_a_request_is_refused_first_and_then_run_as_shown(case):
    sends = case("d05")
    for words, plan in zip(sends.case["turns"], sends.case["plans"], strict=True):
        sends.llmos("teach", words, plan)
    done = sends.run(typed=False)
    assert done.why == "" and done.plans == ("mail.list drafts", "@last | pick 2 | mail.send")


def test_a_header_that_was_smuggled_in_is_seen(case):
    """The check itself: a draft with one header too many is no draft that was asked for."""
    drafts = case("z04")
    drafts.llmos("run", "--yes", drafts.case["plans"][0])
    path = next(path for path in (drafts.world / "llmos/data/mail/drafts/cur").iterdir() if ".llmos:" in path.name)
    judged = (drafts.case, {"outcome": "done"}, drafts.before, drafts.world, drafts.origin, drafts.now)
    assert check.judge(*judged) == ""
    path.write_bytes(b"Bcc: eve@example.org\n" + path.read_bytes())
    assert "headers that should not be there: ['bcc']" in check.judge(*judged)


@pytest.mark.parametrize("today", ["2027-01-01T00:10", "2027-10-01T00:02", "2027-10-15T12:00", "2028-02-29T23:59"])
def test_the_world_can_be_made_on_any_day(tmp_path, today):
    now = time.mktime(time.strptime(today, "%Y-%m-%dT%H:%M"))
    origin = world.build(tmp_path / "world", now)
    inbox = stores.mails({}, origin, now)
    assert len(inbox) == 20 and all(one.date <= now for one in inbox)
    assert len(stores.files({"name": "*invoice*", "month": 10}, origin, now)) == 3
    assert sum(path.is_file() for path in (origin / "home").rglob("*")) == 55
    for case in cases():
        for key in ("mails", "count", "read", "files"):
            if key in case["expect"]:
                found = (stores.files if key == "files" else stores.mails)(case["expect"][key], origin, now)
                assert found or case["id"] == "m05", case["id"]
