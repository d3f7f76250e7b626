"""What modules of our own are built with: Debian's headers for the very kernel of a guest.

The headers' build programs (modpost, objtool...) are programs of the kernel's own suite and may want a newer libc than
this machine has, or a library that it has not. So their libraries come along, and each runs under its suite's loader.
The compiler is this machine's: what the kernel's compiler could and this one cannot is taken out of the configuration.
"""
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache, kernels
from .apt_root import AptRoot, newest
from .errors import LabError
from .kernels import Kernel

COMPILER = "gcc"
_OURS = re.compile(r"linux-(?:headers|kbuild)-[0-9]")
_PROGRAM = ".program"  # the name that a wrapped program gets
_LIBRARY = re.compile(r"lib|zlib")
_UNUSED = ("usr/share", "etc", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/engines-1.1")

# Options that stand for what the kernel's compiler understood: words of the command line, and a line of C.
COMPILER_OPTIONS = {
    "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT": (("-fmin-function-alignment=8",), ""),
    "CONFIG_CC_HAS_TYPEOF_UNQUAL": ((), "__typeof_unqual__(const int) x;"),
    "CONFIG_CC_HAS_ASSUME": ((), "void f(int i) { __attribute__((__assume__(i > 0))); }"),
    "CONFIG_CC_HAS_COUNTED_BY_PTR": ((), "struct s { int n; char *a __attribute__((__counted_by__(n))); };"),
    "CONFIG_CC_HAS_MULTIDIMENSIONAL_NONSTRING": ((), 'char a[][2] __attribute__((__nonstring__)) = {"ab"};'),
    "CONFIG_CC_HAS_COUNTED_BY": ((), "struct s { int n; char a[] __attribute__((__counted_by__(n))); };"),
}


@dataclass(frozen=True)
class Headers:
    """A folder in which `make` builds modules: make -C tree LAB_HEADERS=folder M=..."""
    folder: Path
    tree: Path


def depends(stanza: dict) -> list:
    """Names of the packages a package needs, of alternatives the first."""
    clauses = ",".join(stanza.get(field, "") for field in ("Pre-Depends", "Depends")).split(",")
    return [match[0] for clause in clauses if (match := re.match(r"[a-z0-9][a-z0-9+.-]*", clause.strip()))]


def resolve(show, release: str, version: str) -> list:
    """[(package, version, hash)]: the headers of the kernel, its build programs, and their libraries. show(package) gives
    the stanzas of all versions."""
    pending, found = [f"linux-headers-{release}"], {}
    while pending:
        package = pending.pop(0)
        stanzas = show(package)
        if package.startswith("linux-headers-"):
            stanzas = [stanza for stanza in stanzas if stanza["Version"] == version]
        if not stanzas:
            wanted = f"{package} {version}" if package.startswith("linux-headers-") else package
            raise LabError(f"the mirror no longer has {wanted}; ./dev lab boot --refresh takes a newer kernel")
        stanza = newest(stanzas)
        found[package] = (package, stanza["Version"], stanza["SHA256"])
        is_library = not package.startswith("linux-headers-")
        wanted = [name for name in depends(stanza) if _OURS.match(name) or is_library and _LIBRARY.match(name)]
        pending += [name for name in wanted if name not in found and name not in pending]
    return list(found.values())


def choose(kernel: Kernel, say) -> list:
    """The packages for `kernel`: chosen once and kept, so that a later build needs no network."""
    choice = cache.root() / "headers" / f"{kernel.folder.name}.json"
    with cache.locked(choice.with_suffix(".lock")):
        if kept := kernels.kept_choice(choice):
            return kept
        say(f"looking for the headers of {kernel.release} {kernel.version}")
        apt = AptRoot(cache.root() / "apt" / kernel.name, kernels.STOCK[kernel.name])
        try:
            packages = resolve(apt.show, kernel.release, kernel.version)
        except LabError:
            apt.update()
            packages = resolve(apt.show, kernel.release, kernel.version)
        choice.write_text(json.dumps(packages))
        return packages


def compiler_version() -> str:
    try:
        return subprocess.run([COMPILER, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"modules are built with {COMPILER}, which this machine does not have") from error


def _understands(words, line: str) -> bool:
    command = [COMPILER, "-Werror", *words, "-x", "c", "-c", "-", "-o", "/dev/null"]
    return subprocess.run(command, input=line, capture_output=True, text=True, check=False).returncode == 0


def without_options(text: str, options) -> str:
    """auto.conf or autoconf.h without the lines that set these."""
    names = "|".join(map(re.escape, options))
    return re.sub(rf"^(?:#define )?(?:{names})[ =].*\n", "", text, flags=re.MULTILINE) if options else text


def _fit_to_compiler(tree: Path) -> None:
    unknown = [name for name, (words, line) in COMPILER_OPTIONS.items() if not _understands(words, line)]
    for path in (tree / "include/config/auto.conf", tree / "include/generated/autoconf.h"):
        path.write_text(without_options(path.read_text(), unknown))


def _loader(folder: Path) -> Path:
    """The dynamic loader among the libraries: links to it may be absolute, and would lead to this machine's."""
    for pattern in ("ld-linux-x86-64.so.2", "ld-*.so"):
        for place in ("lib", "usr/lib"):
            for path in (folder / place).glob(f"x86_64-linux-gnu/{pattern}"):
                if not path.is_symlink():
                    return path.relative_to(folder)
    raise LabError("no dynamic loader among the libraries of the headers")


def _is_program(path: Path) -> bool:
    if not path.is_file() or path.is_symlink() or not path.stat().st_mode & 0o100:
        return False
    with open(path, "rb") as stream:
        return stream.read(4) == b"\x7fELF"


def _wrap_programs(folder: Path) -> None:
    """Each build program becomes a script that runs it with its own suite's libraries."""
    loader = _loader(folder)
    places = [place for place in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu") if (folder / place).is_dir()]
    libraries = ":".join(f"$LAB_HEADERS/{place}" for place in places)
    programs = [path for path in (folder / "usr/lib").glob("linux-kbuild-*/**/*") if _is_program(path)]
    for path in programs:
        path.rename(f"{path}{_PROGRAM}")
    for path in programs:
        # Debian's modpost and objtool only start one of several beside them, by what they are to work on.
        started = [one for kind in ("lsb-64", "x86") if (one := path.with_name(f"{path.name}.real-{kind}")) in programs]
        program = Path(f"{(started or [path])[0]}{_PROGRAM}")
        path.write_text(f'#!/bin/sh\nexec "$LAB_HEADERS/{loader}" --library-path "{libraries}" '
                        f'"$LAB_HEADERS/{program.relative_to(folder)}" "$@"\n')
        path.chmod(0o755)


def _free_of_place(tree: Path) -> None:
    """Debian's makefiles name each other below /usr/src."""
    for path in tree.parent.glob("linux-headers-*/[M.]*"):
        if path.is_file() and path.name in ("Makefile", ".kernelvariables"):
            path.write_text(re.sub(r"(?<=[ =])/usr/src/", "$(LAB_HEADERS)/usr/src/", path.read_text()))


def _tree(folder: Path, release: str) -> Path:
    return folder / "usr/src" / f"linux-headers-{release}"


def ready(kernel: Kernel, say) -> Headers:
    """The headers of `kernel`, fetched and made fit for this machine if they are not in the cache."""
    packages = choose(kernel, say)

    def make(folder: Path) -> None:
        say(f"fetching {', '.join(f'{p} {v}' for p, v, _ in packages)}")
        for deb in kernels.fetch(kernel.name, packages, folder):
            subprocess.run(["dpkg-deb", "-x", str(deb), str(folder)], check=True)
        for unused in _UNUSED:
            shutil.rmtree(folder / unused, ignore_errors=True)
        tree = _tree(folder, kernel.release)
        _free_of_place(tree)
        _fit_to_compiler(tree)
        _wrap_programs(folder)

    recipe = cache.file_hash(Path(__file__))
    key = cache.key_of(kernel.release, recipe, compiler_version(), *(wanted for _, _, wanted in packages))
    folder = cache.entry("headers", f"{kernel.name}-{key}", make)
    return Headers(folder, _tree(folder, kernel.release))
