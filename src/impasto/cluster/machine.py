"""What an actor of Ray says of the machine that it is on; loads no torch."""

import platform
import socket
from dataclasses import dataclass
from importlib.metadata import version

from impasto.cluster.connect import ClusterError


@dataclass(frozen=True)
class Versions:
    """What the bytes of a picture depend on, beside its inputs."""

    impasto: str
    torch: str
    """Without what it was built for."""

    @classmethod
    def installed(cls) -> "Versions":
        """Give those of this process; does not load torch."""
        return cls(version("impasto"), version("torch").partition("+")[0])

    def __str__(self) -> str:
        return f"Impasto {self.impasto} with torch {self.torch}"


@dataclass(frozen=True)
class ActorReport:
    """Where an actor is, and what it has."""

    node: str
    """The identifier that Ray has for the machine."""
    host: str
    versions: Versions

    @classmethod
    def of_this_process(cls) -> "ActorReport":
        """Give that of this process, which is an actor."""
        import ray  # noqa: PLC0415 -- an extra

        node = ray.get_runtime_context().get_node_id()
        return cls(node, socket.gethostname() or platform.node(), Versions.installed())

    def check_versions(self) -> None:
        """Refuse an actor with other versions than this process has.

        Raises:
            ClusterError: it has others.
        """
        own = Versions.installed()
        if self.versions != own:
            problem = f"{self.host} has {self.versions}, and this machine {own}"
            raise ClusterError(problem, "Install the same on all: pictures would differ.")
