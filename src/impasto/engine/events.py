"""What happens during a run, as data: `Stylizer.run` yields these and prints nothing.

The order is Started, then for each scale its Steps with Previews and Restarts among them, then Finished.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from impasto.engine.estimate import Estimate
from impasto.engine.result import Result
from impasto.images import Picture, Target
from impasto.settings import Settings


@dataclass(frozen=True)
class Resumed:
    """Where a run goes on that was ended before it was finished."""

    scale: int
    """Which scale this is, from 1."""
    iteration: int
    """Iterations at this scale that are done."""


@dataclass(frozen=True)
class Started:
    """The run is set up: the pictures are read, the network is loaded."""

    width: int
    """Width of the result, pixels."""
    height: int
    """Height of the result, pixels."""
    scales: int
    """Number of scales, coarse to fine."""
    iterations: int
    """Planned iterations over all scales and rounds."""
    device: str
    """Where the network runs: `cpu`, `cuda:0`, `mps`."""
    precision: str
    """Type of the convolutions: `float32`, `bfloat16`, `float64`."""
    threads: int
    """CPU threads in use."""
    settings: Settings
    estimate: Estimate
    """Of the time and the memory of the run."""
    photographs: int
    """1, or 0 for a texture."""
    paintings: int
    """0 to rebuild the photograph."""
    faces: int
    """Faces of the photograph that are painted otherwise than the rest of it."""
    fallback: str | None = None
    """Why the precision is float32 on a device with a faster one: rounding would make the gradient inaccurate."""
    resumed: Resumed | None = None
    """Where it goes on; None if it begins."""


@dataclass(frozen=True)
class Step:
    """One iteration of the optimizer."""

    scale: int
    """Which scale this is, from 1."""
    scales: int
    width: int
    """Width of the picture at this scale, pixels."""
    height: int
    iteration: int
    """Which iteration at this scale, from 1."""
    iterations: int
    """Planned iterations at this scale."""
    loss: float
    """The objective, at the iterate that this step reached."""
    terms: Mapping[str, float]
    """Each weighted term by name (`content relu4_2`, `style relu1_1`, `tv`); they sum to `loss`."""
    elapsed: float
    """Seconds since the run began."""
    remaining: float
    """Estimated seconds to the end."""


@dataclass(frozen=True)
class Preview:
    """The picture as it is, at the size of its scale."""

    scale: int
    iteration: int
    """Iteration at this scale that made it; 0 is the start."""
    total_iterations: int
    """Iterations since the run began, over all scales and rounds."""
    loss: float | None
    """The objective of this picture, or None before it was evaluated."""
    elapsed: float
    picture: Picture
    """With the photograph's transparency, bit depth and profile."""


@dataclass(frozen=True)
class Restart:
    """The optimizer had to start over from the last picture with a finite loss; the run continues."""

    scale: int
    iteration: int
    reason: str


@dataclass(frozen=True)
class Finished:
    """The end."""

    result: Result
    """The picture, its losses at the scale where the run ended, and the settings."""
    elapsed: float
    """Seconds since the run began."""
    stopped: bool
    """Whether the run was asked to stop before its planned end."""

    @property
    def loss(self) -> float:
        """Of the result, as a step has it."""
        return self.result.loss

    @property
    def terms(self) -> Mapping[str, float]:
        """Of the result, as a step has them."""
        return self.result.losses

    @property
    def picture(self) -> Picture:
        """The result's, as a preview has it."""
        return self.result.picture

    @property
    def settings(self) -> Settings:
        """The result's, as the start has them."""
        return self.result.settings

    def save(
        self,
        target: Target,
        *,
        format: str | None = None,  # noqa: A002 -- Pillow's
        overwrite: bool = False,
        profile: bytes | None = None,
        strip: bool = False,
    ) -> None:
        """Write the result; see `Result.save`."""
        self.result.save(target, format=format, overwrite=overwrite, profile=profile, strip=strip)


Event = Started | Step | Preview | Restart | Finished
