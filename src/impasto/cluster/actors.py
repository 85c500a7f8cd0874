"""Actors of Ray on the machines of a cluster, each of which has one task at a time.

Ray places the actors and tells who died. What is here is what it cannot know: how many are worth having, which of them
do for a task, and that a task whose actor is lost goes to another.
"""

import contextlib
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

from impasto.cluster.connect import START_SECONDS, ClusterError, check_address, check_installed, connected, load_ray
from impasto.cluster.machine import ActorReport
from impasto.cluster.needs import ActorNeeds, gpu_share
from impasto.errors import ImpastoError, count_noun
from impasto.settings import Settings
from impasto.wording import argument

_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0
"""Between two looks at the machines of the cluster."""
_PLACE_SECONDS = 30.0
"""For a machine to join that has what a task takes."""
MOST_LOSSES = 5
"""Of the workers of one task, and of workers one after another that end before they have begun."""
_CLOSE_SECONDS = 1.0
_MEMORY_STEP = 256 * 2**20
"""To which the memory of an actor is rounded up, so that it does for other tasks, too."""

Task = TypeVar("Task")
Update = TypeVar("Update")


@dataclass(eq=False)
class Actor(Generic[Task]):
    """One of them, as it is known here."""

    handle: Any
    needs: ActorNeeds
    report: ActorReport | None = None
    """None until it has started."""
    task: Task | None = None


class ActorExecutor(ABC, Generic[Task, Update]):
    """Has tasks done by actors, which have the methods `describe`, `paint` and `close`.

    Args:
        address: of the cluster; see `connect.connected`.
        workers: tasks at once, at most; None for as many as the cluster holds.
        tasks: how many there are; None where that is not known.
        in_flight: bytes of the cluster's shared memory; see `connect.connected`.

    Raises:
        InputError: Ray is not installed, or the address is none.
    """

    actor: ClassVar[type]
    """Its class; `paint` takes what `_pack` gives, and yields updates."""
    unit: ClassVar[str]
    """What messages call a task."""

    def __init__(self, address: str, workers: int | None, tasks: int | None, in_flight: int = 0) -> None:
        check_address(address)
        check_installed()
        self._address, self._in_flight = address, in_flight
        self._most = math.inf if workers is None else workers
        self._left = math.inf if tasks is None else tasks
        self._ray: Any
        self._actors: list[Actor[Task]] = []
        self._waits: dict[Any, Actor[Task]] = {}
        """What is waited for: the reports of new actors, and the updates of those that paint."""
        self._again: deque[Task] = deque()
        self._failed_starts = 0
        self._nodes: list[dict[str, Any]] = []
        self._looked = -math.inf
        self._placeless_since: float | None = None
        self._actorless_since: float | None = None
        self._next: Task | None = None

    def run(self, tasks: Iterator[Task | None], stop: Callable[[], bool]) -> Generator[Update, None, None]:
        """Have tasks done, and yield their updates; once it ends, in whatever way, no actor is left.

        Args:
            tasks: asked for the next whenever there is room for it; None means that there is none at the moment.
            stop: asked often; once true, unfinished tasks are given up.

        Raises:
            ClusterError: no cluster answers, no machine has what a task takes, or workers cannot be started.
            SettingsError: the settings name a GPU by its number.
        """
        with connected(self._address, self._in_flight):
            self._ray = load_ray()
            self._open()
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

    @abstractmethod
    def _open(self) -> None:
        """Prepare for packing, once connected."""

    @abstractmethod
    def _arguments(self) -> tuple[Any, ...]:
        """Give what the next actor is made with."""

    @abstractmethod
    def _demands(self, task: Task) -> tuple[Settings, int]:
        """Give a task's settings, with the number of threads, and the bytes of memory that it takes."""

    @abstractmethod
    def _pack(self, task: Task) -> Any:
        """Give what an actor is sent.

        Raises:
            ImpastoError: a file of the task cannot be read.
        """

    @abstractmethod
    def _started(self, task: Task) -> Update:
        """Give the update that a task has begun."""

    @abstractmethod
    def _failed(self, task: Task, error: ImpastoError) -> Update:
        """Give the update that a task failed."""

    @abstractmethod
    def _lost(self, task: Task, host: str) -> Update:
        """Give the update that a task's actor is gone, whose task may be added to `_again`."""

    @abstractmethod
    def _is_last(self, update: Update) -> bool:
        """Whether a task ends with an update."""

    def _finish(self, actor: Actor[Task], update: Update) -> None:  # noqa: ARG002 - for those that need more
        """Take note of the last update of a task."""
        self._left -= 1

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
        settings, memory = self._demands(task)
        machines = [node["Resources"] for node in self._nodes]
        gpus = gpu_share(settings, has_gpus=any(resources.get("GPU") for resources in machines))
        needs = ActorNeeds(settings.threads, gpus, math.ceil(memory / _MEMORY_STEP) * _MEMORY_STEP)
        fitting = [resources for resources in machines if replace(needs, memory=0).count_on(resources)]
        most = max((resources.get("memory", 0.0) for resources in fitting), default=math.inf)
        return replace(needs, memory=int(min(needs.memory, most)))  # by itself a task can always begin

    def _find_actor(self, needs: ActorNeeds) -> Actor[Task] | None:
        """Give an idle actor that does for a task which takes this; where there is none, see that there will be.

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

    def _start_where_free(self, needs: ActorNeeds, useless: list[Actor[Task]]) -> None:
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
        problem = f"{self.unit} takes {' and '.join(what)}, and no machine of the cluster has as much"
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
        options = {"num_cpus": needs.cpus, "num_gpus": needs.gpus, "memory": needs.memory, "max_restarts": 0}
        handle = self._ray.remote(self.actor).options(**options).remote(*self._arguments())
        actor = Actor[Task](handle, needs)
        self._actors.append(actor)
        self._waits[handle.describe.remote()] = actor

    def _begin(self, actor: Actor[Task], task: Task) -> Iterator[Update]:
        self._next = None
        yield self._started(task)
        try:
            packed = self._pack(task)
        except ImpastoError as error:
            self._left -= 1
            yield self._failed(task, error)
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

    def _welcome(self, found: Any, actor: Actor[Task]) -> None:
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
            if "No module named" in str(error) or self._failed_starts >= MOST_LOSSES:
                raise _start_error(error) from None
            return
        self._failed_starts, self._actorless_since = 0, None
        actor.report.check_versions()

    def _take(self, found: Any, actor: Actor[Task], task: Task) -> Iterator[Update]:
        """Yield the next update of an actor that paints."""
        try:
            update: Update = self._ray.get(next(found))
        except (StopIteration, self._ray.exceptions.RayTaskError) as error:
            update = self._failed(task, _unexpected(error))
        except self._ray.exceptions.RayError:
            self._drop(actor)
            self._looked = -math.inf
            yield self._lost(task, actor.report.host if actor.report else "a machine")
            return
        if self._is_last(update):
            del self._waits[found]
            actor.task = None
            self._finish(actor, update)
        yield update

    def _drop(self, actor: Actor[Task]) -> None:
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
