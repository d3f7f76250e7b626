#!/usr/bin/env python3
"""./dev lab: real kernels to try leakscope on. lab/README.md has the rest."""
import argparse
import os
import signal
import sys
from pathlib import Path

from guests import boot, kernels, machine
from guests.errors import LabError
from trials import board, practice, replay, run, scenario

REPOSITORY = Path(__file__).parent.parent


def positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError(text)
    return number


def parser() -> argparse.ArgumentParser:
    lab = argparse.ArgumentParser(prog="./dev lab", description="Real kernels to try leakscope on.")
    actions = lab.add_subparsers(dest="action", required=True)
    one = actions.add_parser(
        "boot", usage="./dev lab boot KERNEL [OPTION...] [-- COMMAND...]",
        description="Boots KERNEL on this machine's own files, read-only, and runs COMMAND there; without one, a shell.",
        epilog="Gives COMMAND's exit code; 124 when the time was over, 125 when the guest or the lab failed.")
    one.add_argument("kernel", choices=list(kernels.NAMES), metavar="KERNEL", help=", ".join(kernels.NAMES))
    one.add_argument("--memory", type=positive, default=1024, metavar="MIB", help="memory of the guest (1024)")
    one.add_argument("--cpus", type=positive, default=2, metavar="N", help="CPUs of the guest (2)")
    one.add_argument("--numa", type=positive, default=1, metavar="N", help="memory and CPUs on N nodes (1)")
    one.add_argument("--append", default="", metavar="WORDS", help="more words for the kernel's command line")
    one.add_argument("--cgroup", choices=("v2", "v1", "none"), default="v2", help="the hierarchy to mount (v2)")
    one.add_argument("--timeout", type=positive, default=300, metavar="SECONDS", help="end the guest after that (300)")
    one.add_argument("--results", type=Path, metavar="DIR",
                     help="where $LAB_RESULTS of the guest, the console's log and dmesg go")
    one.add_argument("--refresh", action="store_true", help="look for a newer package of this kernel")
    fetch = actions.add_parser("fetch", usage="./dev lab fetch KERNEL", description="Fetches KERNEL, so that its boots need no network.")
    fetch.add_argument("kernel", choices=list(kernels.NAMES), metavar="KERNEL", help=", ".join(kernels.NAMES))
    _add_run(actions)
    _add_shell(actions)
    _add_replay(actions)
    return lab


def _add_builds(action) -> None:
    action.add_argument("--leakscope", type=Path, default=REPOSITORY / "build/release/src/leakscope", metavar="FILE",
                        help="the program to try (build/release/src/leakscope)")
    action.add_argument("--zoo", type=Path, default=REPOSITORY / "build/zoo", metavar="DIR",
                        help="where lab/zoo was built (build/zoo)")


def _add_run(actions) -> None:
    some = actions.add_parser("run", usage="./dev lab run [NAME...] [OPTION...]",
                              description="Runs scenarios in guests and compares what leakscope says with the truth.",
                              epilog="Without NAME: all. Gives 0 when every unit ran and was right, else 1; 125 when the lab failed.")
    some.add_argument("names", nargs="*", metavar="NAME", help=f"of {scenario.FOLDER.name}/")
    some.add_argument("--kernel", action="append", choices=list(kernels.NAMES), metavar="KERNEL",
                      help="on this one only; may be given again")
    some.add_argument("--jobs", type=int, choices=(1, 2), default=1, metavar="N", help="guests at a time: 1 or 2 (1)")
    some.add_argument("--together", type=positive, default=1, metavar="N",
                      help="record up to N scenarios with different subjects at the same time in one guest (1)")
    some.add_argument("--json", type=Path, metavar="FILE", help="write the scoreboard there for scripts")
    some.add_argument("--resume", action="store_true", help="keep what was recorded of the same scenario, programs and kernel")
    some.add_argument("--judge", action="store_true", help="boot nothing: judge anew what was recorded")
    some.add_argument("--list", action="store_true", help="list the scenarios and end")
    some.add_argument("--store", type=Path, default=REPOSITORY / "build/lab", metavar="DIR",
                      help="where recordings are kept (build/lab)")
    _add_builds(some)


def _add_shell(actions) -> None:
    one = actions.add_parser("shell", usage="./dev lab shell NAME [OPTION...]",
                             description="Boots, starts what the scenario starts, and gives a shell with leakscope in the path.")
    one.add_argument("name", metavar="NAME", help="a scenario: ./dev lab run --list")
    one.add_argument("--kernel", choices=list(kernels.NAMES), default=None, metavar="KERNEL",
                     help="one of those it applies to (6.1 if it is)")
    _add_builds(one)


