"""One unit's score: what leakscope said of one scenario on one kernel, beside the truth."""
import re
from dataclasses import dataclass, field

from .scenario import Truth

CLAIMS = ("leak", "growing")


@dataclass
class Score:
    """Outcome: right, missed, wrong (something else was claimed instead) for a leak; silent or false alarm else."""
    outcome: str
    states: list  # of the findings about the scenario's own subject
    false_alarms: list = field(default_factory=list)
    class_right: bool | None = None  # None: nothing was claimed, or nothing leaks
    subject_right: bool | None = None
    domain_right: bool | None = None
    state_right: bool | None = None  # look-alikes: the state is one of the true ones
    holder_right: bool | None = None  # kernel memory that a process holds: it is named
    rate: float | None = None
    rate_error: float | None = None
    rate_right: bool | None = None
    seconds_to_right: int | None = None  # of the recording, until the verdict was right for the first time


def brief(finding: dict) -> dict:
    """What a reader of the scoreboard needs of a finding."""
    about = finding["subject"]
    return {"id": finding["id"], "state": finding["state"], "kind": about.get("kind"), "subject": about.get("name"),
            "amount": finding.get("amount"), "rate": (finding.get("rate") or {}).get("point"),
            "pattern": finding.get("pattern"), "q_value": finding.get("q_value"),
            "evidence": [e["text"] for e in finding.get("evidence") or []]}


def _states_of(truth: Truth, findings: list) -> list:
    """`clean` for a subject of which nothing was told."""
    return sorted({f["state"] for f in findings if truth.claim.holds(f)}) or ["clean"]


def _with_rate(score: Score, truth: Truth, right: list) -> None:
    # Several workers may each be told: together they are the leak.
    points = [f["rate"]["point"] for f in right if f.get("rate") and f.get("unit") == truth.unit]
    if truth.rate and points:
        score.rate = sum(points)
        score.rate_error = abs(score.rate - truth.rate) / truth.rate
        score.rate_right = score.rate_error <= truth.tolerance


def _apart(truth: Truth, findings: list, mine) -> Score:
    """A one-shot or implicit leak is right when its step is told, or more."""
    told = [f for f in findings if truth.claim.holds(f)]
    right = [f for f in told if f["state"] in CLAIMS or f["state"] == "step" or f.get("pattern") == truth.pattern]
    wrong = [brief(f) for f in findings if f["state"] in CLAIMS and f not in told and not _also(truth, f) and mine(f)]
    return Score("right" if right else "missed", _states_of(truth, findings), wrong)


def _also(truth: Truth, finding: dict) -> bool:
    return any(claim.holds(finding) for claim in truth.also)


def _whose(truth: Truth, company, first: bool):
    """Whether a false alarm is this unit's: not when a claim of the company's others fits it. One about its subject is
    its own, one about nobody's is the first's."""
    def mine(finding: dict) -> bool:
        if any(claim.holds(finding) for other in company for claim in (other.claim, *other.also)):
            return False
        return first or bool(company) and truth.claim.has_subject(finding)

    return mine


def judge(truth: Truth, document: dict, company=(), first: bool = True) -> Score:
    """`document` is what `diagnose --json` gave. `company`: the truths of those that ran at the same time; `first`: this
    unit is the one of them that answers for what is about none of them."""
    mine = _whose(truth, company, first)
    findings = document["findings"]
    claims = [f for f in findings if f["state"] in CLAIMS]
    states = _states_of(truth, findings)
    if truth.leak and truth.apart:
        return _apart(truth, findings, mine)
    if not truth.leak:
        wrong = [brief(f) for f in claims if not _also(truth, f) and mine(f)]
        return Score("false alarm" if wrong else "silent", states, wrong,
                     state_right=not wrong and all(state in truth.states for state in states))
    right = [f for f in claims if truth.claim.holds(f)]
    wrong = [f for f in claims if f not in right and not _also(truth, f) and mine(f)]
    told = right or wrong
    score = Score("right" if right else "wrong" if wrong else "missed", states, [brief(f) for f in wrong])
    if told:
        score.class_right = any(truth.claim.has_class(f) for f in told)
        score.subject_right = any(truth.claim.has_subject(f) for f in told)
        score.domain_right = any(f.get("domain") == truth.domain for f in told)
    if right and truth.holder is not None:
        held_by = [holder.get("comm") or "" for f in right for holder in f.get("holders") or []]
        score.holder_right = any(re.search(truth.holder, comm) for comm in held_by)
    _with_rate(score, truth, right)
    return score
