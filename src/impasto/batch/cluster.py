"""The executor of a cluster: actors of Ray on its machines, to which everything that a picture is made of is sent."""

import contextlib
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from impasto.batch.actor import PictureActor
from impasto.batch.executor import Task, TaskFailed, TaskProgress, TaskRequeued, TaskStarted, Update
from impasto.batch.payload import Packer
from impasto.cluster.connect import START_SECONDS, ClusterError, check_address, check_installed, connected, load_ray
from impasto.cluster.machine import ActorReport
from impasto.engine.sharing import WORKERS_ON_GPU
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImpastoError, OutOfMemoryError, SettingsError, count_noun
from impasto.settings import Settings
from impasto.wording import argument

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0
"""Between two looks at the machines of the cluster."""
_PLACE_SECONDS = 30.0
"""For a machine to join that has what a picture takes."""
_MOST_LOSSES = 5
"""Of the workers of one picture, and of workers one after another that end before they have begun."""
_REPORTS_A_SECOND = 100
"""Of how far pictures have come, from all actors together, about."""
_LEAST_SECONDS = 0.25
_CLOSE_SECONDS = 1.0
_MEMORY_STEP = 256 * 2**20
"""To which the memory of an actor is rounded up, so that it does for other pictures, too."""


@dataclass(frozen=True)
class ActorNeeds:
    """What an actor takes of a machine."""

    cpus: int
    gpus: float
    memory: int
    """Bytes."""

    def suffice(self, other: "ActorNeeds") -> bool:
        """Whether an actor with these can paint what needs the others; the number of threads is part of the result."""
        return self.cpus == other.cpus and self.gpus == other.gpus and self.memory >= other.memory

    def count_on(self, resources: dict[str, float]) -> int:
        """Give how many such actors a machine with these resources holds."""
        held = min(resources.get(name, 0.0) / amount for name, amount in self._amounts().items() if amount)
        return max(0, math.floor(held))

    def take_from(self, resources: dict[str, float]) -> None:
        """Take away what one such actor holds."""
        for name, amount in self._amounts().items():
            resources[name] = resources.get(name, 0.0) - amount

    def _amounts(self) -> dict[str, float]:
        return {"CPU": self.cpus, "GPU": self.gpus, "memory": self.memory}

    def __str__(self) -> str:
        gpu = ["a GPU"] if self.gpus else []
        return f"{' and '.join([count_noun(self.cpus, 'core'), *gpu])} and {self.memory / 1e9:.1f} GB of memory"


@dataclass(eq=False)
class _Actor:
    handle: Any
    needs: ActorNeeds
    report: ActorReport | None = None
    """None until it has started."""
    task: Task | None = None


