"""What all scales of a run share: the pictures, the settings, the network and the machine."""

from torch import Tensor

from impasto.core.losses.guided import guidance
from impasto.core.losses.luminance import LightnessObjective
from impasto.core.losses.masked import HeldObjective
from impasto.core.losses.objective import Objective
from impasto.core.network.vgg import VGG, smallest_side
from impasto.engine import starts
from impasto.engine.balance import balance_of, blend_of
from impasto.engine.device import Machine
from impasto.engine.inputs import Inputs
from impasto.engine.sizing import Size, check_side, result_size, style_size
from impasto.engine.tensors import Planes
from impasto.settings import Settings
from impasto.weights.vgg_weights import VGGWeights


class Session:
    """Pictures and settings, brought to the machine: gives objectives and starting pictures of any size.

    Raises:
        ImageError: a picture is too small for the network.
        SettingsError: the network has no such layer, the blend does not fit the paintings, or the settings ask for
            content or style of a picture that is not there.
    """

    def __init__(self, inputs: Inputs, settings: Settings, machine: Machine, weights: VGGWeights) -> None:
        self.inputs, self.settings, self.machine = inputs, settings, machine
        self.balance = balance_of(settings, inputs)
        self.planes = Planes(inputs, settings, machine)
        self._blend = blend_of(settings, len(inputs.styles))
        self._gray = weights.mean
        self._latest_start: tuple[Size, Tensor] | None = None
        self._latest_objective: tuple[Size, Objective] | None = None
        self._network = VGG(weights, self.balance.layers, pooling=settings.pooling, padding=settings.padding)
        self.smallest_side = smallest_side(self.balance.layers)
        for picture in inputs.pictures:
            size = picture.width, picture.height
            check_side(
                size, self.smallest_side, picture, f"Use a picture of at least {self.smallest_side} pixels a side."
            )

    @property
    def result_size(self) -> Size:
        """Width and height of the result, pixels."""
        return result_size(self.settings, self.inputs.subject, may_turn=self.inputs.content is not None)

    def check(self, width: int, height: int) -> None:
        """Refuse a size at which the network cannot see the picture, or a painting beside it.

        Raises:
            ImageError: a side is too short.
        """
        check_side(
            (width, height), self.smallest_side, self.inputs.subject, "Use a larger --size, or crop the picture."
        )
        for style in self.inputs.styles:
            size = style_size(self.settings, style, (width, height))
            check_side(size, self.smallest_side, style, "Use a larger --size or --style-scale, or crop the painting.")

    def objective(self, width: int, height: int) -> Objective:
        """The objective for pictures of a size and the margin around them.

        The latest is kept, as is the latest start: the first scale of a run is often what precisions are compared at.
        """
        if self._latest_objective is None or self._latest_objective[0] != (width, height):
            self._latest_objective = None  # before the next is built: both together may be too much
            self._latest_objective = (width, height), self._objective(width, height)
        return self._latest_objective[1]

    def _objective(self, width: int, height: int) -> Objective:
        self.check(width, height)
        planes, styles = self.planes, self.inputs.styles
        paintings = [planes.tensor(style, *style_size(self.settings, style, (width, height))) for style in styles]
        keep = planes.keep(width, height)
        regions = [planes.framed(region) for region in planes.regions(width, height)]
        guided = guidance(regions, None if keep is None else planes.framed(keep), self._blend)
        kind = LightnessObjective if planes.lightness_only else Objective
        return kind(self._network, planes.content(width, height), paintings, self._blend, self.balance, guided)

    def held_objective(self, width: int, height: int) -> Objective | HeldObjective:
        """The same as the minimizers see it: what the keep mask covers is held at the photograph."""
        objective, keep = self.objective(width, height), self.planes.keep(width, height)
        content = None if keep is None else self.planes.content(width, height)
        if keep is None or content is None:
            return objective
        return HeldObjective(objective, content, self.planes.framed(keep))

    def grown(self, image: Tensor, width: int, height: int) -> Tensor:
        """A picture of another scale with its margin, brought to a size, with the detail that the settings ask for."""
        masked, margin = bool(self.inputs.masks.styles), self.settings.margin
        if image.shape[2:] == (height + 2 * margin, width + 2 * margin):
            return image
        sharp = self._sharp(width, height) if self.settings.detail or masked else None
        if sharp is None:
            return self.planes.resized(image, width, height)
        return self.planes.grown(image, sharp, self.settings.detail)

    def start(self, width: int, height: int) -> Tensor:
        """The starting picture of a size with its margin: (1, 3, height + 2 margin, width + 2 margin), 0..255."""
        if self._latest_start is None or self._latest_start[0] != (width, height):
            self._latest_start = (width, height), self._begun(self.settings, width, height)
        return self._latest_start[1]

    def _sharp(self, width: int, height: int) -> Tensor | None:
        """Whose detail a picture gets: the photograph's, in the painting's palette where the start is."""
        if self.settings.init != "palette":
            return self.planes.content(width, height)
        if not self.settings.noise_share:
            return self.start(width, height)
        return self._begun(self.settings.model_copy(update={"noise_share": 0.0}), width, height)

    def _begun(self, settings: Settings, width: int, height: int) -> Tensor:
        size = width, height
        return self.planes.begun(
            starts.start(self.inputs, self.planes, settings, size, blend=self._blend, gray=self._gray)
        )
