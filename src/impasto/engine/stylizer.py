"""`Stylizer` loads the network once and paints with it; `stylize` is the one-call form."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import torch

from impasto import images, weights
from impasto.engine import device as devices
from impasto.engine import precision
from impasto.engine.events import Event, Finished
from impasto.engine.inputs import Inputs
from impasto.engine.result import Result, describe
from impasto.engine.run import Run
from impasto.engine.session import Session
from impasto.engine.sizing import check_side
from impasto.errors import SettingsError
from impasto.images import Picture, Source
from impasto.settings import Settings
from impasto.weights.vgg_weights import VGGWeights


@dataclass(frozen=True)
class TermValue:
    """One weighted term of an objective."""

    kind: Literal["content", "style", "tv"]
    layer: str | None
    weight: float
    """The kind's weight times the layer's."""
    value: float
    """The weighted contribution to the total."""


@dataclass(frozen=True)
class Losses:
    """A recipe's objective, evaluated on a picture."""

    total: float
    terms: tuple[TermValue, ...]


def _never() -> bool:
    return False


class Stylizer:
    """Paints pictures, and keeps the network between them.

    Args:
        device: what `auto` in the settings stands for: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.

    Raises:
        DeviceError: this machine has no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        devices.find_device(device)
        self._device = device
        self._weights: dict[tuple[Any, ...], VGGWeights] = {}

    def run(
        self,
        content: Source | Picture | None = None,
        styles: Sequence[Source | Picture] | Source | Picture = (),
        settings: Settings | None = None,
        *,
        stop: Callable[[], bool] = _never,
        preview_every: int | None = None,
    ) -> Iterator[Event]:
        """Paint a picture, and tell what happens.

        Args:
            content: the photograph: path, bytes, file object, PIL image, array (H, W, 3) or `Picture`; None where the
                settings give content no weight, as the recipe `texture`: the aspect is then the first painting's.
            styles: one painting, or a list of several; none for settings that give style no weight, as `rebuild`.
            settings: `Settings()` if not given.
            stop: asked between steps; once true, the run ends at once with the picture as it is.
            preview_every: iterations between previews; by default the settings' `save_every`.

        Yields:
            Started, then Step, Preview and Restart, and last Finished with the picture.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used; before the first event.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        photo, paintings = None if content is None else _read(content), _paintings(styles)
        session = self._trusted(photo, paintings, settings or Settings())
        every = session.settings.save_every if preview_every is None else preview_every
        metadata = describe(session.settings, photo, paintings)
        return Run(session, stop=stop, preview_every=every, metadata=metadata).events()

    def check(
        self,
        content: Source | Picture | None = None,
        styles: Sequence[Source | Picture] | Source | Picture = (),
        settings: Settings | None = None,
    ) -> None:
        """Refuse what `run` would refuse, without painting: for work that is better not begun than left half done.

        Raises:
            InputError: as for `run`.
            OutOfMemoryError: the machine has too little memory for a picture of this size.
        """
        Run(self._session(content, styles, settings or Settings()), stop=_never, preview_every=0, metadata={})

    def losses(
        self,
        image: Source | Picture,
        content: Source | Picture | None = None,
        styles: Sequence[Source | Picture] | Source | Picture = (),
        settings: Settings | None = None,
    ) -> Losses:
        """Evaluate the objective of `settings` on an existing picture, at that picture's size.

        This is done in float32 unless the settings name a precision. The photograph is brought to the picture's size,
        the paintings to its long side (or squashed to it). No `margin` is added: the value is then not quite that of
        the run that painted the picture.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
        """
        bare = (settings or Settings()).model_copy(update={"margin": 0})
        session = self._session(content, styles, bare, in_full=True)
        picture = _read(image)
        least = session.smallest_side
        check_side((picture.width, picture.height), least, picture, f"Use one of at least {least} pixels a side.")
        with torch.no_grad(), devices.memory_reported():
            objective = session.objective(picture.width, picture.height)
            values = objective.losses(session.planes.tensor(picture, picture.width, picture.height)).tolist()
        terms = tuple(
            TermValue(term.kind, str(term.layer) if term.layer else None, term.weight, value)
            for term, value in zip(objective.terms, values, strict=True)
        )
        return Losses(sum(values), terms)

    def _session(
        self,
        content: Source | Picture | None,
        styles: Sequence[Source | Picture] | Source | Picture,
        settings: Settings,
        *,
        in_full: bool = False,
    ) -> Session:
        """Everything that a run shares; `in_full` takes float32 where the choice is ours."""
        inputs = Inputs(None if content is None else _read(content), _paintings(styles), settings)
        machine = devices.prepare(settings, self._device)
        if in_full and settings.precision == "auto":
            machine = replace(machine, dtype=torch.float32)
        return Session(inputs, settings, machine, self._weights_on(settings, machine))

    def _trusted(
        self,
        content: Source | Picture | None,
        styles: Sequence[Source | Picture] | Source | Picture,
        settings: Settings,
    ) -> Session:
        """A session in the fastest precision that keeps to the objective, where the choice is ours."""
        session = self._session(content, styles, settings)
        if settings.precision != "auto" or session.machine.dtype == torch.float32:
            return session
        with devices.memory_reported():
            return precision.trusted(
                session,
                lambda machine: Session(session.inputs, settings, machine, self._weights_on(settings, machine)),
            )

    def _weights_on(self, settings: Settings, machine: devices.Machine) -> VGGWeights:
        key = settings.network, settings.normalize, machine.device, machine.dtype
        if key not in self._weights:
            self._weights[key] = load_weights(settings, machine)
        return self._weights[key]


def stylize(
    content: Source | Picture | None, *styles: Source | Picture, settings: Settings | None = None, **choices: Any
) -> Result:
    """Paint a photograph in the style of one or more paintings.

    `stylize(None, painting, recipe="texture")` makes a texture of a painting alone, and `stylize(photo,
    recipe="rebuild")` a photograph from one layer's features alone.

    Args:
        content: the photograph: path, bytes, file object, PIL image, array (H, W, 3) or `Picture`; None for a texture.
        styles: one painting or more; none to rebuild the photograph.
        settings: all settings at once; or
        choices: some of them by name: `size=1024, recipe="gatys", seed=1`.

    Raises:
        InputError: a picture, a setting, the network or the device cannot be used.
        DivergedError: the objective is not a finite number, even with smaller steps.
    """
    if settings and choices:
        raise SettingsError("both settings and single choices were given", "Give one or the other.")
    *_, finished = Stylizer().run(content, styles, settings or Settings(**choices))
    assert isinstance(finished, Finished)
    return finished.result


def _paintings(styles: Sequence[Source | Picture] | Source | Picture) -> tuple[Picture, ...]:
    if not isinstance(styles, list | tuple):
        return (_read(cast("Source | Picture", styles)),)
    return tuple(_read(style) for style in styles)


def _read(source: Source | Picture) -> Picture:
    return source if isinstance(source, Picture) else images.read(source)


def load_weights(settings: Settings, machine: devices.Machine) -> VGGWeights:
    """Load the network that the settings name, onto the machine.

    Raises:
        WeightsError: there is no such network, or it is not fetched yet.
        SettingsError: it is to be normalized and was never measured.
    """
    loaded = weights.load(settings.network)
    return (loaded.normalize() if settings.normalize else loaded).to(machine.device, machine.dtype)
