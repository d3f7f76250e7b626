"""For tests: a cache of their own."""
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock


class PrivateCache(unittest.TestCase):
    def setUp(self):
        self.home = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.home)
        patch = mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(self.home)})
        patch.start()
        self.addCleanup(patch.stop)
        self.environ = os.environ
