"""What the system says when it refuses, as one sentence for a person."""

from __future__ import annotations

import errno
import os

from llmos_cli.errors import LlmosError
from llmos_cli.policy.volumes import VAULT

SENTENCES = {
    errno.ENOSPC: ("the disk is full: {path}", "llmos run 'disks'"),
    errno.EDQUOT: ("your share of the disk is used up: {path}", "quota"),
    errno.EFBIG: ("the file would be too large: {path}", "ulimit -f"),
    errno.EACCES: ("you have no permission for {path}", "ls -ld {path}"),
    errno.EPERM: ("you have no permission for {path}", "ls -ld {path}"),
    errno.EROFS: ("{path} is on a disk that can only be read", "mount"),
    errno.EEXIST: ("{path} exists already", "choose another name"),
    errno.ENOTEMPTY: ("{path} exists already", "choose another name"),
    errno.ENOENT: ("{path} is not there", "ls -la {folder}"),
    errno.ENOTDIR: ("{path} lies below a file", "ls -la {folder}"),
    errno.ENAMETOOLONG: ("the name is too long: {path}", "choose a shorter one"),
    errno.EBUSY: ("{path} is in use", "lsof {path}"),
    errno.EXDEV: ("{path} cannot be renamed to another disk", "copy it, then delete it"),
    errno.EMFILE: ("too many files are open", "ulimit -n"),
    errno.ELOOP: ("{path} leads through links that go in a circle", "ls -la {folder}"),
    errno.EIO: ("the disk reports an error at {path}", "dmesg"),
}


def reason(error: OSError, vault: str) -> LlmosError:
    """The error to raise for what the system said. Of a place in a vault only the folder that holds it is named."""
    new = error.errno in (errno.EEXIST, errno.ENOTEMPTY)
    path = os.fsdecode((error.filename2 if new and error.filename2 else error.filename) or "")
    if path.startswith(f"{vault}/"):
        path = vault
    path = path.partition(f"/{VAULT}")[0]
    said = (error.strerror or str(error)).lower()
    sentence, hint = SENTENCES.get(error.errno or 0, ("{path}: " + said if path else said, ""))
    about = {"path": path or "a file", "folder": os.path.dirname(path) or "."}
    return LlmosError(sentence.format_map(about), hint=hint.format_map(about))
