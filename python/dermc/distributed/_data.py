"""The data of a job: by a path that every worker sees, or by URL, of which a worker fetches what its shard has."""

import csv
import dataclasses
import hashlib
import io
import json
import os
import pathlib
import posixpath
import stat
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

from .._program import CommandError

Path = Union[str, "os.PathLike[str]"]

#: What dermc reads as images and tensors, and what it reads as lists and tables (docs/distributed.md).
IMAGES = frozenset(["jpg", "jpeg", "png", "webp", "tif", "tiff", "bmp"])
TENSORS = frozenset(["npy", "npz", "pb"])
LISTS = frozenset(["txt", "lst"])
TABLES = frozenset(["csv", "tsv"])

#: Folders below each other, as dermc follows them.
_DEPTH = 16
_MASK = (1 << 64) - 1


def refusal(path: object, reason: str, remedy: str = "") -> CommandError:
    """What the program would say of an input that cannot be used."""
    return CommandError(3, f"dermc: error: {path}: {reason}" + (f"; {remedy}" if remedy else ""))


def ending(name: str) -> str:
    """The part of a file's name after its last dot, in lower case."""
    last = posixpath.basename(name)
    return last[last.rindex(".") + 1 :].lower() if "." in last[1:] else ""


def in_order(name: str) -> bytes:
    """What names are sorted by: their bytes on disk."""
    return os.fsencode(name)


def is_url(data: Path) -> bool:
    """Whether data are named by URL: `s3://bucket/folder`, `https://...`, not by a path."""
    return isinstance(data, str) and "://" in data


def base(url: str) -> str:
    """The folder that names are below: a list's or table's own."""
    return url.rsplit("/", 1)[0] if ending(urllib.parse.urlparse(url).path) in TABLES | LISTS else url


def written(options: Mapping[str, Any]) -> str:
    """fsspec's options as they are sent to workers."""
    try:
        return json.dumps(options, sort_keys=True)
    except TypeError as error:
        raise CommandError(2, f"storage_options: {error}: expected what JSON can say") from None


# MARK: Which samples a shard has


def chosen(count: Optional[int], total: int, seed: int) -> List[int]:
    """The positions that `--samples COUNT --seed SEED` chooses of a listing, rising: Fisher-Yates over SplitMix64 (Steele,
    Lea, Flood, 2014), as the program has it."""
    if count is None or count >= total:
        return list(range(total))
    state = seed & _MASK
    numbers: Dict[int, int] = {}
    drawn: List[int] = []
    for index in range(max(0, count)):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        other = index + (z ^ (z >> 31)) % (total - index)
        drawn.append(numbers.get(other, other))
        numbers[other] = numbers.get(index, index)
    return sorted(drawn)


