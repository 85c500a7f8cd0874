"""The values that go into a transfer and come out of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from impasto.core.init_image import Init
from impasto.core.losses import ObjectiveSpec
from impasto.core.losses.mapped import TileMapper
from impasto.core.network.tiles import TileSpec
from impasto.core.optim import Optimizer, OutputIterate, RoundProgress
from impasto.layers import Layer
from impasto.sizing import Size


@dataclass(frozen=True)
class TransferSpec:
    """What a transfer is to do; the settings of the same names say what the values mean.

    A value that is not given leaves its feature out.
    """

    size: Size
    """Of the result."""
    objective: ObjectiveSpec
    """At the coarsest scale, and at all scales where there is no `fine_scale_objective`."""
    optimizer: Callable[[], Optimizer]
    """Makes one, for the first scale and for each further round: `partial(LBFGS, history=20)`."""
    iterations: int
    fine_scale_objective: ObjectiveSpec | None = None
    """At all scales but the coarsest."""
    scales: int = 1
    iterations_decay: float = 1.0
    rounds: int = 1
    tolerance: float = 0.0
    output_iterate: OutputIterate = "last"
    init: Init = "content"
    noise_share: float = 0.0
    noise_amplitude: float = 0.0
    seed: int = 0
    style_weights: tuple[float, ...] = ()
    """One for each style image, or none for all alike."""
    style_scale: float = 1.0
    style_fit: Literal["aspect", "squash"] = "aspect"
    detail: float = 0.0
    style_detail: float = 0.0
    fill: float = 1.0
    soften_empty: bool = True
    """Whether marks in what `fill` leaves empty are softened in the result."""
    margin: int = 0
    luminance_only: bool = False
    """Whether gray images are optimized: the inputs are gray then."""
    content_only: bool = False
    """Whether the content image itself is the result, whatever the start: a strength of 0."""
    tiles: TileSpec | None = None
    """None to see every image in one piece."""
    tile_mapper: TileMapper | None = None
    """Where images of more than a tile are evaluated, tile by tile; None for here."""

    @property
    def layers(self) -> frozenset[Layer]:
        """Every layer at which anything is compared, at any scale."""
        return self.objective.layers | self.objective_at(coarsest=False).layers

    def objective_at(self, *, coarsest: bool) -> ObjectiveSpec:
        """Give the objective of the coarsest scale, or of all others."""
        return self.objective if coarsest or self.fine_scale_objective is None else self.fine_scale_objective


IMAGE = "image"
"""What the image is called in a state."""


def resumable_state(
    image: Tensor, optimizer: Optimizer, progress: RoundProgress | None, max_bytes: int
) -> Iterator[tuple[str, Tensor]]:
    """Give what a transfer goes on with: an iterate with its margin, and what is known beside it.

    Args:
        image: the iterate.
        optimizer: that made it.
        progress: of the round, if that is not finished.
        max_bytes: of what the optimizer remembers.
    """
    yield IMAGE, image
    yield from optimizer.state(max_bytes)
    yield from progress.state() if progress else ()


@dataclass(frozen=True)
class ResumePoint:
    """Where a transfer is, to resume it later."""

    scale: int
    """Which scale this is, from 1."""
    iteration: int
    """Iterations at this scale so far, over its rounds."""
    state: Mapping[str, Tensor]
    """What an `Iterate.state` gave there."""


@dataclass(frozen=True)
class Iterate:
    """An image on the way."""

    stage: Literal["start", "step", "output", "result"]
    """The start of all; a step of the optimizer; the output of a round; and the result of all, which comes last."""
    scale: int
    """Which scale this is, from 1."""
    iteration: int
    """Iterations at this scale so far, over its rounds."""
    image: Tensor
    """(1, 3, H, W), about 0..255; valid until the next iterate is asked for."""
    terms: Mapping[str, float] | None
    """Each weighted loss by its name, of a result as it was before marks were softened; None for one that was not
    evaluated."""
    restart: str | None = None
    """Why the optimizer had to start over just before this step, if it had to."""
    output: "Callable[[], Iterate] | None" = None
    """For a step: gives the output of the round if it ended here."""
    state: Callable[[int], Iterator[tuple[str, Tensor]]] | None = None
    """For a step or an output: gives its `resumable_state`, with so many bytes of the optimizer's at most; valid until
    the next iterate is asked for.

    A transfer goes on from a step, and from the output of a scale that has one round and is not the last: with all
    planned iterations, as that scale is over, however many it took.
    """

    @property
    def loss(self) -> float | None:
        """The objective at the image."""
        return None if self.terms is None else sum(self.terms.values())
