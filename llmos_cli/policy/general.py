"""What a general model has planned: a person says yes to each change of it, whatever else is allowed.

How sure such a model is, nobody has measured. And what it was told may come from a file, a mail or a name that somebody else wrote, who
would like it to plan something: then `--yes`, which was said before anybody could know, counts for nothing, and no setting makes it count.
"""

from __future__ import annotations

from dataclasses import replace

from llmos_cli.effects import Decision, Verdict

PLANNED, OUTSIDE = "planned by a model", "outside material"
_REASONS = {
    PLANNED: "a general model planned this, and how often it is right is not known",
    OUTSIDE: "the model that planned this had text before it that is not yours, which may be made to steer it",
}


def for_model(verdict: Verdict, *, outside: bool, unattended: bool) -> Verdict:
    """The verdict on effects that a general model has planned. `outside`: it was told what files, mails or results say;
    `unattended`: the person has set that `--yes` is enough for its plans."""
    if verdict.decision is Decision.DENY:
        return verdict
    rule = OUTSIDE if outside else PLANNED
    in_person = outside or not unattended
    if verdict.loud:
        return replace(verdict, in_person=in_person)
    return Verdict(Decision.ASK, rule, _REASONS[rule], loud=outside, in_person=in_person)
