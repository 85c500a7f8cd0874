"""What an actor takes of a machine of a cluster."""

import math
from dataclasses import dataclass

from impasto.engine.sharing import WORKERS_ON_GPU
from impasto.errors import SettingsError, count_noun
from impasto.settings import Settings
from impasto.wording import argument


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


def gpu_share(settings: Settings, *, has_gpus: bool) -> float:
    """Give the part of a GPU that a task takes.

    Raises:
        SettingsError: the settings name one by its number.
    """
    if settings.device.startswith("cuda:"):
        problem = f"{argument('device', settings.device)} names a GPU of one machine"
        raise SettingsError(problem, f"On a cluster, use {argument('device', 'cuda')}: Ray chooses which.")
    is_wanted = settings.device == "cuda" or (settings.device == "auto" and has_gpus)
    return 1 / WORKERS_ON_GPU if is_wanted else 0.0
