"""What was recorded, kept in a folder: one folder for each unit, with the key of what it was made from."""
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

META = "unit.json"
RECORDING = "recording.lsr"


@dataclass(frozen=True)
class Kept:
    """A unit's recording, or why there is none."""
    recording: Path | None
    why: str | None
    company: tuple = ()  # names of the scenarios that were recorded together, this one among them


class Store:
    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, unit, key: str, made: Path, why: str | None, company=()) -> None:
        """Takes the folder `made`; what an earlier run left of the unit goes."""
        place = self.folder / unit.name
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(made, place)
        # Last: a unit without it was not finished.
        (place / META).write_text(json.dumps({"key": key, "why": why, "company": list(company)}) + "\n")

    def get(self, unit, key: str) -> Kept | None:
        """None when nothing was kept, or of something else than `key`."""
        place = self.folder / unit.name
        try:
            meta = json.loads((place / META).read_text())
            if meta["key"] != key:
                return None
            if meta["why"] is not None:
                return Kept(None, str(meta["why"]))
            return Kept(place / RECORDING, None, tuple(meta["company"])) if (place / RECORDING).is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
