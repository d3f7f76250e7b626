"""A scenario: what is started in a guest, for how long it is watched, and the truth about it.

One folder each, lab/scenarios/NAME/scenario.toml. Every field is checked; one that is not known is an error.
"""
import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from guests import modules as kernel_modules
from guests.errors import LabError
from guests.kernels import NAMES, STOCK

FOLDER = Path(__file__).parent.parent / "scenarios"
FILE = "scenario.toml"

STATES = ("leak", "growing", "saturating", "step", "follows_load", "cache", "fragmented", "retained", "clean",
          "insufficient")
DOMAINS = ("kernel", "user")
UNITS = ("bytes", "count")
# one_shot and implicit leaks are scored in a column of their own.
PATTERNS = ("steady", "sporadic", "one_shot", "implicit")
_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)*")
# How a command names the file of a module.
_LOADED = re.compile(r"\$MODULES/(\w+)\.ko\b")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([KMG]?)")
_FACTORS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True)
class Claim:
    """A finding that would be true: one of these ids about a subject whose name matches."""
    ids: tuple
    subject: str

    def has_class(self, finding: dict) -> bool:
        return finding["id"] in self.ids

    def has_subject(self, finding: dict) -> bool:
        """A merged cache is also known by the names in its detail."""
        about = finding["subject"]
        names = [about.get("name") or "", *(about.get("detail") or "").replace(",", " ").split()]
        return any(re.search(self.subject, name) for name in names)

    def holds(self, finding: dict) -> bool:
        return self.has_class(finding) and self.has_subject(finding)


@dataclass(frozen=True)
class Truth:
    leak: bool
    claim: Claim
    domain: str = ""
    unit: str = "bytes"
    rate: float | None = None
    tolerance: float = 0.25
    pattern: str = "steady"
    holder: str | None = None  # of the finding: the process that keeps the objects alive
    states: tuple = ()  # a look-alike's, any of them
    also: tuple = ()  # claims that are true as well, neither right nor wrong

    @property
    def apart(self) -> bool:
        return self.pattern in ("one_shot", "implicit")


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    start: tuple
    truth: Truth
    modules: tuple = ()  # of the kernel: name and parameters
    setup: tuple = ()
    kernels: tuple = tuple(STOCK)
    needs: tuple = ()
    files: tuple = ()  # of the zoo, that no command names
    warmup: int = 4
    record: int = 60
    memory: int = 1024
    cpus: int = 1
    append: str = ""
    cgroup: str = "v2"
    alone: bool = False
    shares: str = ""  # must be alone, but for those that say the same
    ends: bool = False  # a command that ends before the recording does is part of it

    @property
    def is_alone(self) -> bool:
        """It must not share a recording: asked for, or what is told of the whole machine could be about its subject."""
        of_machine = re.search(self.truth.claim.subject, "") is not None
        return self.alone or self.truth.claim.subject == "" or (of_machine and not self.truth.leak)

    @property
    def half(self) -> str:
        """What it may be used for: verdicts are tuned on one half, and measured on the other."""
        return "tuned" if hashlib.sha256(self.name.encode()).digest()[0] % 2 == 0 else "held out"

    @property
    def module_names(self) -> tuple:
        """Modules that it loads: before the commands, or by a command."""
        named = [module.split()[0] for module in self.modules]
        return tuple(dict.fromkeys([*named, *(name for line in (*self.setup, *self.start) for name in _LOADED.findall(line))]))

    @property
    def recipe(self) -> list:
        """All that decides what happens in the guest; the truth does not."""
        return [list(self.modules), list(self.setup), list(self.start), self.warmup, self.record, self.memory, self.cpus, self.append,
                self.cgroup, self.ends]


class _Table:
    """The fields of one TOML table; each is asked for once, and what nobody asked for is an error."""

    def __init__(self, where: str, fields: dict):
        self._where, self._fields, self._asked = where, fields, set()

    def fail(self, key: str, wanted: str):
        raise LabError(f"{self._where}: {key}: want {wanted}, got {self._fields.get(key)!r}")

    def get(self, key: str, kind, wanted: str, default=None):
        self._asked.add(key)
        if key not in self._fields:
            if default is None:
                raise LabError(f"{self._where}: {key} is missing")
            return default
        # bool is an int to Python, and 1 is no truth.
        if not isinstance(self._fields[key], kind) or (kind is int and isinstance(self._fields[key], bool)):
            self.fail(key, wanted)
        return self._fields[key]

    def has(self, key: str) -> bool:
        return key in self._fields

    def number(self, key: str, default: int, least: int, most: int) -> int:
        value = self.get(key, int, f"a whole number from {least} to {most}", default)
        if not least <= value <= most:
            self.fail(key, f"a whole number from {least} to {most}")
        return value

    def flag(self, key: str) -> bool:
        self._asked.add(key)
        return self.get(key, bool, "true or false") if self.has(key) else False

    def texts(self, key: str, default=None) -> tuple:
        value = self.get(key, list, "a list of texts", default)
        if not all(isinstance(item, str) and item for item in value):
            self.fail(key, "a list of texts")
        return tuple(value)

    def choice(self, key: str, choices, default=None) -> str:
        value = self.get(key, str, f"one of {', '.join(choices)}", default)
        if value not in choices:
            self.fail(key, f"one of {', '.join(choices)}")
        return value

    def choices(self, key: str, choices, default=None) -> tuple:
        values = self.texts(key, default)
        if not values or any(value not in choices for value in values) or len(set(values)) != len(values):
            self.fail(key, f"some of {', '.join(choices)}, each once")
        return values

    def pattern(self, key: str) -> str:
        value = self.get(key, str, "a regular expression")
        try:
            re.compile(value)
        except re.error as error:
            self.fail(key, f"a regular expression ({error})")
        return value

    def done(self) -> None:
        unknown = sorted(set(self._fields) - self._asked)
        if unknown:
            raise LabError(f"{self._where}: unknown field {', '.join(unknown)}; there are: {', '.join(sorted(self._asked))}")