def positions(shard: int, shards: int, total: int) -> range:
    """The positions that a shard has of so many: floor((i - 1) N / n) to floor(i N / n)."""
    return range((shard - 1) * total // shards, shard * total // shards)


# MARK: By URL


@dataclasses.dataclass(frozen=True)
class Remote:
    """Data by URL, as workers are told of them.

    Args:
        listing: the list of names, in the kit; `addresses` beside it, where they are not below `root` by their names.
        samples, seed: which of them are chosen before they are divided.
    """

    url: str
    #: fsspec's options, as JSON. They may hold keys: no log shows them.
    options: str = dataclasses.field(repr=False)
    listing: str
    samples: Optional[int] = None
    seed: int = 0

    def fetch(self, listing: pathlib.Path, folder: pathlib.Path, shard: int, shards: int) -> int:
        """Fetches the files of a shard into a folder; their bytes."""
        names = listing.read_bytes().decode("utf-8", "surrogateescape").split("\n")[:-1]
        picked = chosen(self.samples, len(names), self.seed)
        wanted = [names[picked[at]] for at in positions(shard, shards, len(picked))]
        return fetch(self.url, json.loads(self.options), wanted, folder)


def filesystem(url: str, options: Mapping[str, Any]) -> Tuple[Any, str]:
    """fsspec's file system of a URL, and what it calls the place.

    Raises:
        CommandError: fsspec or the library for that kind of URL is not there.
    """
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(url, **options)
    except (ImportError, ValueError) as error:
        raise refusal(url, str(error), "pip install fsspec and what it needs for this kind of URL") from None
    return system, str(root)


def _address(root: str, name: str) -> str:
    """Where a file is: pages over HTTP name files as URLs do."""
    web = root.startswith(("http://", "https://"))
    return root.rstrip("/") + "/" + (urllib.parse.quote(name, errors="surrogateescape") if web else name)


def fetch(url: str, options: Mapping[str, Any], names: Sequence[str], folder: pathlib.Path) -> int:
    """Fetches files below a URL into a folder, under their names; their bytes."""
    system, root = filesystem(url, options)
    for below in {posixpath.dirname(name) for name in names}:
        (folder / below).mkdir(parents=True, exist_ok=True)
    targets = [folder / name for name in names]
    try:
        if names:
            # Asynchronous file systems fetch several at a time by themselves.
            system.get([_address(root, name) for name in names], [str(path) for path in targets])
    except OSError:
        raise
    except Exception as error:
        # Whatever a library of a server raises is that server's trouble.
        raise OSError(f"{url}: {type(error).__name__}: {error}") from None
    missing = [name for name, path in zip(names, targets) if not path.is_file()]
    if missing:
        raise OSError(f"{url}/{missing[0]}: was listed, and could not be fetched")
    return sum(path.stat().st_size for path in targets)


def _stamp(info: Mapping[str, Any]) -> str:
    """What tells that a file has changed, of what its server tells."""
    known = (info.get(key) for key in ("size", "ETag", "Last-Modified", "LastModified", "mtime", "Content-MD5"))
    return " ".join(str(value) for value in known if value is not None)


@dataclasses.dataclass(frozen=True)
class Listing:
    """What a job's data are.

    Args:
        identity: a hash of names and of what tells that files changed.
        count: files that may be samples.
        names: in the order of the program; only of data by URL.
        table: the table of classes of data by URL, to be given beside the list; its bytes.
    """

    identity: str
    count: int
    names: Tuple[str, ...] = ()
    table: Optional[bytes] = None


def _identity(entries: Iterable[Tuple[str, str]]) -> str:
    total = hashlib.sha256()
    for name, stamp in entries:
        total.update(in_order(name) + b"\0" + stamp.encode() + b"\0")
    return total.hexdigest()


def list_url(url: str, options: Mapping[str, Any], *, labelled: bool, column: Optional[str] = None) -> Listing:
    """Lists the images below a URL, or those that a list or table there names.

    The order is that of the program for a folder with the same files, so that parts are the same.

    Args:
        labelled: whether classes are needed: folders, or the table's.
        column: of a table that names files, where it is not `file`.

    Raises:
        CommandError: nothing is there, or what cannot be divided by names.
    """
    system, root = filesystem(url, options)
    kind = ending(urllib.parse.urlparse(url).path)
    try:
        if kind in TABLES | LISTS:
            return _named(url, bytes(system.cat_file(root)), kind, column, labelled)
        found: Mapping[str, Mapping[str, Any]] = system.find(root, detail=True)
        if not found:
            # A search passes over what it is refused; this is told why.
            system.ls(root, detail=False)
    except CommandError:
        raise
    except Exception as error:
        raise refusal(url, f"cannot be listed: {type(error).__name__}: {error}") from None
    infos: Dict[str, Mapping[str, Any]] = {}
    web = root.startswith(("http://", "https://"))
    for address, info in found.items():
        if not address.startswith(root.rstrip("/") + "/") or info.get("type") == "directory":
            continue
        name = address[len(root.rstrip("/")) + 1 :]
        name = urllib.parse.unquote(name, errors="surrogateescape") if web else name
        parts = name.split("/")
        if name and not any(part.startswith(".") or not part for part in parts) and len(parts) <= _DEPTH:
            infos[_safe(url, name)] = info
    names = sorted((name for name in infos if ending(name) in IMAGES), key=in_order)
    tensor = next((name for name in infos if ending(name) in TENSORS), None)
    if tensor is not None:
        raise refusal(
            url, f"has tensors ({tensor}), and how many samples a file of them holds only its contents tell",
            "give a path that every worker sees"
        )
    if not names:
        raise refusal(url, f"has no images (.{', .'.join(sorted(IMAGES))})")
    table = None
    if labelled:
        loose = next((name for name in infos if "/" not in name and ending(name) in TABLES), None)
        if loose is not None:
            raise refusal(url, f"has a table, {loose}", f"give {url.rstrip('/')}/{loose} as the data, or take it away")
        # Class by class, as folders are read, and files that are in none left out.
        inside = [name for name in names if "/" in name]
        names = sorted(inside, key=lambda name: (in_order(name.split("/")[0]), in_order(name)))
        if not names:
            raise refusal(url, "has no class folders", "give a table with the columns file,label as the data")
        table = _table(names)
    return Listing(_identity(_stamped(system, root, names, infos)), len(names), tuple(names), table)


def _safe(url: str, name: str) -> str:
    if any(part in ("", ".", "..") for part in name.split("/")) or any(mark in name for mark in "\0\n\r"):
        raise refusal(url, f"names a file {name!r}, which cannot be fetched into a folder")
    return name


def _stamped(
    system: Any, root: str, names: Sequence[str], infos: Mapping[str, Mapping[str, Any]]
) -> Iterator[Tuple[str, str]]:
    """Names beside what tells that files changed; listings over HTTP do not tell, so each is asked for."""
    stamps = {name: _stamp(infos.get(name, {})) for name in names}
    unknown = [name for name in names if not stamps[name]]
    with ThreadPoolExecutor(16) as pool:
        def asked(name: str) -> str:
            try:
                return _stamp(system.info(_address(root, name)))
            except Exception:
                # It is told by the worker that cannot fetch it.
                return "cannot be asked"

        stamps.update(zip(unknown, pool.map(asked, unknown)))
    return ((name, stamps[name]) for name in names)


def _table(names: Iterable[str]) -> bytes:
    """The classes that folders tell, as a table."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "label"])
    rows.writerows([name, name.split("/")[0]] for name in names)
    return text.getvalue().encode("utf-8", "surrogateescape")


def table_names(content: bytes, kind: str, column: Optional[str]) -> List[str]:
    """The files that a table names, in its order."""
    text = io.StringIO(content.decode("utf-8-sig", "surrogateescape"), newline="")
    rows = csv.DictReader(text, delimiter="\t" if kind == "tsv" else ",")
    name = column or "file"
    if name not in (rows.fieldnames or []):
        raise KeyError(name)
    return [row[name] for row in rows if row[name]]


def _named(url: str, content: bytes, kind: str, column: Optional[str], labelled: bool) -> Listing:
    table = None
    if kind in TABLES:
        try:
            names = table_names(content, kind, column)
        except (KeyError, csv.Error) as error:
            raise refusal(url, f"has no column {error} that names files", "say which with image_column") from None
        table = content
    else:
        names = [line.rstrip("\r") for line in content.decode("utf-8", "surrogateescape").split("\n") if line.strip()]
        if labelled:
            raise refusal(url, "names files, not their classes", "give a table with columns file,label in its place")
    for name in names:
        if ending(_safe(url, name)) not in IMAGES:
            raise refusal(url, f"names {name}, which is no image (.{', .'.join(sorted(IMAGES))})")
    if not names:
        raise refusal(url, "names no images")
    return Listing(hashlib.sha256(content).hexdigest(), len(names), tuple(names), table)


# MARK: By path


def list_path(data: str) -> Listing:
    """What is at a path, without a look into files: counted, and told by names, sizes and times."""
    try:
        if os.path.isdir(data):
            files = sorted(_files(data), key=lambda entry: in_order(entry[0]))
            count = sum(ending(name) in IMAGES | TENSORS for name, _ in files)
            return Listing(_identity(files), count)
        content = pathlib.Path(data).read_bytes()
    except OSError as error:
        raise refusal(data, error.strerror or str(error)) from None
    kind, folder = ending(data), os.path.dirname(data)
    if kind in TABLES:
        try:
            names = table_names(content, kind, None)
        except (KeyError, csv.Error):
            # Which column names files the program knows; lines are about as many.
            names = content.decode("utf-8", "surrogateescape").split("\n")[1:]
    elif kind in LISTS:
        names = [line.rstrip("\r") for line in content.decode("utf-8", "surrogateescape").split("\n") if line.strip()]
    else:
        names = [os.path.basename(data)]
    entries = [(name, _stat(os.path.join(folder, name))) for name in names]
    return Listing(_identity([(hashlib.sha256(content).hexdigest(), ""), *entries]), len(names))


def _stat(path: str) -> str:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return "missing"
    return f"{found.st_size} {found.st_mtime_ns}"


def _files(folder: str, prefix: str = "", depth: int = 0) -> Iterator[Tuple[str, str]]:
    """All files below a folder but hidden ones, with size and time; links to folders are followed."""
    if depth >= _DEPTH:
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                found = entry.stat()
            except OSError:
                continue
            if stat.S_ISDIR(found.st_mode):
                yield from _files(entry.path, f"{prefix}{entry.name}/", depth + 1)
            elif stat.S_ISREG(found.st_mode):
                yield prefix + entry.name, f"{found.st_size} {found.st_mtime_ns}"