class ClusterExecutor:
    """Paints on a cluster.

    Args:
        address: of the cluster; see `cluster.connect.connected`.
        workers: pictures at once, at most; None for as many as the cluster holds.
        jobs: how many there are to be painted; None where that is not known.

    Raises:
        InputError: Ray is not installed, or the address is none.
    """

    def __init__(self, address: str, workers: int | None, jobs: int | None) -> None:
        check_address(address)
        check_installed()
        self._address = address
        self._most = math.inf if workers is None else workers
        self._left = math.inf if jobs is None else jobs
        self._ray: Any
        self._packer: Packer
        self._actors: list[_Actor] = []
        self._waits: dict[Any, _Actor] = {}
        """What is waited for: the reports of new actors, and the updates of those that paint."""
        self._again: deque[Task] = deque()
        self._losses: Counter[int] = Counter()
        self._failed_starts = 0
        self._nodes: list[dict[str, Any]] = []
        self._looked = -math.inf
        self._placeless_since: float | None = None
        self._actorless_since: float | None = None
        self._next: Task | None = None

    def run(self, tasks: Iterator[Task | None], stop: Callable[[], bool]) -> Generator[Update, None, None]:
        """Paint; see `Executor`. Once it ends, in whatever way, no actor is left.

        Raises:
            ClusterError: no cluster answers, no machine has what a picture takes, or workers cannot be started.
            SettingsError: the settings name a GPU by its number.
        """
        with connected(self._address, in_flight=0):
            self._ray = load_ray()
            self._packer = Packer(self._ray.put)
            try:
                more = True
                while not stop():
                    self._look()
                    while more or self._next or self._again:
                        try:
                            self._next = self._next or (self._again.popleft() if self._again else next(tasks))
                        except StopIteration:
                            more = False
                            break
                        if self._next is None or not (actor := self._find_actor(self._needs_of(self._next))):
                            break
                        yield from self._begin(actor, self._next)
                    if not (more or self._next or self._again or any(actor.task for actor in self._actors)):
                        return
                    yield from self._receive()
            finally:
                self._close()

    def _look(self) -> None:
        """Look at the machines now and then, and forget the actors of those that are gone."""
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        self._nodes = [node for node in self._ray.nodes() if node["Alive"]]
        alive = {node["NodeID"] for node in self._nodes}
        for actor in [it for it in self._actors if it.report and not it.task and it.report.node not in alive]:
            self._drop(actor)

    def _needs_of(self, task: Task) -> ActorNeeds:
        gpus = _gpu_share(task.settings, has_gpus=any(node["Resources"].get("GPU") for node in self._nodes))
        needs = ActorNeeds(task.settings.threads, gpus, math.ceil(task.memory / _MEMORY_STEP) * _MEMORY_STEP)
        fitting = [node["Resources"] for node in self._nodes if replace(needs, memory=0).count_on(node["Resources"])]
        most = max((resources.get("memory", 0.0) for resources in fitting), default=math.inf)
        return replace(needs, memory=int(min(needs.memory, most)))  # by itself a picture can always begin

    def _find_actor(self, needs: ActorNeeds) -> _Actor | None:
        """Give an idle actor that can paint what needs this; where there is none, see that there will be.

        Raises:
            ClusterError: no machine of the cluster has as much, or none has had room for any actor for long.
        """
        idle = [actor for actor in self._actors if actor.report and not actor.task]
        for actor in idle:
            if actor.needs.suffice(needs):
                return actor
        self._check_room(needs, sum(needs.count_on(node["Resources"]) for node in self._nodes))
        self._check_started(needs)
        starting = [actor for actor in self._actors if not actor.report]
        if not any(actor.needs.suffice(needs) for actor in starting):
            self._start_where_free(needs, useless=[*idle, *starting])
        return None

    def _start_where_free(self, needs: ActorNeeds, useless: list[_Actor]) -> None:
        """Start actors in what the others leave of the machines; those that are useless make room for one."""
        most = min(self._most, max(1, self._left))
        free = self._count_free(needs)
        while useless and (not free or len(self._actors) >= most):
            self._drop(useless.pop())
            free = self._count_free(needs)
        for _ in range(int(min(free, most - len(self._actors)))):
            self._start(needs)

    def _count_free(self, needs: ActorNeeds) -> int:
        """Count the actors that the machines hold beside those that are there."""
        free = {node["NodeID"]: dict(node["Resources"]) for node in self._nodes}
        for actor in self._actors:
            if actor.report and actor.report.node in free:
                actor.needs.take_from(free[actor.report.node])
        for actor in self._actors:
            if not actor.report:  # wherever Ray will start it
                fitting = (resources for resources in free.values() if actor.needs.count_on(resources))
                actor.needs.take_from(next(fitting, {}))
        return sum(needs.count_on(resources) for resources in free.values())

    def _check_room(self, needs: ActorNeeds, room: int) -> None:
        if room:
            self._placeless_since = None
            return
        now = time.monotonic()
        self._placeless_since = self._placeless_since or now
        if any(actor.task for actor in self._actors) or now - self._placeless_since < _PLACE_SECONDS:
            return
        what = [count_noun(needs.cpus, "core"), *(["a GPU"] if needs.gpus else [])]
        problem = f"a picture takes {' and '.join(what)}, and no machine of the cluster has as much"
        raise ClusterError(problem, f"Add one, or set {argument('threads')} or {argument('device')} to what there is.")

    def _check_started(self, needs: ActorNeeds) -> None:
        if any(actor.report for actor in self._actors):
            return
        now = time.monotonic()
        self._actorless_since = self._actorless_since or now
        if now - self._actorless_since > START_SECONDS:
            minutes = count_noun(round(START_SECONDS / 60), "minute")
            problem = f"no machine of the cluster has had room for a worker for {minutes}: it takes {needs}"
            raise ClusterError(problem, "See what is free with `ray status`, and give the same command again.")

    def _start(self, needs: ActorNeeds) -> None:
        seconds = max(_LEAST_SECONDS, (len(self._actors) + 1) / _REPORTS_A_SECOND)
        options = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "memory": needs.memory, "max_restarts": 0}
        handle = self._ray.remote(PictureActor).options(**options).remote(seconds)
        actor = _Actor(handle, needs)
        self._actors.append(actor)
        self._waits[handle.describe.remote()] = actor

    def _begin(self, actor: _Actor, task: Task) -> Iterator[Update]:
        self._next = None
        yield TaskStarted(task.number)
        try:
            packed = self._packer.pack(task)
        except ImpastoError as error:
            self._left -= 1
            yield TaskFailed(task.number, error)
            return
        actor.task = task
        self._waits[actor.handle.paint.options(num_returns="streaming").remote(packed)] = actor

    def _receive(self) -> Iterator[Update]:
        """Yield what actors have to say, if one does within a moment."""
        if not self._waits:
            time.sleep(_POLL_SECONDS)
            return
        ready, _ = self._ray.wait(list(self._waits), num_returns=1, timeout=_POLL_SECONDS)
        if ready:  # more may be
            ready, _ = self._ray.wait(list(self._waits), num_returns=len(self._waits), timeout=0)
        for found in ready:
            actor = self._waits.get(found)
            if actor is None:  # dropped meanwhile
                continue
            if actor.report is None:
                self._welcome(found, actor)
            elif actor.task is not None:
                yield from self._take(found, actor, actor.task)

    def _welcome(self, found: Any, actor: _Actor) -> None:
        """Take note of an actor that has started.

        Raises:
            ClusterError: its machine has another version of Impasto or torch, or nothing starts at all.
        """
        del self._waits[found]
        try:
            actor.report = self._ray.get(found)
        except self._ray.exceptions.RayError as error:
            self._drop(actor)
            self._failed_starts += 1
            if "No module named" in str(error) or self._failed_starts >= _MOST_LOSSES:
                raise _start_error(error) from None
            return
        self._failed_starts, self._actorless_since = 0, None
        actor.report.check_versions()

    def _take(self, found: Any, actor: _Actor, task: Task) -> Iterator[Update]:
        """Yield the next update of an actor that paints."""
        try:
            update: Update = self._ray.get(next(found))
        except (StopIteration, self._ray.exceptions.RayTaskError) as error:
            update = TaskFailed(task.number, _unexpected(error))
        except self._ray.exceptions.RayError:
            yield self._lose(actor, task)
            return
        if isinstance(update, TaskProgress):
            yield update
            return
        del self._waits[found]
        actor.task = None
        self._left -= 1
        if isinstance(update, TaskFailed) and isinstance(update.error, OutOfMemoryError):
            self._drop(actor)  # what it holds goes back to the system
        if isinstance(update, TaskFailed) and not update.is_inputs_fault:
            self._left += 1  # it may come again
        yield update

    def _lose(self, actor: _Actor, task: Task) -> Update:
        """Have a picture painted again whose worker, or its machine, is gone."""
        self._drop(actor)
        self._looked = -math.inf
        self._losses[task.number] += 1
        host = actor.report.host if actor.report else "a machine"
        error = WorkerLostError(f"its worker on {host} was lost", "See whether that machine has memory enough.")
        if self._losses[task.number] > _MOST_LOSSES:
            return TaskFailed(task.number, error)
        self._again.append(task)
        return TaskRequeued(task.number, error)

    def _drop(self, actor: _Actor) -> None:
        self._actors.remove(actor)
        self._waits = {found: other for found, other in self._waits.items() if other is not actor}
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor.handle)

    def _close(self) -> None:
        """End all actors; those that are idle delete their files before."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            closed = [actor.handle.close.remote() for actor in self._actors if actor.report and not actor.task]
            if closed:
                self._ray.wait(closed, num_returns=len(closed), timeout=_CLOSE_SECONDS)
        for actor in list(self._actors):
            self._drop(actor)


def _gpu_share(settings: Settings, *, has_gpus: bool) -> float:
    """Give the part of a GPU that a picture takes.

    Raises:
        SettingsError: the settings name one by its number.
    """
    if settings.device.startswith("cuda:"):
        problem = f"{argument('device', settings.device)} names a GPU of one machine"
        raise SettingsError(problem, f"On a cluster, use {argument('device', 'cuda')}: Ray chooses which.")
    is_wanted = settings.device == "cuda" or (settings.device == "auto" and has_gpus)
    return 1 / WORKERS_ON_GPU if is_wanted else 0.0


def _start_error(error: Exception) -> ClusterError:
    text = str(error)
    if "No module named" in text:
        module = text.partition("No module named")[2].split()[0].strip("'\".")
        problem = f"a machine of the cluster cannot start a worker: {module} is not installed there"
        return ClusterError(problem, "Install the same Impasto, with its extra `cluster`, on all of them.")
    return ClusterError(f"no worker can be started: {_last_line(text)}", "See the logs of Ray.")


def _unexpected(error: BaseException) -> ImpastoError:
    return ImpastoError(f"its worker failed: {_last_line(str(error))}", "Please report this if it happens again.")


def _last_line(text: str) -> str:
    lines: Sequence[str] = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason"
