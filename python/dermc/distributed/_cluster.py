"""Work on a cluster until all of it is done: what fails on one worker is tried on another, and what comes is handed on."""

import asyncio
import concurrent.futures
import dataclasses
import logging
import os
import pickle
import queue
import statistics
import time
import warnings
from typing import Any, Callable, Dict, Hashable, Iterable, List, Optional, Set, Tuple, Union

from .._program import CommandError
from ._worker import Kit, KitMissing, WorkerTrouble, told

log = logging.getLogger("dermc.distributed")

Scheduler = Union[None, str, Any]

#: Seconds after which a task that was submitted is some worker's.
_SETTLED = 5


class ClusterError(RuntimeError):
    """The cluster could not do it: nobody answers, or workers fail whatever they are given."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a job is.

    Args:
        stage: what is done: `calibrate`, `eval`, `sweep`.
        done, total: shards or recipes, those that were finished before among them.
        item: which of them has just been finished; None at the beginning.
        worker: who did it.
        seconds: what it took there.
        fetched: bytes of data that were fetched for it.
    """

    stage: str
    done: int
    total: int
    item: Optional[Hashable] = None
    worker: str = ""
    seconds: float = 0
    fetched: int = 0


Listener = Callable[[Progress], None]


def listener(progress: Union[bool, Listener, None]) -> Listener:
    """What is told of progress: a function, or with True a bar where tqdm is installed, else lines."""
    if callable(progress):
        return progress
    return _Bar() if progress else lambda _: None


class _Bar:
    """A bar for each stage."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        try:
            from tqdm import tqdm
        except ImportError:
            print(f"dermc {progress.stage}: {progress.done} of {progress.total}", flush=True)
            return
        if self._bar is None or self._stage != progress.stage:
            self._bar = tqdm(total=progress.total, desc=f"dermc {progress.stage}")
            self._stage = progress.stage
        self._bar.update(progress.done - self._bar.n)
        if progress.done >= progress.total:
            self._bar.close()
            self._bar = None


class _Call:
    """A call as a pickle that makes it when it is read: workers read it by `pickle.loads`, and the scheduler, which looks
    at what it hands on, needs nothing of this package."""

    def __init__(self, call: Callable[..., Any], *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
        return self.call, self.arguments

    @property
    def content(self) -> bytes:
        import cloudpickle

        return bytes(cloudpickle.dumps(self))


@dataclasses.dataclass
class _Try:
    """A task that was submitted."""

    item: Hashable
    future: Any
    is_second: bool = False
    #: The worker that is sent the kit with it.
    carries: Optional[str] = None
    #: Whether it is for some workers alone.
    is_bound: bool = False
    since: float = dataclasses.field(default_factory=time.monotonic)


class Cluster:
    """A scheduler and who works for it.

    Args:
        scheduler: the address of one, a client of distributed, or None for the processors of this machine.
        retries: how often one item may fail for a worker's reasons.
        patience: seconds without any result after which what is awaited is also given to others; longer where items
            take long.
        reconnect: seconds for which a scheduler that is gone is waited for.
    """

    def __init__(
        self, scheduler: Scheduler = None, *, retries: int = 3, patience: float = 30, reconnect: float = 300
    ) -> None:
        self.retries, self.patience, self.reconnect = retries, patience, reconnect
        self._given = scheduler
        self._local: Any = None
        self._owned: Any = None

    def __enter__(self) -> "Cluster":
        try:
            from distributed import Client, LocalCluster
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"{error}: pip install 'dermc[distributed]'", name=error.name) from None

        if self._given is None:
            # The work is the program's, so threads that wait for it are enough, and scripts need no main guard.
            self._local = LocalCluster(
                n_workers=1, threads_per_worker=len(os.sched_getaffinity(0)), processes=False,
                dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR,
            )
            self._owned = Client(self._local)
        elif isinstance(self._given, str):
            self._owned = self._connected(self._given)
        return self

    def __exit__(self, *_: object) -> None:
        for owned in (self._owned, self._local):
            if owned is not None:
                owned.close()

    def _connected(self, address: str) -> Any:
        from distributed import Client

        deadline = time.monotonic() + self.reconnect
        while True:
            try:
                return Client(address, timeout="10s")
            except (OSError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    raise ClusterError(f"no scheduler answers at {address}: {error}") from None
                log.warning("no scheduler answers at %s; trying again", address)
                time.sleep(1)
            except ValueError as error:
                raise ClusterError(f"{address} is no address of a scheduler: {error}") from None

    @property
    def client(self) -> Any:
        """The client, connected; one that has given up a scheduler is replaced."""
        client: Any = self._owned if self._owned is not None else self._given
        deadline = time.monotonic() + self.reconnect
        while client.status in ("connecting", "newly-created"):
            if time.monotonic() > deadline:
                raise ClusterError(f"the scheduler has not answered for {self.reconnect:.0f} s")
            time.sleep(0.2)
        if client.status != "running":
            if self._local is not None:
                raise ClusterError("the cluster of this machine was closed")
            self._owned = client = self._connected(client.scheduler.address)
        return client

    def slots(self) -> int:
        """How many tasks run at a time."""
        return sum(self.client.nthreads().values())

    # MARK: Working

    def ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What some worker answers."""
        answer = self.client.submit(pickle.loads, _Call(told, call, *arguments).content, pure=False).result()
        if isinstance(answer, CommandError):
            raise answer
        if isinstance(answer, WorkerTrouble):
            raise ClusterError(str(answer))
        return answer

    def work(
        self, name: str, call: Callable[..., Any], kit: Kit, items: Iterable[Hashable], *arguments: Any,
        done: Callable[[Hashable, Any], None],
    ) -> None:
        """Calls `call(kit, *arguments, item)` for each item on some worker, and hands results on as they come.

        Tasks name the kit by its hash. A worker that has not got it says so, and is sent it with the next task.

        Args:
            name: what the dashboard calls the tasks.

        Raises:
            CommandError: the program refused, in its words.
            ClusterError: workers fail whatever they are given.
        """
        _Work(self, name, call, kit, arguments, done).run(items)


