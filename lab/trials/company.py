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
    # Modules go with modules: what one has lost is gone until its guest ends.
    return unit.scenario.record, unit.scenario.shares, unit.scenario.is_alone, bool(unit.scenario.module_names)


def _may_join(unit: Unit, company: list, most: int) -> bool:
    if len(company) >= most or _shape(company[0]) != _shape(unit):
        return False
    if unit.scenario.is_alone:
        return unit.scenario.shares != ""
    return not any(_marks(other) & _marks(unit) for other in company)


def form(units, most: int) -> list:
    """Companies of at most `most`, in order. Whoever must be alone is, but for those that name the same `shares`."""
    companies = []
    for unit in units:
        place = next((company for company in companies if _may_join(unit, company, most)), None)
        if place is None:
            place = []
            companies.append(place)
        place.append(unit)
    return companies


def seconds(company) -> int:
    return max(unit.seconds for unit in company)
