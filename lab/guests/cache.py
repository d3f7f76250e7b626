"""Entries kept by content below ${XDG_CACHE_HOME:-~/.cache}/leakscope.

An entry is a folder named by the key of all that it was made from, and it lists the hash of each of its files. It
appears by one rename when it is whole; one that no longer matches its own list is thrown away and made again.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

MANIFEST = "manifest.json"


def root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The base directory specification: a relative path is to be ignored.
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "leakscope"


def file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def key_of(*parts: str) -> str:
    """One key for several inputs; where one ends and the next begins is part of it."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _hashes(folder: Path) -> dict:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink() and p.name != MANIFEST)
    return {str(p.relative_to(folder)): file_hash(p) for p in files}


def is_whole(entry: Path) -> bool:
    try:
        listed = json.loads((entry / MANIFEST).read_text())
        return listed == _hashes(entry)
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def locked(path: Path):
    """Holds the lock file at `path`; another process that wants the same waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def entry(kind: str, key: str, make) -> Path:
    """The entry `key`; make(folder) fills it when it is missing or broken."""
    home = root() / kind
    path = home / key
    with locked(home / f".{key}.lock"):
        if is_whole(path):
            return path
        shutil.rmtree(path, ignore_errors=True)
        for left in home.glob(f".{key}.*/"):  # by one that was killed while it made it
            shutil.rmtree(left, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{key}.", dir=home))
        try:
            make(fresh)
            (fresh / MANIFEST).write_text(json.dumps(_hashes(fresh), indent=0))
            fresh.rename(path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return path