class _Work:
    """Items on their way."""

    def __init__(
        self, cluster: Cluster, name: str, call: Callable[..., Any], kit: Kit, arguments: Tuple[Any, ...],
        done: Callable[[Hashable, Any], None],
    ) -> None:
        self.cluster, self.name, self.call, self.kit, self.arguments, self.done = cluster, name, call, kit, arguments, done
        #: Items that are not finished, and how often each failed.
        self.failures: Dict[Hashable, int] = {}
        #: Workers that an item is kept from.
        self.avoided: Dict[Hashable, Set[str]] = {}
        self.troubled: Set[str] = set()
        self.running: Dict[str, _Try] = {}
        self.arrived: "queue.SimpleQueue[str]" = queue.SimpleQueue()
        #: Items for a worker that the kit is on its way to.
        self.held: Dict[str, List[Hashable]] = {}
        self.took: List[float] = []
        self.heard = time.monotonic()
        self.tries = 0

    def run(self, items: Iterable[Hashable]) -> None:
        self.failures = {item: 0 for item in items}
        try:
            self.submit(list(self.failures))
            while self.failures:
                try:
                    key = self.arrived.get(timeout=1)
                except queue.Empty:
                    self.look()
                    continue
                tried = self.running.pop(key, None)
                if tried is None:
                    continue
                if tried.carries is not None:
                    self.submit(self.open(self.held.pop(tried.carries, [])))
                if tried.item in self.failures:
                    self.take(tried)
        finally:
            for tried in self.running.values():
                tried.future.cancel()

    def open(self, items: Iterable[Hashable]) -> List[Hashable]:
        """Those that are not finished, each once."""
        return [item for item in dict.fromkeys(items) if item in self.failures]

    def submit(self, items: List[Hashable], *, again: bool = False, carrying: Optional[str] = None) -> None:
        """Gives items to workers.

        Args:
            again: others have them, too.
            carrying: the worker that is sent the kit with it.
        """
        if not items:
            return
        client = self.cluster.client
        workers = set(client.nthreads()) if any(self.avoided.get(item) for item in items) else set()
        for item in items:
            self.tries += 1
            key = f"{self.name}-{self.kit.sha256[:12]}-{os.getpid():x}x{id(self):x}x{self.tries}"
            options: Dict[str, Any] = {}
            others = workers - self.avoided.get(item, set())
            if carrying is not None:
                options = {"workers": [carrying], "allow_other_workers": True}
            elif others and self.avoided.get(item):
                options = {"workers": sorted(others), "allow_other_workers": not again}
            with warnings.catch_warnings():
                # A kit may be large: once for each worker.
                warnings.simplefilter("ignore", UserWarning)
                kit: Any = self.kit.sha256 if carrying is None else self.kit
                call = _Call(self.call, kit, *self.arguments, item).content
                future = client.submit(pickle.loads, call, key=key, pure=False, **options)
            self.running[key] = _Try(item, future, again, carrying, bool(options))
            future.add_done_callback(lambda _, key=key: self.arrived.put(key))

    def take(self, tried: _Try) -> None:
        """Takes what has come: a result, or why there is none."""
        item, future = tried.item, tried.future
        if future.status == "finished":
            try:
                made = future.result(timeout=max(self.cluster.patience, 10))
            except LOST as gone:
                log.warning("%s: its result was lost (%s: %s); made again", item, type(gone).__name__, gone)
                self.submit([item])
                return
            if isinstance(made, KitMissing):
                self.send(made.worker, item)
            elif isinstance(made, (CommandError, WorkerTrouble)):
                self.judge(made, item)
            else:
                self.heard = time.monotonic()
                self.took.append(getattr(made, "seconds", 0.0))
                del self.failures[item]
                self.done(item, made)
        elif future.status == "error":
            self.judge(future.exception(), item)
        else:
            # Cancelled: the scheduler went, and all it knew with it.
            lost = [key for key, other in self.running.items() if other.future.status in ("cancelled", "lost")]
            again = [item, *(self.running.pop(key).item for key in lost)]
            again += [held for items in self.held.values() for held in items]
            self.held.clear()
            log.warning("%d tasks were lost with the scheduler; given to it again", len(again))
            self.submit(self.open(again))
            self.heard = time.monotonic()

    def send(self, worker: str, item: Hashable) -> None:
        """Sends a worker the kit along with an item; other items for it wait until it is there."""
        if worker in self.held:
            self.held[worker].append(item)
            return
        log.info("files are sent to %s", worker)
        self.held[worker] = []
        self.submit([item], carrying=worker)

    def judge(self, error: BaseException, item: Hashable) -> None:
        """Gives an item to another worker; or raises what is no worker's trouble, or has been one too often."""
        from distributed.scheduler import KilledWorker

        reason, level = str(error), logging.WARNING
        if isinstance(error, CommandError):
            raise error from None
        if isinstance(error, ModuleNotFoundError):
            raise ClusterError(
                f"a worker lacks {error.name or error}: install the wheel there, pip install 'dermc[distributed]'"
            ) from None
        if isinstance(error, WorkerTrouble):
            self.avoided.setdefault(item, set()).add(error.worker)
            # A worker that can do nothing fails quickly, at everything.
            level = logging.INFO if error.worker in self.troubled else logging.WARNING
            self.troubled.add(error.worker)
        elif isinstance(error, KilledWorker):
            reason = (
                f"{item}: {error.allowed_failures + 1} workers died with it, the last {error.last_worker.address}: it may "
                "need more memory than they have"
            )
        elif not isinstance(error, LOST):
            raise ClusterError(f"{item}: {type(error).__name__}: {error}") from None
        self.failures[item] += 1
        log.log(level, "%s: %s; try %d of %d", item, reason, self.failures[item], self.cluster.retries + 1)
        if self.failures[item] > self.cluster.retries:
            raise ClusterError(reason) from None
        self.submit([item])

    def unbind(self) -> None:
        """Gives tasks for a worker that is gone to others: the scheduler keeps them for it."""
        old = time.monotonic() - _SETTLED
        bound = [key for key, tried in self.running.items() if tried.is_bound and tried.since < old and not tried.future.done()]
        if not bound:
            return
        given = {key for keys in self.cluster.client.processing().values() for key in keys}
        items: List[Hashable] = []
        for key in bound:
            if key not in given:
                tried = self.running.pop(key)
                tried.future.cancel()
                items += [tried.item, *(self.held.pop(tried.carries, []) if tried.carries is not None else [])]
        self.submit(self.open(items))

    def look(self) -> None:
        """Nothing has come for a while: where it is too long, what is awaited is given to others, too, since who has it may
        be stopped or cut off. The first answer counts."""
        self.unbind()
        # Before there was any, nobody knows how long one takes.
        usual = statistics.median(self.took) if self.took else 2.5 * self.cluster.patience
        if time.monotonic() - self.heard < max(self.cluster.patience, 4 * usual):
            return
        self.heard = time.monotonic()
        client = self.cluster.client
        if not client.nthreads():
            log.warning("no worker at %s; waiting", client.scheduler.address)
            return
        twice = {tried.item for tried in self.running.values() if tried.is_second}
        holders = {key: worker for worker, keys in client.processing().items() for key in keys}
        late = [item for items in self.held.values() for item in items]
        for worker, items in self.held.items():
            for item in items:
                self.avoided.setdefault(item, set()).add(worker)
            items.clear()
        for key, tried in self.running.items():
            if key in holders and tried.item in self.failures and tried.item not in twice:
                self.avoided.setdefault(tried.item, set()).add(holders[key])
                late.append(tried.item)
        if late:
            log.warning("%d tasks are late; given to other workers, too", len(late))
            self.submit(self.open(late), again=True)


def _lost_errors() -> Tuple[type, ...]:
    """What asking for a result raises when its worker or scheduler is gone."""
    errors: Tuple[type, ...] = (
        OSError, TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError, asyncio.CancelledError,
        concurrent.futures.CancelledError,
    )
    try:
        from distributed.client import FutureCancelledError
    except ImportError:
        # Of an older version, or not there at all.
        return errors
    return (*errors, FutureCancelledError)


LOST: Any = _lost_errors()
