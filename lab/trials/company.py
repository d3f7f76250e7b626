"""Units that are recorded together in one guest at the same time: their subjects are different ones."""
import re

from .unit import Unit


def _marks(unit: Unit) -> set:
    """What no two of a company may have in common: words that name programs and files, and the subject."""
    words = {word for command in unit.scenario.start for word in command.replace(";", " ").split() if len(word) > 3}
    words |= set(unit.scenario.module_names)
    usual = {"exec", "insmod", "{seconds}", "sleep", "while", "done", "env"}
    truth = unit.scenario.truth
    # Of the whole machine each finding is told once.
    of_machine = {finding for claim in (truth.claim, *truth.also) if re.search(claim.subject, "") for finding in claim.ids}
    return (words - usual) | {f"subject {truth.claim.subject}"} | of_machine


def _shape(unit: Unit) -> tuple:
    # Modules go with modules: their guest is used for nothing else after them.
    return unit.scenario.record, unit.scenario.is_alone, bool(unit.scenario.module_names)


def form(units, most: int) -> list:
    """Companies of at most `most`, in order; whoever must be alone is."""
    open_ones, all_of_them = [], []
    for unit in units:
        place = next((company for company in open_ones if len(company) < most and _shape(company[0]) == _shape(unit)
                      and not any(_marks(other) & _marks(unit) for other in company)), None)
        if place is None or unit.scenario.is_alone:
            place = []
            all_of_them.append(place)
            if not unit.scenario.is_alone:
                open_ones.append(place)
        place.append(unit)
    return all_of_them


def seconds(company) -> int:
    return max(unit.seconds for unit in company)
