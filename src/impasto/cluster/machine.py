"""What an actor of Ray says of the machine that it is on; loads no torch."""

import platform
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from impasto.cluster.connect import ClusterError


@dataclass(frozen=True)
class Versions:
    """What the bytes of a picture depend on, beside its inputs."""

    impasto: str
    torch: str
    """Without what it was built for."""
    others: tuple[tuple[str, str], ...] = ()
    """Of further packages; empty for one that is not installed."""

    @classmethod
    def installed(cls, others: Sequence[str] = ()) -> "Versions":
        """Give those of this process, and those of further packages; does not load torch."""
        found = tuple((name, _version(name)) for name in others)
        return cls(version("impasto"), version("torch").partition("+")[0], found)

    def __str__(self) -> str:
        others = (f"{name} {installed}" if installed else f"no {name}" for name, installed in self.others)
        return f"Impasto {self.impasto} with {', '.join([f'torch {self.torch}', *others])}"


@dataclass(frozen=True)
class ActorReport:
    """Where an actor is, and what it has."""

    node: str
    """The identifier that Ray has for the machine."""
    host: str
    versions: Versions

    @classmethod
    def of_this_process(cls, others: Sequence[str] = ()) -> "ActorReport":
        """Give that of this process, which is an actor, with the versions of further packages."""
        import ray  # noqa: PLC0415 -- an extra

        node = ray.get_runtime_context().get_node_id()
        return cls(node, socket.gethostname() or platform.node(), Versions.installed(others))

    def check_versions(self) -> None:
        """Refuse an actor with other versions than this process has.

        Raises:
            ClusterError: it has others.
        """
        own = Versions.installed([name for name, _ in self.versions.others])
        if self.versions != own:
            problem = f"{self.host} has {self.versions}, and this machine {own}"
            raise ClusterError(problem, "Install the same on all: pictures would differ.")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