def amount(text: str) -> float | None:
    """"2M", "0.5K", "3": as the zoo's programs take them; None for what is none."""
    match = _AMOUNT.fullmatch(text)
    return float(match[1]) * _FACTORS[match[2]] if match else None


def _claim(table: _Table, ids) -> Claim:
    claim = Claim(table.choices("findings", ids), table.pattern("subject"))
    for finding in claim.ids:
        if finding.split(".")[0] not in ("kernel", "user", "cgroup", "limit", "machine"):
            table.fail("findings", "ids of findings")
    return claim


def _rate(table: _Table) -> float | None:
    if not table.has("rate"):
        return None
    value = amount(table.get("rate", str, "an amount per second such as \"2M\""))
    if not value:
        table.fail("rate", "an amount per second such as \"2M\"")
    return value


def known_findings() -> tuple:
    """The ids that have a page in docs/findings."""
    pages = Path(__file__).parents[2] / "docs" / "findings"
    return tuple(sorted(page.stem for page in pages.glob("*.md") if page.stem != "README"))


def _truth(where: str, fields: dict) -> Truth:
    ids = known_findings()
    table = _Table(f"{where}: truth", fields)
    leak = table.get("leak", bool, "true or false")
    also = []
    for number, inner in enumerate(table.get("also", list, "a list of tables", []), 1):
        if not isinstance(inner, dict):
            table.fail("also", "a list of tables")
        other = _Table(f"{where}: truth.also {number}", inner)
        also.append(_claim(other, ids))
        other.done()
    if leak:
        truth = Truth(True, _claim(table, ids), table.choice("domain", DOMAINS), table.choice("unit", UNITS, "bytes"),
                      _rate(table), _tolerance(table), table.choice("pattern", PATTERNS, "steady"),
                      table.pattern("holder") if table.has("holder") else None, (), tuple(also))
    else:
        truth = Truth(False, Claim(table.choices("findings", ids, list(ids)), table.pattern("subject")),
                      states=table.choices("states", [s for s in STATES if s not in ("leak", "growing")]),
                      also=tuple(also))
    table.done()
    return truth


def _tolerance(table: _Table) -> float:
    value = float(table.get("tolerance", (int, float), "a share such as 0.2", 0.25))
    if not 0 < value <= 1:
        table.fail("tolerance", "a share above 0 and at most 1")
    return value


def parse(name: str, text: str) -> Scenario:
    where = f"scenario {name}"
    if not _NAME.fullmatch(name):
        raise LabError(f"{where}: a name is of a-z, 0-9, '-' and '.'")
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{where}: {error}") from error
    table = _Table(where, fields)
    scenario = Scenario(
        name, table.get("title", str, "a text"), table.texts("start", []), _truth(where, table.get("truth", dict, "a table")),
        table.texts("modules", []), table.texts("setup", []), table.choices("kernels", list(NAMES), list(STOCK)),
        table.texts("needs", []),
        table.texts("files", []),
        table.number("warmup", 4, 0, 600), table.number("record", 60, 10, 7200), table.number("memory", 1024, 128, 65536),
        table.number("cpus", 1, 1, 64), table.get("append", str, "words of the kernel's command line", ""),
        table.choice("cgroup", ("v2", "v1", "none"), "v2"), table.flag("alone"), table.get("shares", str, "a name", ""),
        table.flag("ends"))
    table.done()
    if scenario.shares and not scenario.is_alone:
        raise LabError(f"{where}: shares is for those that must be alone, which this one need not be")
    if not scenario.start and not scenario.modules:
        raise LabError(f"{where}: start is missing, and so are modules")
    unknown = sorted(set(scenario.module_names) - set(kernel_modules.names()))
    if unknown:
        raise LabError(f"{where}: no module {', '.join(unknown)}; there are: {', '.join(kernel_modules.names())}")
    return scenario


def load(name: str, folder: Path = FOLDER) -> Scenario:
    path = folder / name / FILE
    if not path.is_file():
        raise LabError(f"no scenario '{name}'; there are: {', '.join(names(folder))}")
    return parse(name, path.read_text())


def names(folder: Path = FOLDER) -> list:
    return sorted(path.parent.name for path in folder.glob(f"*/{FILE}"))
