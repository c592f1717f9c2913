"""How each tool's step is said in plain words: one template a tool.

`{name}` is an argument's value, `{name|text}` the same with what stands for it where it is left out. `[…]` is said only where all
arguments in it are given; `[?name …]` where that flag is yes, `[!name …]` where it is no. `<a|b>` is a for a step that stands first,
b for one that takes what comes from the pipe. `{it}` is the files named, or them; `{things}` the sort of files; `{order}` what comes
first.
"""

from __future__ import annotations

PHRASES = {
    "find": "<Find|Of those, keep the> {things}[, but no {not_kind}][ ending in {ext}][, but not in {not_ext}]"
    "[ called {name}][, but not {not_name}][ in {in}][, leaving out {not_in}][, larger than {larger}][, smaller than {smaller}]"
    "[, {time|changed} {newer}][, {time|changed} {older}][, {time|changed} {during}][, at most {depth} deep]"
    "[, at least {min_depth} deep][, with a path like {path}][, with no path like {not_path}][, with {contains} inside]"
    "[, without {lacks} inside][, owned by {owner}][, with the permissions {mode}][?executable , that may be run]"
    "[!executable , that may not be run][?writable , that you may write][!writable , that you may not write][?empty , with nothing in them]"
    "[!empty , that are not empty][{hidden}][?broken , that lead nowhere][!broken , that lead somewhere][?case , capitals as said]"
    "[!case , capitals no matter][?regex , the names being regular expressions]",
    "list": "List {type|what} lies in {in|this folder}[{hidden}]",
    "tree": "Draw {in|this folder} and what lies below it[, {depth} deep]",
    "stat": "Tell all about {it}",
    "sizes": "Tell how much room {it} take, with all that is in them",
    "disks": "Tell how much room there is on the disks",
    "parents": "Take the folders that {it} lie in",
    "names": "Take the bare names of {it}[?stem , without their endings]",
    "checksum": "Work out the {algorithm|sha256} checksum of {it}",
    "duplicates": "Find those with the same contents among {it}[, that have an equal one in {of}][?extra , all but one of each set]",
    "sort": "Put them in order[ by {by}], {order}",
    "take": "Keep the first {n|one}",
    "skip": "Leave out the first {n|one}",
    "last": "Keep the last {n|one}",
    "pick": "Keep number {from}[ to {to}]",
    "unique": "Keep each only once",
    "reverse": "Turn the order round",
    "count": "Count them",
    "sum": "Add up {column|their sizes or numbers}",
    "average": "Take the average of {column|their sizes or numbers}",
    "max": "Take the greatest of {column|their sizes or numbers}",
    "min": "Take the smallest of {column|their sizes or numbers}",
    "group": "Put them in groups[ by {by}] and <|>{sum|count each}",
    "columns": "Keep only the column {which}[, columns being parted by {by}]",
    "where": "Keep the rows where {column}[ is {is}][ is not {not}][ is over {over}][ is under {under}][ has {contains} in it]",
    "copy": "Copy {it}[ into {into}][ to {to}][?overwrite , replacing what is there]",
    "move": "Move {it}[ into {into}][ to {to}][?overwrite , replacing what is there]",
    "rename": "Rename {it}[ to {to}][, giving them the ending {ext}][, with {old} taken out of the names][, with {new} put in its place]"
    "[, with {prefix} before the names][, with {suffix} after the names][, in {case}][?number , numbered in order]",
    "delete": "Delete {it}[?forever  for ever: this cannot be undone]",
    "mkdir": "Make the folder {path}",
    "touch": "Make the empty file {path}",
    "link": "Make links to {it}[ in {into}][ called {to}][?hard , as second names of the same files]",
    "mode": "Set the permissions of {it} to {set}",
    "owner": "Give {it} to[ the user {user}][ the group {group}]",
    "organize": "Sort {it} into folders by {by}[ in {into}]",
    "write": "Write {text|what comes from the step before} into the file {to}[?overwrite , replacing what is there]",
    "append": "Put {text|what comes from the step before} at the end of {to}",
    "prepend": "Put {text|what comes from the step before} at the start of {to}",
    "clear": "Empty {it}: the files stay, with nothing in them",
    "replace": "In {it}, replace {old} by {new|nothing}[?regex , as a regular expression]",
    "remove_lines": "Take out of {it}[ the lines with {contains}][?blank  the empty lines]",
    "pack": "Pack {it} into an archive[ called {to}][ in {into}][ of the format {format}][?flat , with no folders inside]",
    "unpack": "Unpack {it}[ into {into}]",
    "read": "Read {it}",
    "grep": "<Find the lines in {it}|Keep the lines> that [?invert do not ]have {pattern}[?word , as a whole word]"
    "[?case , capitals as said][!case , capitals no matter][, {at}][?regex , as a regular expression]",
    "lines": "Count the lines of {it}",
    "words": "Count the words of {it}",
    "characters": "Count the letters and signs of {it}",
    "csv": "Read {it} as a table[, columns being parted by {by}]",
    "json": "Lay out {it} as JSON[, only {field}]",
    "compare": "Compare {it}[, showing {show}]",
    "upper": "Write it in capitals",
    "lower": "Write it in small letters",
    "title": "Write Each Word With a Capital",
    "trim": "Take away spaces at the ends of lines, and empty lines",
    "split": "Put each part on a line of its own[, cut at {by}]",
    "join": "Put all lines in one[, with {by} between them]",
    "number": "Put numbers before the lines",
    "search": "Search your files for {words}[, in {in}][, ending in {ext}][, of the sort {kind}][, changed {newer}][, changed {older}]",
    "mail.list": "List the mails in {in|the inbox}[?unread  that are not read yet][!unread  that are read]",
    "mail.search": "Search the mails[ in {in}][ for {words}][, from {from}][, to {to}][, about {subject}][, sent {newer}][, sent {older}]"
    "[, sent {during}][?unread , not read yet][!unread , read already][?attached , with files on them][!attached , without files on them]",
    "mail.read": "Read <the newest mail|them>",
    "mail.draft": "Write a draft of a mail[ to {to}][, with copies to {cc}][, about {subject}][, saying {body}][, with {attach} attached]"
    "<|, from what comes before>",
    "mail.reply": "Write a draft that answers <the newest mail|them>[, saying {body}][?all , to everyone who got it]",
    "mail.attach": "Attach {it} to the newest draft",
    "mail.send": "Put a mail into the outbox[ to {to}][, with copies to {cc}][, about {subject}][, saying {body}][, with {attach} attached]"
    "<|, from what comes before>",
    "remember": "Keep in mind: {text}",
    "recall": "Look through what was kept[ for {text}]",
    "@last": "Take what was shown last",
    "again": "Do the last plan once more",
    "clarify": "Ask you what is missing",
    "escalate": "Leave it to a larger model",
}
WORDS = {
    "type": {"file": "files", "folder": "folders", "link": "links", "any": "files and folders"},
    "hidden": {"yes": ", hidden ones too", "no": ", no hidden ones", "only": ", only hidden ones"},
    "time": {"modified": "changed", "accessed": "opened", "created": "made"},
    "kind": {
        "image": "pictures", "audio": "sounds", "video": "films", "document": "documents", "archive": "archives", "code": "programs",
        "text": "texts", "data": "data files",
    },
    "case": {"lower": "small letters", "upper": "capitals", "title": "Capitals Like These"},
    "at": {"start": "at the start of the line", "end": "at its end"},
    "show": {"diff": "what differs", "first": "what only the first has", "second": "what only the second has", "common": "what both have"},
}  # fmt: skip
ORDERS = {  # what comes first: upwards, downwards
    "size": ("smallest", "biggest"),
    "modified": ("oldest", "newest"),
    "created": ("oldest", "newest"),
    "accessed": ("oldest", "newest"),
    "name": ("A", "Z"),
    "ext": ("A", "Z"),
    "path": ("A", "Z"),
    "text": ("A", "Z"),
    "length": ("shortest", "longest"),
}
