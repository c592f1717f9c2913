"""The process that renders chat templates: `python -m llmos_cli.engine.renderer`. A template is a program from a stranger.

It runs in jinja2's sandbox, here, with limits on memory and, for each request, on the processor's time.
The process can write no file and start no process. Not covered: it can read what the person can read,
should the sandbox have a hole.

A request is a line of JSON: the template, and `each`, a list of its variables; the answer is a line
with `texts`, one for each, or with `error`.
"""

from __future__ import annotations

import json
import math
import resource
import sys
from datetime import datetime
from typing import Any

MEMORY = 1 << 30
CPU_SECONDS = 2
MOST_TEXT = 64 << 20


def main() -> None:
    sys.dont_write_bytecode = True
    _limit()
    import jinja2  # before the first request, so that it waits for nothing

    answer: dict[str, Any] = {"ready": jinja2.__version__}
    while True:
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            return
        _renew()
        answer = render(json.loads(line))


def render(request: dict[str, Any]) -> dict[str, Any]:
    """What is to be answered."""
    import jinja2

    try:
        made = _environment().from_string(request["template"])
        texts = [made.render(**variables) for variables in request["each"]]
        if sum(map(len, texts)) > MOST_TEXT:
            return {"error": "it writes too much"}
        return {"texts": texts}
    except jinja2.TemplateError as error:
        return {"error": f"{error.message or type(error).__name__}"}
    except (MemoryError, RecursionError, OverflowError) as error:
        return {"error": f"it needs too much ({type(error).__name__})"}
    except Exception as error:  # a template is foreign code, and may fail in any way
        return {"error": f"{type(error).__name__}: {error}"}


_made: list[Any] = []


def _environment() -> Any:
    """As Hugging Face's transformers renders chat templates: what their authors tried them with."""
    if _made:
        return _made[0]
    import jinja2
    from jinja2 import ext, nodes, sandbox

    class Generation(ext.Extension):
        """`{% generation %}` marks what a model was trained on; it changes nothing here."""

        tags = {"generation"}  # noqa: RUF012, jinja2's own way

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def refuse(message: str) -> None:
        raise jinja2.TemplateError(message)

    def as_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)

    made = sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
    made.filters["tojson"] = as_json
    made.globals["raise_exception"] = refuse
    made.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    _made.append(made)
    return made


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
