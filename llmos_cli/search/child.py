"""The process that reads documents: `python -m llmos_cli.search.child`. Whatever a file does to it, only that file is lost.

It has few rights: it can write no file, start no process, and use no more than `MEMORY` and, for each file, `CPU_SECONDS`. Not covered:
it can read what the person can read, and nothing but its limits keeps it from the network.

On its input and output stand frames: four bytes of length, then that many. It takes a path and gives JSON: `state` is one of `STATES`, and
then `title` and `text` are as they are kept, or `why` says what is wrong.
"""

from __future__ import annotations

import json
import math
import os
import resource
import stat as statmodule
import struct
import sys
from typing import BinaryIO

from llmos_cli.search import terms
from llmos_cli.search.text import Document, html_file, plain_file

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 20
MAX_DOCUMENT = 100 * 1024 * 1024
LENGTH = struct.Struct(">I")
# by lines, as text without them, by its name alone; it is no longer there, it cannot be read
STATES = ("lines", "text", "name", "gone", "unreadable")


def main() -> None:
    _limit()
    takes, gives = sys.stdin.buffer, sys.stdout.buffer
    answer: dict[str, str] = {"state": "ready"}
    while True:
        data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
        gives.write(LENGTH.pack(len(data)) + data)
        gives.flush()
        head = takes.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return
        path = takes.read(LENGTH.unpack(head)[0])
        _renew()
        answer = read(path)


def read(path: bytes) -> dict[str, str]:
    """What is to be kept of the file at `path`."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY)
        with os.fdopen(handle, "rb") as file:
            if not statmodule.S_ISREG(os.fstat(handle).st_mode):
                return {"state": "gone"}
            document = _document(file, terms.ending(os.fsdecode(path)), os.fstat(handle).st_size)
    except FileNotFoundError:
        return {"state": "gone"}
    except MemoryError:
        return {"state": "unreadable", "why": "it needs too much memory"}
    except Exception as error:  # a document is foreign data, and its reader may fail in any way
        return {"state": "unreadable", "why": f"{type(error).__name__}: {error}"[:300]}
    if document is None:
        return {"state": "name"}
    title, text = (terms.spaced(terms.plain(part)) for part in (document.title, document.text))
    return {"state": "lines" if document.lined else "text", "title": title, "text": text}


def _document(file: BinaryIO, ext: str, size: int) -> Document | None:
    from llmos_cli.search import documents

    if ext in ("html", "htm", "xhtml"):
        return html_file(file)
    if ext != "pdf" and ext not in documents.ZIPPED:
        return plain_file(file, ext)
    if size > MAX_DOCUMENT:
        return None
    return documents.pdf_file(file) if ext == "pdf" else documents.zipped_file(file, ext)


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_NPROC, 0),
    ):  # fmt: skip
        try:
            hard = resource.getrlimit(what)[1]
            resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
        except (ValueError, OSError):  # a system that has no such limit
            continue


def _renew() -> None:
    """From now on `CPU_SECONDS` more."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    try:
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime) + CPU_SECONDS, hard))
    except (ValueError, OSError):
        pass


if __name__ == "__main__":
    main()
