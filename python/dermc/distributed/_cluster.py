"""Work on a cluster until all of it is done: what fails on one worker is tried on another, and what comes is handed on."""

import dataclasses
import logging
import os
import queue
import statistics
import time
from typing import Any, Callable, Dict, Hashable, Iterable, List, Optional, Set, Tuple, Union

from .._program import CommandError
from ._worker import Kit, WorkerTrouble, told

log = logging.getLogger("dermc.distributed")

Scheduler = Union[None, str, Any]


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


@dataclasses.dataclass
class _Try:
    """A task that was submitted."""

    item: Hashable
    future: Any
    is_second: bool = False


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
        self._kits: Dict[str, Any] = {}
        self._tried = 0

    def __enter__(self) -> "Cluster":
        from distributed import Client, LocalCluster

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

    def _sent(self, client: Any, kit: Kit) -> Any:
        """The kit as workers have it: sent once, and again only where it was lost."""
        known = self._kits.get(kit.sha256)
        if known is None or known.client is not client or known.status != "finished":
            while not client.nthreads():
                log.warning("no worker yet; waiting")
                client.wait_for_workers(1, timeout=self.reconnect)
            known = client.scatter(kit, broadcast=True, hash=False)
            self._kits[kit.sha256] = known
        return known

    def slots(self) -> int:
        """How many tasks run at a time."""
        return sum(self.client.nthreads().values())

    # MARK: Working

    def ask(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """What some worker answers."""
        answer = self.client.submit(told, call, *arguments, pure=False).result()
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

        Args:
            name: what the dashboard calls the tasks.

        Raises:
            CommandError: the program refused, in its words.
            ClusterError: workers fail whatever they are given.
        """
        open_items: Dict[Hashable, int] = {item: 0 for item in items}
        avoided: Dict[Hashable, Set[str]] = {}
        running: Dict[str, _Try] = {}
        arrived: "queue.SimpleQueue[str]" = queue.SimpleQueue()
        took: List[float] = []
        heard = time.monotonic()

        def submit(wanted: List[Hashable], second: bool = False) -> None:
            client = self.client
            sent = self._sent(client, kit)
            workers = set(client.nthreads()) if any(map(avoided.get, wanted)) else set()
            for item in wanted:
                self._tried += 1
                key = f"{name}-{kit.sha256[:12]}-{os.getpid():x}{id(self):x}x{self._tried}"
                others = workers - avoided.get(item, set())
                options = {"workers": sorted(others)} if others and avoided.get(item) else {}
                future = client.submit(call, sent, *arguments, item, key=key, pure=False, **options)
                running[key] = _Try(item, future, second)
                future.add_done_callback(lambda _, key=key: arrived.put(key))

        try:
            submit(list(open_items))
            while open_items:
                try:
                    key = arrived.get(timeout=1)
                except queue.Empty:
                    silence = time.monotonic() - heard
                    if silence > max(self.patience, 4 * statistics.median(took) if took else 0):
                        heard = time.monotonic()
                        self._hedge(open_items, running, avoided, submit)
                    continue
                tried = running.pop(key, None)
                if tried is None or tried.item not in open_items:
                    continue
                item, future = tried.item, tried.future
                if future.status == "finished":
                    try:
                        made = future.result()
                    except (OSError, TimeoutError, CancelledErrors) as gone:
                        log.warning("a result was lost with the scheduler (%s); made again", gone)
                        submit([item])
                        continue
                    heard = time.monotonic()
                    if isinstance(made, (CommandError, WorkerTrouble)):
                        self._judge(made, item, open_items, avoided)
                        submit([item])
                        continue
                    took.append(getattr(made, "seconds", 0.0))
                    del open_items[item]
                    done(item, made)
                    continue
                error = future.exception() if future.status == "error" else None
                if error is None:
                    # Cancelled: the scheduler went, and all it knew with it.
                    again = [item]
                    for other in [key for key, entry in running.items() if entry.future.status in ("cancelled", "lost")]:
                        again.append(running.pop(other).item)
                    log.warning("%d tasks were lost with the scheduler; submitted again", len(again))
                    submit([entry for entry in dict.fromkeys(again) if entry in open_items])
                    heard = time.monotonic()
                    continue
                self._judge(error, item, open_items, avoided)
                submit([item])
        finally:
            for tried in running.values():
                tried.future.cancel()

    def _judge(
        self, error: BaseException, item: Hashable, open_items: Dict[Hashable, int], avoided: Dict[Hashable, Set[str]]
    ) -> None:
        """Raises what is no worker's trouble, or has been one too often."""
        from distributed.scheduler import KilledWorker

        reason = str(error)
        if isinstance(error, CommandError):
            raise error from None
        if isinstance(error, ModuleNotFoundError):
            raise ClusterError(
                f"a worker or the scheduler lacks {error.name or error}: install the wheel there, pip install "
                "'dermc[distributed]'"
            ) from None
        if isinstance(error, WorkerTrouble):
            avoided.setdefault(item, set()).add(error.worker)
        elif isinstance(error, KilledWorker):
            reason = (
                f"{item}: {error.allowed_failures + 1} workers died with it, the last {error.last_worker.address}: it may "
                "need more memory than they have"
            )
        elif not isinstance(error, (OSError, TimeoutError, CancelledErrors)):
            raise ClusterError(f"{item}: {type(error).__name__}: {error}") from None
        open_items[item] += 1
        log.warning("%s: %s; try %d of %d", item, reason, open_items[item], self.retries + 1)
        if open_items[item] > self.retries:
            raise ClusterError(reason) from None

    def _hedge(
        self, open_items: Dict[Hashable, int], running: Dict[str, _Try], avoided: Dict[Hashable, Set[str]],
        submit: Callable[[List[Hashable], bool], None],
    ) -> None:
        """Gives what is awaited to others, too: who has it may be stopped, or cut off. The first answer counts."""
        twice = {tried.item for tried in running.values() if tried.is_second}
        holders = {key: worker for worker, keys in self.client.processing().items() for key in keys}
        late: List[Hashable] = []
        for key, tried in running.items():
            if key in holders and tried.item in open_items and tried.item not in twice:
                avoided.setdefault(tried.item, set()).add(holders[key])
                late.append(tried.item)
        if late:
            log.warning("%d tasks are late; given to other workers, too", len(late))
            submit(late, True)


def _cancelled_errors() -> Tuple[type, ...]:
    try:
        import asyncio
        import concurrent.futures

        errors: Tuple[type, ...] = (concurrent.futures.CancelledError, asyncio.CancelledError)
        from distributed.client import FutureCancelledError

        return (*errors, FutureCancelledError)
    except ImportError:
        return errors


CancelledErrors: Any = _cancelled_errors()