def _add_replay(actions) -> None:
    some = actions.add_parser("replay", usage="./dev lab replay [OPTION...] [--make [NAME...]]",
                              description="Judges the recordings in lab/replays, without a guest, and prints the scoreboard.",
                              epilog="Gives 0 when each verdict is the truth, or the known miss that it is listed as; else 1.")
    some.add_argument("--make", nargs="*", metavar="NAME",
                      help="first shrink what was recorded of these scenarios (of all) and put it into lab/replays")
    some.add_argument("--kernel", action="append", choices=list(kernels.NAMES), metavar="KERNEL",
                      help="make those of this one only; may be given again")
    some.add_argument("--store", type=Path, default=REPOSITORY / "build/lab", metavar="DIR",
                      help="where recordings are kept (build/lab)")
    some.add_argument("--json", type=Path, metavar="FILE", help="write the scoreboard there for scripts")
    some.add_argument("--leakscope", type=Path, default=REPOSITORY / "build/release/src/leakscope", metavar="FILE",
                      help="the program to try (build/release/src/leakscope)")
    some.add_argument("--shrink", type=Path, default=REPOSITORY / "build/release/lab/replays/lab_shrink", metavar="FILE",
                      help="the program that shrinks (build/release/lab/replays/lab_shrink)")


def parse(words: list):
    """(options, command): what follows the first "--" is COMMAND, word for word."""
    cut = words.index("--") if "--" in words else len(words)
    return parser().parse_args(words[:cut]), words[cut + 1:]


def order_of(options, command: list, folder: Path) -> boot.Order:
    shape = machine.Shape(options.memory, options.cpus, options.numa, options.append, interactive=not command)
    return boot.Order(command, shape, options.cgroup, options.timeout if command else float("inf"), folder,
                      options.results.absolute() if options.results else None)


def say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def here() -> Path:
    return Path(os.environ.get("LAB_FOLDER", os.getcwd()))


def boot_one(options, command: list) -> int:
    if not command and not sys.stdin.isatty():
        say("without a COMMAND there is a shell, and that needs a terminal")
        return 2
    # Who ends a build that takes minutes leaves no half of one behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    kernel = kernels.ready(options.kernel, options.refresh, say)
    return boot.boot(kernel, order_of(options, command, here()), say)


def fetch_one(options) -> int:
    say(f"kernel {kernels.ready(options.kernel, False, say).release} is there")
    return 0


def run_scenarios(options) -> int:
    if options.list:
        for name in scenario.names():
            one = scenario.load(name)
            print(f"{name:24} {'leak      ' if one.truth.leak else 'look-alike'} {one.title}")
        return 0
    order = run.Order(tuple(options.names), tuple(options.kernel or kernels.NAMES), options.jobs,
                      options.leakscope.absolute(), (options.zoo, options.zoo / "workloads"), options.store.absolute(),
                      options.resume, options.judge, options.together)
    if not order.leakscope.is_file():
        raise LabError(f"no {order.leakscope}; ./dev lab run builds it, --leakscope names another")
    # As Ctrl-C: what was recorded until then is kept.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        rows = run.run(order, say)
    except KeyboardInterrupt:
        say("ended; --resume goes on from here, --judge shows what there is")
        return 130
    print(board.to_text(rows), end="")
    if options.json:
        options.json.write_text(board.to_json(rows))
    return 0 if all(board.is_right(row) for row in rows) else 1


def replay_all(options) -> int:
    if options.make is not None:
        replay.make(options.store, options.make, options.kernel or list(kernels.NAMES), options.shrink.absolute(),
                    options.leakscope.absolute(), replay.FOLDER, say)
    rows = replay.judge_all(options.leakscope.absolute(), replay.FOLDER)
    print(board.to_text(rows))
    if options.json:
        options.json.write_text(board.to_json(rows))
    failures, expected = replay.check(rows, replay.known_misses(replay.FOLDER))
    print("\n".join([f"known: {line}" for line in expected] + [f"FAILED {line}" for line in failures]))
    print(f"{len(rows)} units, {len(expected)} known misses, {len(failures)} faults")
    return 1 if failures else 0


def shell(options) -> int:
    if not sys.stdin.isatty():
        say("a shell needs a terminal")
        return 2
    return practice.shell(options.name, options.kernel, options.leakscope.absolute(),
                          (options.zoo, options.zoo / "workloads"), here(), say)


def kernels_for(options) -> list:
    """The kernels that an action would boot: ./dev asks (`lab.py kernels ACTION...`), to install what building one needs."""
    if options.action == "boot":
        return [options.kernel]
    if options.action == "shell":
        return [practice.kernel_of(scenario.load(options.name), options.kernel)]
    if options.list:
        return []
    return run.wanted_kernels(options.names, options.kernel or kernels.NAMES)


def main(words: list) -> int:
    asked = words[:1] == ["kernels"]
    options, command = parse(words[1:] if asked else words)
    try:
        if asked:
            print(*kernels_for(options))
            return 0
        if options.action == "boot":
            return boot_one(options, command)
        return {"fetch": fetch_one, "run": run_scenarios, "replay": replay_all, "shell": shell}[options.action](options)
    except LabError as error:
        say(str(error))
        return boot.LAB_FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
