"""All tools, each listed once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llmos_cli.tool import Tool
from llmos_cli.tools import change, edit, facts, find, items, language, mail, memory, read, search, talk

ALL: tuple[Tool, ...] = (
    find.find, find.list_, facts.tree, facts.stat, facts.sizes, facts.disks, facts.parents, facts.names, facts.checksum, facts.duplicates,
    items.sort, items.take, items.skip, items.last, items.pick, items.unique, items.reverse, items.count, items.sum_, items.average,
    items.max_, items.min_, items.group, items.columns, items.where,
    change.copy, change.move, change.rename, change.delete, change.mkdir, change.touch, change.link, change.mode, change.owner,
    change.organize, edit.write, edit.append, edit.prepend, edit.clear, edit.replace, edit.remove_lines, edit.pack, edit.unpack,
    read.read, read.grep, read.lines, read.words, read.characters, read.csv, read.json, read.compare, read.upper, read.lower, read.title,
    read.trim, read.split, read.join, read.number,
    search.search,
    mail.list_, mail.search, mail.read, mail.draft, mail.reply, mail.attach, mail.send,
    memory.remember, memory.recall,
    language.summarize, language.translate, language.rewrite, language.answer, language.code, language.extract, language.classify,
    talk.last_result, talk.again, talk.clarify, talk.escalate,
)  # fmt: skip
TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in ALL})
