"""The scoreboard: what all the scores say together, for people and for scripts."""
import json
import statistics
from dataclasses import asdict, dataclass

from .interval import exact
from .scenario import STATES
from .score import Score
from .unit import Unit

HALVES = ("tuned", "held out")


@dataclass(frozen=True)
class Row:
    """One unit: its score, or why it has none."""
    unit: Unit
    score: Score | None
    why: str | None = None


def is_right(row: Row) -> bool:
    return row.score is not None and row.score.outcome in ("right", "silent") and not row.score.false_alarms


def outcome_of(row: Row) -> str:
    """In a few words, why there is none included."""
    if row.score is None:
        return f"not run: {row.why}"
    return row.score.outcome + (" + false alarm" if row.score.outcome == "right" and row.score.false_alarms else "")


def faults(row: Row) -> list:
    """What of a unit's verdict is not the truth, in words."""
    score, truth = row.score, row.unit.scenario.truth
    if score is None:
        return [row.why]
    said = []
    if score.outcome == "missed":
        said.append(f"missed: want {' or '.join(truth.claim.ids)} of {truth.claim.subject!r} growing, its states: {', '.join(score.states)}")
    said += [f"false alarm: {alarm['id']} of {alarm['kind']} {alarm['subject']!r} {alarm['state']}: {'; '.join(alarm['evidence'])}"
             for alarm in score.false_alarms]
    if score.domain_right is False:
        said.append(f"want it to be of the {truth.domain}")
    if score.holder_right is False:
        said.append(f"want {truth.holder!r} among the holders")
    if score.rate_right is False:
        said.append(f"the rate is {score.rate:g}, true is {truth.rate:g}")
    if score.state_right is False and not score.false_alarms:
        said.append(f"state {', '.join(score.states)}, want {' or '.join(truth.states)}")
    return said


def _share(hits: int, of: int) -> dict:
    interval = exact(hits, of)
    return {"hits": hits, "of": of, "share": hits / of if of else None,
            "lower": interval[0] if interval else None, "upper": interval[1] if interval else None}


def _count(values) -> int:
    return sum(1 for value in values if value)


def _states(rows) -> dict:
    told = [state for row in rows for state in row.score.states]
    return {state: told.count(state) for state in STATES if state in told}


def totals(rows) -> dict:
    """Over the rows that have a score."""
    ran = [row for row in rows if row.score]
    leaks = [row for row in ran if row.unit.scenario.truth.leak and not row.unit.scenario.truth.apart]
    apart = [row for row in ran if row.unit.scenario.truth.apart]
    alikes = [row for row in ran if not row.unit.scenario.truth.leak]
    right = _count(row.score.outcome == "right" for row in leaks)
    alarms = sum(len(row.score.false_alarms) for row in ran)
    told = [row for row in leaks if row.score.class_right is not None]
    errors = [row.score.rate_error for row in leaks if row.score.rate_error is not None]
    times = [row.score.seconds_to_right for row in leaks if row.score.seconds_to_right is not None]
    return {
        "units": len(rows), "not_run": len(rows) - len(ran),
        "precision": _share(right, right + alarms),
        "recall": _share(right, len(leaks)),
        "right_class": _share(_count(row.score.class_right for row in told), len(told)),
        "right_subject": _share(_count(row.score.subject_right for row in told), len(told)),
        "right_domain": _share(_count(row.score.domain_right for row in told), len(told)),
        "right_holder": _share(_count(row.score.holder_right for row in leaks),
                               sum(1 for row in leaks if row.score.holder_right is not None)),
        "silent": _share(_count(row.score.outcome == "silent" for row in alikes), len(alikes)),
        "true_state": _share(_count(row.score.state_right for row in alikes), len(alikes)),
        "one_shot_and_implicit": _share(_count(row.score.outcome == "right" for row in apart), len(apart)),
        "rate_error": {"median": statistics.median(errors) if errors else None, "worst": max(errors, default=None),
                       "of": len(errors), "within_tolerance": _count(row.score.rate_right for row in leaks)},
        "seconds_to_right": {"median": statistics.median(times) if times else None, "worst": max(times, default=None),
                             "of": len(times)},
        "false_alarms": alarms,
        "states": {"leaks": _states(leaks), "one_shot_and_implicit": _states(apart), "look_alikes": _states(alikes)},
    }


