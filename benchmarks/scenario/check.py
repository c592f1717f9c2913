"""Whether what happened is what a case asks for: the answer, the mailboxes and the home folder, each against what the stores say.

What a case does not speak of must be as it was: mail that nobody asked for, and files that changed, are failures.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from benchmarks.scenario import stores
from benchmarks.scenario.stores import Mail, Spec, State

# what a mail of ours may have; each at most once
HEADERS = set("from to cc subject date message-id in-reply-to references mime-version content-type content-transfer-encoding".split())
Answer = dict[str, Any]


def judge(case: Spec, answer: Answer, before: State, world: Path, origin: Path, now: float) -> str:
    """The reason why a case fails, '' where it passes. `origin` is the world as it was, `before` what was in it."""
    if answer.get("outcome") != "done":
        return f"outcome {answer.get('outcome')!r}"
    try:
        return _answer(case["expect"], answer.get("result") or {}, origin, now) or changes(case["expect"], before, world, origin, now)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return f"the answer is not of the documented form: {error!r}"


# ---- the answer ---------------------------------------------------------------------------------------------


def _answer(expect: Spec, result: Answer, origin: Path, now: float) -> str:
    if "mails" in expect:
        return _mails(stores.mails(expect["mails"], origin, now), result)
    if "count" in expect:
        wanted = len(stores.mails(expect["count"], origin, now))
        return "" if result.get("value") == wanted else f"number {result.get('value')}, expected {wanted}"
    if "senders" in expect:
        return _senders(stores.mails(expect["senders"], origin, now), result)
    if "read" in expect:
        return _read(expect["read"], result.get("text") or "", origin, now)
    if "files" in expect:
        home, wanted = origin / "home", set(stores.files(expect["files"], origin, now))
        found = {_from_home(item["path"], home) for item in result.get("items", [])}
        return "" if found == wanted else f"{len(found)} files, {len(wanted)} expected; differs: {sorted(found ^ wanted)[:3]}"
    if "says" in expect:
        told = "\n".join(str(cell) for row in result.get("rows", []) for cell in row)
        return "" if expect["says"] in told else f"{expect['says']!r} is not in the answer"
    return ""


def _mails(wanted: list[Mail], result: Answer) -> str:
    """The rows are these messages, in this order, each with the sender, subject, date, mark and files that it has."""
    columns = result.get("columns", [])
    if "subject" not in columns:
        return f"a {result.get('kind')}, and no mails"
    rows = [dict(zip(columns, row, strict=True)) for row in result["rows"]]
    if (found := [row["subject"] for row in rows]) != [one.subject for one in wanted]:
        return f"{len(rows)} mails, {len(wanted)} expected: {found[:3]}"
    for row, one in zip(rows, wanted, strict=True):
        told = (
            _address(row["from"]), row["date"], row["unread"],
            [name for name in row["attachments"].split(", ") if name],
        )  # fmt: skip
        date = datetime.fromtimestamp(one.date, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if told != (true := (one.sender, date, "yes" if one.unread else "no", [name for name, _ in one.files])):
            return f"{one.subject!r} is shown as {told}, and is {true}"
    return ""


def _senders(wanted: list[Mail], result: Answer) -> str:
    counts: dict[str, int] = {}
    for one in wanted:
        counts[one.sender] = counts.get(one.sender, 0) + 1
    found = {_address(str(row[0])): row[-1] for row in result.get("rows", [])}
    return "" if found == counts else f"counts differ: {sorted(set(found.items()) ^ set(counts.items()))[:3]}"


def _address(shown: str) -> str:
    """`ana@example.org` of `Ana Ruiz <ana@example.org>`; whatever the name is, the address stands last."""
    return shown.rpartition("<")[2].removesuffix(">").lower()


def _read(spec: Spec, text: str, origin: Path, now: float) -> str:
    """Every line of these messages is there, with who wrote them and what about; of the others in the box none."""
    wanted = stores.mails(spec, origin, now)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for one in wanted:
        for told in (one.sender, one.subject):
            if not any(told in line.lower() or told in line for line in lines):
                return f"{told!r} is not in the text"
        for line in filter(None, (" ".join(line.split()) for line in one.text.splitlines())):
            if not any(line in other for other in lines):
                return f"{line!r} is not in the text"
    others = stores.mails({"box": spec.get("box", "inbox")}, origin, now)
    strange = [one.first_line for one in others if one not in wanted and one.first_line and one.first_line in lines]
    return f"it also has {strange[0]!r}" if strange else ""


def _from_home(path: str, home: Path) -> str:
    """From the home folder; where that is, is each run's own."""
    parts = PurePath(path).parts
    return str(PurePath(*parts[parts.index(home.name) + 1 :])) if home.name in parts else path


