#!/usr/bin/env python3
"""Holds the layer table of ARCHITECTURE.md: who may include whom, checked against every #include below src/.

Reads the one table whose header begins with "module | may include". A row names modules by their folder below src/;
`sources/*` makes each folder in src/sources/ a module of its own; a row `main.cc` stands for that file. What a row may
include are names of the same kinds; a module may always include itself. There is no way to excuse a line: a wanted
exception is a change of the table.

usage: layers.py REPOSITORY    exit code 1 when something is violated, 2 when the table cannot be read
"""
import pathlib
import re
import sys

SOURCE_SUFFIXES = {".h", ".cc", ".c", ".def"}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')
CODE = re.compile(r"`([^`]+)`")


class TableError(Exception):
    pass


def read_table(text):
    """{module or pattern: (line number, [modules or patterns it may include])}"""
    rows = {}
    in_table = False
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            in_table = False
        elif cells[:2] == ["module", "may include"]:
            in_table = True
        elif in_table and len(cells) >= 2 and not set(cells[0]) <= set("-: "):
            for module in CODE.findall(cells[0]):
                if module in rows:
                    raise TableError(f"ARCHITECTURE.md:{number}: a second row for {module}")
                rows[module] = (number, CODE.findall(cells[1]))
    if not rows:
        raise TableError('ARCHITECTURE.md: no table "| module | may include |"')
    for number, allowed in rows.values():
        for module in allowed:
            if module not in rows and module.split("/")[0] + "/*" not in rows:
                raise TableError(f"ARCHITECTURE.md:{number}: no row for {module}")
    return rows


def module_of(path, rows):
    """The module that a path below src/ belongs to, and its row; (folder, None) when no row names it."""
    parts = path.split("/")
    if path in rows:
        return path, path
    if len(parts) > 2 and f"{parts[0]}/*" in rows:
        module = f"{parts[0]}/{parts[1]}"
        return module, module if module in rows else f"{parts[0]}/*"
    folder = parts[0] if len(parts) > 1 else path
    return folder, folder if folder in rows else None


def may_include(rows, row, module, target):
    if module == target:
        return True
    pattern = target.split("/")[0] + "/*" if "/" in target else target
    allowed = rows[row][1]
    return target in allowed or pattern in allowed


def check_file(source, src, rows):
    path = source.relative_to(src).as_posix()
    module, row = module_of(path, rows)
    if row is None:
        return [f"{path}: {module} is in no row of the table in ARCHITECTURE.md"]
    found = []
    for number, line in enumerate(source.read_text(errors="replace").splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        wanted = include.group(1)
        if "/" not in wanted and not (src / wanted).exists() and not (source.parent / wanted).exists():
            continue  # generated into the build tree: BPF skeletons, vmlinux.h
        target, target_row = module_of(wanted, rows)
        if target_row is None:
            found.append(f'{path}:{number}: "{wanted}" is in no module; includes start at src/')
        elif not may_include(rows, row, module, target):
            found.append(f"{path}:{number}: {module} may not include {target}")
    return found


def check(root):
    src = root / "src"
    rows = read_table((root / "ARCHITECTURE.md").read_text())
    sources = sorted(p for p in src.rglob("*") if p.suffix in SOURCE_SUFFIXES and "testdata" not in p.parts)
    if not sources:
        raise TableError(f"{src}: no sources")
    return [violation for source in sources for violation in check_file(source, src, rows)]


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        violations = check(pathlib.Path(sys.argv[1]))
    except (OSError, TableError) as error:
        print(error, file=sys.stderr)
        return 2
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
