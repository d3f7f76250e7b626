import json
import tempfile
import unittest
from pathlib import Path

from guests.balloon import FILE, Balloon


class BalloonTest(unittest.TestCase):
    def setUp(self):
        self._scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self._scratch.cleanup)
        self.control, self.said = Path(self._scratch.name), []
        self.balloon = self.enterContext(Balloon(self.control, 1024, self.said.append))
        self.balloon.theirs.settimeout(5)

    def wish(self, text: str) -> None:
        (self.control / FILE).write_text(text)
        self.balloon.pass_on()

    def commands(self) -> list:
        """What QEMU would have read by now."""
        self.balloon.theirs.setblocking(False)
        try:
            return [json.loads(line) for line in self.balloon.theirs.recv(1 << 16).splitlines()]
        except BlockingIOError:
            return []

    def test_what_the_guest_does_without_is_taken_from_its_size(self):
        self.balloon.pass_on()
        self.assertEqual(self.commands(), [])
        self.wish("96\n")
        hello, taken = self.commands()
        self.assertEqual(hello, {"execute": "qmp_capabilities"})
        self.assertEqual(taken, {"execute": "balloon", "arguments": {"value": 928 << 20}})

    def test_each_wish_is_passed_on_once_and_a_half_written_one_not(self):
        self.wish("64\n")
        self.commands()
        self.balloon.pass_on()
        self.wish("")
        self.wish("6")
        self.assertEqual(self.commands(), [])
        self.wish("0\n")
        self.assertEqual([command["arguments"]["value"] for command in self.commands()], [1024 << 20])

    def test_what_cannot_be_is_told_once(self):
        for wish in ("1024\n", "-5\n", "much\n"):
            with self.subTest(wish):
                self.said.clear()
                self.wish(wish)
                self.balloon.pass_on()
                self.assertEqual((self.commands(), len(self.said)), ([], 1))

    def test_an_error_of_the_monitor_is_told(self):
        self.balloon.theirs.sendall(b'{"QMP": {"version": {}}}\n{"return": {}}\n{"error": {"class": "DeviceNotActive", "de')
        self.balloon.pass_on()
        self.assertEqual(self.said, [])
        self.balloon.theirs.sendall(b'sc": "No balloon"}}\n')
        self.balloon.pass_on()
        self.assertEqual(self.said, ["QEMU's monitor: No balloon"])


if __name__ == "__main__":
    unittest.main()