# ---- what was changed ---------------------------------------------------------------------------------------


def changes(expect: Spec, before: State, world: Path, origin: Path, now: float) -> str:
    """Why the world is not as it should be now, '' where it is."""
    after = stores.state(world)
    tree = dict(before.tree)
    if "copied" in expect:
        into = expect["copied"]["into"]
        sources = stores.files(expect["copied"]["files"], origin, now)
        tree |= {into: "", **{f"{into}/{PurePath(source).name}": before.tree[source] for source in sources}}
    if after.tree != tree:
        wrong = sorted(path for path in tree.keys() | after.tree.keys() if tree.get(path) != after.tree.get(path))
        return f"the files differ at {wrong[:3]}"
    gone = {one.id for one in stores.mails(expect["gone"], origin, now)} if "gone" in expect else set()
    for name in stores.OWN:
        old = {one.id: (one.raw, one.unread) for one in before.boxes[name] if not (name == "drafts" and one.id in gone)}
        new = [one for one in after.boxes[name] if one.id not in old]
        if {one.id: (one.raw, one.unread) for one in after.boxes[name] if one.id in old} != old:
            return f"mail in {name} is gone or changed"
        specs = expect.get(name, [])
        if len(new) != len(specs):
            return f"{len(new)} new mails in {name}, {len(specs)} expected"
        for one, spec in zip(new, specs, strict=True):
            if why := _made(one, spec, before, origin, now):
                return f"in {name}: {why}"
    return ""


def _made(one: Mail, spec: Spec, before: State, origin: Path, now: float) -> str:
    """Why a new message is not the one that was asked for."""
    strange = [name for name in one.names if one.names.count(name) > 1 or name not in HEADERS]
    if strange:
        return f"headers that should not be there: {strange[:3]}"
    if "same" in spec:
        (same,) = stores.mails(spec["same"], origin, now)
        return (
            ""
            if (one.to, one.cc, one.subject, one.text, one.files) == (same.to, same.cc, same.subject, same.text, same.files)
            else "changed"
        )
    for label, found, wanted in (("to", one.to, spec.get("to", [])), ("cc", one.cc, spec.get("cc", []))):
        if set(found) != set(wanted):
            return f"{label} {sorted(found)}, expected {sorted(wanted)}"
    if "subject" in spec and one.subject != spec["subject"]:
        return f"subject {one.subject!r}"
    if spec.get("about", "").lower() not in one.subject.lower():
        return f"subject {one.subject!r} is not about {spec['about']}"
    text = " ".join(one.text.split()).lower()
    for phrase in spec.get("body", []):
        if phrase.lower() not in text:
            return f"{phrase!r} is not in the text {text[:60]!r}"
    paths = stores.files(spec["attached"], origin, now) if "attached" in spec else []
    wanted_files = sorted((PurePath(path).name, before.tree[path]) for path in paths)
    if sorted(one.files) != wanted_files:
        return f"attached {[name for name, _ in one.files]}, expected {[name for name, _ in wanted_files]}"
    return _answers(one, stores.mails(spec["answers"], origin, now)[0]) if "answers" in spec else ""


def _answers(one: Mail, asked: Mail) -> str:
    """Why a message is no answer to the other: it names it, takes over its subject, and quotes it."""
    if one.answers != asked.id:
        return f"it answers {one.answers!r}, and should {asked.id!r}"
    if one.subject.removeprefix("Re: ") != asked.subject.removeprefix("Re: "):
        return f"subject {one.subject!r}"
    return "" if f"> {stores.clean(asked.first_line)[:20]}" in stores.clean(one.text) else "it does not quote what it answers"
