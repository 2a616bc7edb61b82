"""Finished parts, kept in a folder and put together as a tree while others are still being made."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import tempfile
from typing import IO, Dict, Iterator, List, Optional, Tuple

from .. import _program
from .._program import CommandError

#: Parts that are merged at a time: 32 levels of two merge more often, one of all merges at the end.
FAN = 32


class Parts:
    """The parts of one job, by what is in them.

    A file `LEVEL-INDEX.KIND` holds the shards from INDEX * FAN^LEVEL on, FAN^LEVEL of them or what there is. Files appear
    whole or not at all, and those that a merged one holds are removed after it is there. So whatever happens, what was
    finished is in one of the files.

    Args:
        folder: of this job alone; one process at a time works in it.
        kind: the ending of its files.
    """

    def __init__(self, folder: pathlib.Path, kind: str, shards: int) -> None:
        self.folder, self.kind, self.shards = folder, kind, shards
        self.top = 0
        while FAN**self.top < shards:
            self.top += 1
        self._nodes: Dict[Tuple[int, int], pathlib.Path] = {}
        self._lock: Optional[IO[bytes]] = None

    # MARK: Opening

    def open(self) -> None:
        """Takes up what is there; what is damaged is thrown away, and made again.

        Raises:
            CommandError: another process works in the folder.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = open(self.folder / "lock", "ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise CommandError(
                3, f"dermc: error: {self.folder}: another process makes the same parts: wait for it, or give another folder"
            ) from None
        self._lock = lock
        for path in sorted(self.folder.iterdir()):
            if path.name.startswith("aside-"):
                shutil.rmtree(path)
                continue
            node = self._node(path)
            if node is None:
                continue
            try:
                _program.run(["verify", path, "--quiet"])
                self._nodes[node] = path
            except CommandError:
                path.unlink()
        # Of a process that ended between writing what is merged and removing what it was merged from.
        for level, index in list(self._nodes):
            if any((above, index // FAN ** (above - level)) in self._nodes for above in range(level + 1, self.top + 1)):
                self._remove((level, index))
        for node in sorted(self._nodes):
            self._climb(node)

    def close(self) -> None:
        """Lets others in."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _node(self, path: pathlib.Path) -> Optional[Tuple[int, int]]:
        level, dash, index = path.stem.partition("-")
        if path.suffix != f".{self.kind}" or not (dash and level.isdecimal() and index.isdecimal()):
            return None
        node = int(level), int(index)
        return node if node[0] <= self.top and node[1] * FAN ** node[0] < self.shards else None

    # MARK: Asking

    def missing(self) -> List[int]:
        """The shards that are to be made, from 1."""
        have = bytearray(self.shards)
        for level, index in self._nodes:
            first, last = index * FAN**level, min((index + 1) * FAN**level, self.shards)
            have[first:last] = b"\1" * (last - first)
        return [at + 1 for at in range(self.shards) if not have[at]]

    @property
    def whole(self) -> pathlib.Path:
        """The file of all shards, once none is missing."""
        return self._nodes[(self.top, 0)]

    # MARK: Adding

    def add(self, shard: int, content: bytes) -> None:
        """Keeps a part, and merges what is complete with it.

        Raises:
            CommandError: the parts do not belong together.
        """
        node = (0, shard - 1)
        path = self._path(node)
        with self._aside() as aside:
            aside.write_bytes(content)
            self._keep(aside, path)
        self._nodes[node] = path
        self._climb(node)

    def _climb(self, node: Tuple[int, int]) -> None:
        while node[0] < self.top and node in self._nodes:
            parent = (node[0] + 1, node[1] // FAN)
            step = FAN ** node[0]
            first = parent[1] * FAN
            last = min(first + FAN, (self.shards + step - 1) // step)
            below = [(node[0], index) for index in range(first, last)]
            if not all(child in self._nodes for child in below):
                return
            path = self._path(parent)
            if len(below) == 1:
                os.replace(self._nodes.pop(below[0]), path)
                self._nodes[parent] = path
            else:
                with self._aside() as aside:
                    try:
                        _program.run(["merge", *(self._nodes[child] for child in below), "--quiet", "--output", aside])
                    except CommandError as error:
                        # Workers that see other files under the same names, or files that changed meanwhile.
                        raise CommandError(
                            error.exit_code, f"{error}; see that all workers have the same data, remove {self.folder} and try "
                            "again"
                        ) from None
                    self._keep(aside, path)
                self._nodes[parent] = path
                for child in below:
                    self._remove(child)
            node = parent

    def _path(self, node: Tuple[int, int]) -> pathlib.Path:
        return self.folder / f"{node[0]}-{node[1]}.{self.kind}"

    def _remove(self, node: Tuple[int, int]) -> None:
        self._nodes.pop(node).unlink()

    @contextlib.contextmanager
    def _aside(self) -> Iterator[pathlib.Path]:
        """A file's place until it is whole."""
        with tempfile.TemporaryDirectory(prefix="aside-", dir=self.folder) as folder:
            yield pathlib.Path(folder) / f"part.{self.kind}"

    @staticmethod
    def _keep(aside: pathlib.Path, path: pathlib.Path) -> None:
        """Puts a file in its place, on disk."""
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
