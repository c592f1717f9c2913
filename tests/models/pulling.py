"""A process that pulls: `python pulling.py MODEL [RLIMIT_FSIZE]`. Prints the path, or the error; the exit code is 1 with that."""

from __future__ import annotations

import resource
import sys

from llmos_cli.errors import LlmosError
from llmos_cli.host import Host
from llmos_cli.models.models import Models

if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    pulled = Models(Host.real(), pause=lambda seconds: None).pull(sys.argv[1])
    print(pulled.model.path, pulled.came, pulled.kept)
except LlmosError as error:
    print(error.message)
    raise SystemExit(1) from None
