import unittest
from pathlib import Path

from guests import cache
from private_cache import PrivateCache


class KeyTest(unittest.TestCase):
    def test_depends_on_each_part_and_on_where_it_ends(self):
        keys = {cache.key_of("a", "b"), cache.key_of("ab"), cache.key_of("a", "", "b"), cache.key_of("b", "a")}
        self.assertEqual(len(keys), 4)
        self.assertEqual(cache.key_of("a", "b"), cache.key_of("a", "b"))


class RootTest(PrivateCache):
    def test_follows_xdg_unless_that_is_relative_or_empty(self):
        self.assertEqual(cache.root(), self.home / "leakscope")
        for value in ("", "relative/path"):
            self.environ["XDG_CACHE_HOME"] = value
            self.assertEqual(cache.root(), Path.home() / ".cache" / "leakscope")


class EntryTest(PrivateCache):
    def setUp(self):
        super().setUp()
        self.made = 0

    def make(self, folder):
        self.made += 1
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("content")

    def test_is_made_once(self):
        first = cache.entry("kinds", "key", self.make)
        self.assertEqual(cache.entry("kinds", "key", self.make), first)
        self.assertEqual(self.made, 1)
        self.assertEqual((first / "sub" / "file").read_text(), "content")

    def test_that_is_broken_is_made_again(self):
        def change(entry):
            (entry / "sub" / "file").write_text("contenT")

        def lose(entry):
            (entry / "sub" / "file").unlink()

        def add(entry):
            (entry / "more").write_text("")

        def cut_the_list(entry):
            listed = entry / cache.MANIFEST
            listed.write_bytes(listed.read_bytes()[:-5])

        for harm in (change, lose, add, cut_the_list):
            with self.subTest(harm.__name__):
                entry = cache.entry("kinds", "key", self.make)
                before = self.made
                harm(entry)
                self.assertFalse(cache.is_whole(entry))
                cache.entry("kinds", "key", self.make)
                self.assertEqual(self.made, before + 1)
                self.assertTrue(cache.is_whole(entry))

    def test_what_a_killed_one_left_goes(self):
        left = cache.root() / "kinds" / ".key.half"
        left.mkdir(parents=True)
        (left / "file").write_text("")
        other = cache.root() / "kinds" / ".other.half"
        other.mkdir()
        cache.entry("kinds", "key", self.make)
        self.assertFalse(left.exists())
        self.assertTrue(other.exists())

    def test_that_cannot_be_made_leaves_nothing(self):
        def fail(folder):
            (folder / "half").write_text("")
            raise OSError("no space")

        with self.assertRaises(OSError):
            cache.entry("kinds", "key", fail)
        self.assertEqual([p.name for p in (cache.root() / "kinds").iterdir()], [".key.lock"])


if __name__ == "__main__":
    unittest.main()