def _row(row: Row) -> dict:
    scenario = row.unit.scenario
    return {"scenario": scenario.name, "kernel": row.unit.kernel.name, "release": row.unit.kernel.release,
            "half": scenario.half, "leak": scenario.truth.leak, "pattern": scenario.truth.pattern if scenario.truth.leak else None,
            "not_run": row.why, "score": asdict(row.score) if row.score else None}


def document(rows) -> dict:
    halves = {half: totals([row for row in rows if row.unit.scenario.half == half]) for half in HALVES}
    return {"schema": "leakscope-lab/1", "all": totals(rows), "halves": halves, "units": [_row(row) for row in rows]}


def to_json(rows) -> str:
    return json.dumps(document(rows), indent=1, sort_keys=True) + "\n"


def _percent(share: dict) -> str:
    if not share["of"]:
        return "-"
    return f"{100 * share['share']:.1f} % ({share['hits']}/{share['of']}; {100 * share['lower']:.1f} to {100 * share['upper']:.1f})"


def _error(errors: dict) -> str:
    if not errors["of"]:
        return "-"
    return f"{100 * errors['median']:.1f} %, worst {100 * errors['worst']:.1f} % ({errors['within_tolerance']}/{errors['of']} within)"


def _time(times: dict) -> str:
    return f"{times['median']:g} s, worst {times['worst']} s ({times['of']})" if times["of"] else "-"


_LINES = (("precision", "precision"), ("recall", "recall"), ("right class", "right_class"),
          ("right subject", "right_subject"), ("right domain", "right_domain"), ("right holder", "right_holder"),
          ("look-alikes silent", "silent"),
          ("look-alikes' state", "true_state"), ("one-shot, implicit", "one_shot_and_implicit"))


def _table(head, body) -> list:
    widths = [max(len(line[column]) for line in [head, *body]) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    return ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in [head, rule, *body]]


def _unit_line(row: Row) -> list:
    scenario = row.unit.scenario
    truth = scenario.truth
    kind = "look-alike" if not truth.leak else "leak" if not truth.apart else truth.pattern.replace("_", "-")
    score = row.score
    if score is None:
        return [scenario.name, row.unit.kernel.name, kind, scenario.half, outcome_of(row), "", "", ""]
    rate = f"{100 * score.rate_error:.1f} %" if score.rate_error is not None else ""
    seconds = f"{score.seconds_to_right} s" if score.seconds_to_right is not None else ""
    said = "; ".join(f"{a['id']} {a['subject']} {a['state']}" for a in score.false_alarms)
    return [scenario.name, row.unit.kernel.name, kind, scenario.half, outcome_of(row), " ".join(score.states) + (f" [{said}]" if said else ""), rate, seconds]


def to_text(rows) -> str:
    everything = document(rows)
    columns = [everything["all"], *(everything["halves"][half] for half in HALVES)]
    body = [[name, *(_percent(column[key]) for column in columns)] for name, key in _LINES]
    body.append(["rate error, median", *(_error(column["rate_error"]) for column in columns)])
    body.append(["time to the first right verdict", *(_time(column["seconds_to_right"]) for column in columns)])
    body.append(["units, not run", *(f"{column['units']}, {column['not_run']}" for column in columns)])
    lines = _table(["scenario", "kernel", "truth", "half", "outcome", "states", "rate error", "right after"], [_unit_line(row) for row in rows])
    lines += ["", *_table(["95 % exact intervals", "all", *HALVES], body), ""]
    for name, states in everything["all"]["states"].items():
        told = ", ".join(f"{state} {count}" for state, count in states.items()) or "none ran"
        lines.append(f"states of {name.replace('_', ' ')}: {told}")
    return "\n".join(lines) + "\n"
