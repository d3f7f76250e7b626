"""The zoo's programs: where they were built, and which of them a command starts."""
import shlex
import shutil
from pathlib import Path

from guests.errors import LabError

# What the parts of a command are never taken for.
_BUILT_IN = {"cd", "echo", "exec", "exit", "for", "if", "true", "ulimit", "while", "."}


class Programs:
    def __init__(self, folders):
        self._by_name = {path.name: path for folder in reversed([Path(f) for f in folders]) if folder.is_dir()
                         for path in folder.iterdir() if path.is_file() and path.stat().st_mode & 0o100}

    def of(self, commands) -> dict:
        """Those that the commands name, by name; libraries of the zoo (named as files) among them."""
        words = {word.rsplit("/", 1)[-1] for command in commands for word in _words(command)}
        return {name: self._by_name[name] for name in sorted(words & set(self._by_name))}

    def missing(self, commands, needs) -> list:
        """What of it this machine, and so the guest, does not have."""
        wanted = [first_word(command) for command in commands]
        gone = [name for name in wanted if name not in self._by_name and not _here(name)]
        return sorted({*gone, *(need for need in needs if not _here(need))})


def _words(command: str) -> list:
    try:
        return shlex.split(command.replace(";", " ").replace("&", " ").replace("|", " "))
    except ValueError as error:
        raise LabError(f"no command: {command}: {error}") from error


def first_word(command: str) -> str:
    """The program that a command starts, behind `env`, its settings, and `exec`."""
    words = [word for word in _words(command) if word not in ("env", "exec") and "=" not in word.split("/")[0]]
    return words[0] if words else "env"


def _here(name: str) -> bool:
    return Path(name).exists() if name.startswith("/") else name in _BUILT_IN or shutil.which(name) is not None
