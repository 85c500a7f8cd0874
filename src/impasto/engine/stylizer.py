"""`Stylizer` loads the network once and runs with it; `stylize` is the one-call form."""

import functools
import inspect
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any, Concatenate, ParamSpec, cast

import torch

from impasto import images, weights
from impasto.core import VGG, StyleTransfer
from impasto.core.losses.mapped import TileCluster
from impasto.core.network.vgg import NetworkDefinition
from impasto.core.pyramid import check_side
from impasto.engine import sizing, spec
from impasto.engine.calibrate import calibrate
from impasto.engine.checkpoint import LONG_RUN, Checkpoint, identify
from impasto.engine.device import (
    ComputeConfig,
    configure,
    device_memory,
    find_device,
    return_memory_eagerly,
    total_memory,
    translate_oom,
)
from impasto.engine.estimate import Estimate
from impasto.engine.events import Event
from impasto.engine.inputs import Inputs
from impasto.engine.memory import Load, check_memory, plan_memory
from impasto.engine.precision import select_precision
from impasto.engine.progress import show_progress
from impasto.engine.regions import draw_regions
from impasto.engine.result import Result, describe, preview_inputs
from impasto.engine.run import Run, RunInputs, run_to_end
from impasto.engine.style_file import LoadedStyle, StyleFile, StyleInput, read_style_input, style_input_size
from impasto.engine.targets import TargetCache
from impasto.engine.tensors import ImageTensors
from impasto.errors import SettingsError
from impasto.images import Picture, Source
from impasto.layers import Layer
from impasto.settings import INPUTS_KEY, Settings
from impasto.settings.per_painting import check_measured
from impasto.sizing import Size, padded_pixels
from impasto.weights.vgg_weights import VGGWeights
from impasto.wording import argument

StyleInputs = Sequence[StyleInput] | StyleInput
"""One of them, or a list."""


@dataclass(frozen=True)
class TermValue:
    """One weighted term of an objective."""

    kind: str
    """`content`, `style`, `tv` and so on."""
    layer: str | None
    """Where it reads features; None for the pixels."""
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
    """Makes pictures, and keeps the network between them.

    Args:
        device: what `auto` in the settings stands for: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        cluster: machines that compute the tiles of large pictures, as `impasto.cluster.tiles.RayTiles` does.

    Raises:
        DeviceError: this machine has no such device.
    """

    def __init__(self, device: str = "auto", *, cluster: TileCluster | None = None) -> None:
        find_device(device)
        self._device, self._cluster = device, cluster
        self._networks: dict[_NetworkLoader, VGG] = {}
        self._fingerprints: dict[_StoredWeights, str] = {}
        self._targets = TargetCache()

    def run(
        self,
        content: Source | Picture | None = None,
        styles: StyleInputs = (),
        settings: Settings | None = None,
        *,
        stop: Callable[[], bool] = _never,
        preview_every: int | None = None,
        colors_like: Picture | None = None,
    ) -> Iterator[Event]:
        """Make a picture, and yield what happens as events.

        Args:
            content: the photograph: path, bytes, file object, PIL image, array (H, W, 3), tensor (3, H, W) or
                `Picture`, see `images.Source`; None where the settings give content no weight, as the recipe `texture`:
                the aspect is then the first painting's.
            styles: one painting or style file, or a list of several; none for settings that give style no weight, as
                `rebuild`.
            settings: `Settings()` if not given.
            stop: asked between steps; once true, the run ends at once with the picture as it is.
            preview_every: iterations between previews; by default the settings' `save_every`.
            colors_like: a picture whose colors stand for the photograph's wherever it or the paintings are recolored,
                so that the pictures of a series are alike; None for the photograph itself.

        Yields:
            Started, then Step, Preview and Restart, and last Finished with the result.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used; before the first event.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        settings = settings or Settings()
        self.check_memory(content, styles, settings)
        photo, paintings = _read_optional(content), _read_all(styles)
        inputs = self.open_fastest(photo, paintings, settings, colors_like)
        _prepare(inputs, to_run=True)
        every = spec.preview_interval(settings) if preview_every is None else preview_every
        described = describe(inputs.settings, photo, paintings)
        return Run(
            inputs,
            described,
            functools.partial(preview_inputs, photo, paintings),
            stop=stop,
            preview_every=every,
            checkpoint=_checkpoint(inputs, described),
        ).events()

    def stylize(
        self,
        /,
        content: Source | Picture | None,
        *styles: StyleInputs | Settings,
        settings: Settings | None = None,
        progress: bool = False,
        on_event: Callable[[Event], object] | None = None,
        **choices: Any,
    ) -> Result:
        """Make a picture of a photograph in the style of one or more paintings.

        `stylize(None, painting, recipe="texture")` makes a texture of a painting alone, and `stylize(photo,
        recipe="rebuild")` a photograph from one layer's features alone.

        Args:
            content: the photograph: path, bytes, file object, PIL image, array (H, W, 3), tensor (3, H, W) or (1, 3, H,
                W), or `Picture`; arrays and tensors hold uint8 0..255 or floats 0..1, see `images.Source`. None for a
                texture.
            styles: one painting or more, each by itself or in a list, each a picture or the path of a style file; none
                to rebuild the photograph. Last may come `Settings`.
            settings: all settings at once; or
            progress: whether to show bars, on stderr or in the notebook.
            on_event: called with each event as it happens; the last is Finished.
            choices: some settings by name: `size=1024, recipe="gatys", seed=1`.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
            DivergedError: the objective is not a finite number, even with smaller steps.
        """
        paintings, settings = _split_arguments(styles, settings, choices)
        events = self.run(content, paintings, settings)
        observers = [] if on_event is None else [on_event]
        with show_progress() if progress else nullcontext() as bars:
            observers += [] if bars is None else [bars]
            return run_to_end(events, lambda event: [observe(event) for observe in observers]).result

    def estimate(
        self,
        /,
        content: Source | Picture | None,
        *styles: StyleInputs | Settings,
        settings: Settings | None = None,
        **choices: Any,
    ) -> Estimate:
        """Estimate the time and the memory of `stylize` with these arguments, which are set up and not run.

        Raises:
            InputError: as for `stylize`.
            OutOfMemoryError: the machine has too little memory for a picture of this size.
        """
        paintings, settings = _split_arguments(styles, settings, choices)
        self.check_memory(content, paintings, settings)
        inputs = self.open_fastest(_read_optional(content), _read_all(paintings), settings)
        _prepare(inputs, to_run=True)
        return inputs.estimate()

    def check(
        self,
        content: Source | Picture | None = None,
        styles: StyleInputs = (),
        settings: Settings | None = None,
    ) -> Estimate:
        """Refuse what `run` would refuse, without running: for work that is to be done whole or not at all.

        Returns:
            What the run will take in the precision that is likely the fastest, of which `run` and `estimate` first
            make sure.

        Raises:
            InputError: as for `run`.
            OutOfMemoryError: the machine has too little memory for a picture of this size.
        """
        self.check_memory(content, styles, settings or Settings())
        inputs = self.open(content, styles, settings)
        _prepare(inputs)
        return inputs.estimate()

    def check_memory(
        self,
        content: Source | Picture | None,
        styles: StyleInputs,
        settings: Settings,
    ) -> None:
        """Refuse what this machine has too little memory for, before anything is decoded: headers tell the sizes.

        Raises:
            ImageError: a picture cannot be read, as far as its header tells.
            DeviceError: as for `run`.
            OutOfMemoryError: the result, or a painting beside it, takes more memory than there is.
        """
        compute = configure(spec.compute_spec(settings), self._device)
        own = None if content is None else _measure(content)
        paintings = [style_input_size(style) for style in _as_list(styles)]
        if own is None and (content is not None or not paintings or paintings[0] is None):
            return
        check_memory(self._load(settings, own, paintings, compute), total_memory(compute.device))

    def losses(
        self,
        image: Source | Picture,
        content: Source | Picture | None = None,
        styles: StyleInputs = (),
        settings: Settings | None = None,
    ) -> Losses:
        """Evaluate the objective of `settings` on an existing picture, at that picture's size.

        This is done in float32 unless the settings name a precision. The photograph is brought to the picture's size,
        the paintings to its long side (or squashed to it). No `margin` is added: the value is then not quite that of
        the run that made the picture.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
        """
        picture = _read(image)
        size = _size(picture)
        inputs = self.open(content, styles, spec.for_evaluation(settings or Settings(), size))
        transfer = inputs.transfer
        smallest = transfer.smallest_side
        check_side(size, smallest, picture.name, f"Use one of at least {smallest} pixels a side.")
        with translate_oom():
            objective = transfer.targets(*size)
            values = objective.values(inputs.tensors.source(picture).resize(*size)).tolist()
        terms = tuple(
            TermValue(loss.name.partition(" ")[0], str(loss.layer) if loss.layer else None, loss.weight, value)
            for loss, value in zip(objective.losses, values, strict=True)
        )
        return Losses(sum(values), terms)

    def show_regions(
        self,
        content: Source | Picture | None = None,
        styles: StyleInputs = (),
        settings: Settings | None = None,
    ) -> Picture:
        """Show which places of the photograph and of each painting count as empty, for the setting `fill`.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
        """
        opened = self.open(content, styles, settings)
        return draw_regions(opened.inputs.content, opened.inputs.styles, opened.transfer.images)

    def open(
        self,
        content: Source | Picture | None = None,
        styles: StyleInputs = (),
        settings: Settings | None = None,
        colors_like: Picture | None = None,
    ) -> RunInputs:
        """Set up a run, in the precision that is fastest on the device where the settings leave it open.

        Raises:
            InputError: a picture, a setting, the network or the device cannot be used.
        """
        settings, paintings = settings or Settings(), _read_all(styles)
        stored = [style.measured_with if isinstance(style, StyleFile) else None for style in paintings]
        check_measured(settings, stored, has_photograph=content is not None)
        settings = sizing.for_styles(settings, [style for style in stored if style])
        inputs = Inputs(_read_optional(content), paintings, spec.input_spec(settings), colors_like)
        with translate_oom():
            return self._set_up(inputs, settings, configure(spec.compute_spec(settings), self._device))

    def open_fastest(
        self,
        content: Picture | None,
        styles: tuple[LoadedStyle, ...],
        settings: Settings,
        colors_like: Picture | None = None,
    ) -> RunInputs:
        """Set up a run in the fastest precision that the gradient tolerates, where the settings leave it open."""
        opened = self.open(content, styles, settings, colors_like)
        if opened.compute.precision == "float32" or spec.compute_spec(settings).precision != "auto":
            return opened
        with translate_oom():
            return select_precision(opened, lambda compute: self._set_up(opened.inputs, settings, compute))

    def _set_up(self, inputs: Inputs, settings: Settings, compute: ComputeConfig) -> RunInputs:
        content = _size(inputs.content) if inputs.content else None
        styles = [style_input_size(style) for style in inputs.styles]
        load = self._load(settings, content, styles, compute)
        if inputs.faces:
            further = spec.face_layers(settings)
            load = replace(load, content_layers=[*load.content_layers, *further], masks=load.masks + 1)
        memory = plan_memory(load, device_memory(compute.device))
        transfer_spec, asked = spec.transfer_spec(settings, inputs, memory), spec.network_spec(settings)
        layers = transfer_spec.layers
        stored = _StoredWeights.of(asked)
        network = self._load_network(_NetworkLoader(stored, layers, compute.device, compute.dtype))
        self._check_weights(asked, layers, inputs.styles)
        if self._cluster:
            mapper = self._cluster.with_network(_NetworkLoader(stored, layers, torch.device("cpu"), compute.dtype))
            transfer_spec = replace(transfer_spec, tile_mapper=mapper)
        tensors = ImageTensors(inputs, compute, self._targets, (stored, layers))
        transfer = StyleTransfer(network, tensors.transfer_images(transfer_spec), transfer_spec)
        return RunInputs(inputs, transfer, tensors, compute, settings, asked.name, load, memory)

    def _load(
        self, settings: Settings, content: Size | None, styles: Sequence[Size | None], compute: ComputeConfig
    ) -> Load:
        """Give what a run has to hold in this process, whose cluster computes the tiles of large pictures."""
        load = sizing.memory_load(settings, content, styles, compute.dtype.itemsize)
        return replace(load, remote_tile_side=self._cluster.side) if self._cluster else load

    def _load_network(self, loader: "_NetworkLoader") -> VGG:
        """Give a network on its device; the latest is kept, in each precision that it was asked for.

        Raises:
            WeightsError: there is no such network, or it is not fetched yet.
            SettingsError: it is to be normalized and was never measured.
        """
        if any((kept.stored, kept.layers) != (loader.stored, loader.layers) for kept in self._networks):
            self._networks.clear()
        if loader not in self._networks:
            self._networks[loader] = loader().build(loader.device)
        return self._networks[loader]

    def fingerprint(self, asked: spec.NetworkSpec) -> str:
        """Give the digest of a network's weights, read once for as long as their file does not change.

        Raises:
            WeightsError: there is no such network, or it is not fetched yet.
        """
        stored = _StoredWeights.of(asked)
        if stored not in self._fingerprints:
            loaded = stored.load()
            if asked.pooling != "average-scaled":  # features do not depend on what is known by the network's name
                loaded = replace(loaded, activations=None)
            self._fingerprints[stored] = loaded.fingerprint()
        return self._fingerprints[stored]

    def _check_weights(self, asked: spec.NetworkSpec, layers: Collection[Layer], styles: Sequence[LoadedStyle]) -> None:
        """Refuse style files of other weights than the network's, which is seen at some layers.

        Raises:
            SettingsError: there is one.
        """
        for style in styles:
            if isinstance(style, StyleFile) and style.info.network.sha256 != self.fingerprint(asked):
                network = argument("network", asked.name)
                problem = f"{style.name} was measured with other weights than {network} has"
                own = style.info.network.name
                remedy = f"Use {argument('network', own)}"
                if own not in weights.ENTRIES or weights.ENTRIES[own].missing(layers):
                    remedy = f"Make the style file again with {network}"
                raise SettingsError(problem, f"{remedy}, or use the painting itself.")


P = ParamSpec("P")
_process_stylizer = functools.cache(Stylizer)
_in_use = threading.Lock()


def _with_process_stylizer(method: Callable[Concatenate[Stylizer, P], Result]) -> Callable[P, Result]:
    """Make a function of a method of `Stylizer`, with one for all calls: the network is loaded once a process.

    A call from another thread, or from within a call, has a stylizer of its own: a network serves one run at a time.
    """

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> Result:
        if not _in_use.acquire(blocking=False):
            return method(Stylizer(), *args, **kwargs)
        try:
            return method(_process_stylizer(), *args, **kwargs)
        finally:
            _in_use.release()

    signature = inspect.signature(method)
    _, *parameters = signature.parameters.values()
    call.__qualname__ = call.__name__  # where it can be found again by its name, as pickle does
    vars(call)["__signature__"] = signature.replace(parameters=parameters)
    return call


stylize = _with_process_stylizer(Stylizer.stylize)


def _split_arguments(
    given: Sequence[StyleInputs | Settings], settings: Settings | None, choices: Mapping[str, Any]
) -> tuple[list[StyleInput], Settings]:
    """Part the positional arguments of `Stylizer.stylize` into style images and settings.

    Raises:
        SettingsError: settings are given in more than one way, or a choice is not a setting.
    """
    styles: list[StyleInput] = []
    found = [] if settings is None else [settings]
    for each in given:
        if isinstance(each, Settings):
            found.append(each)
        elif isinstance(each, list | tuple):
            styles.extend(each)
        else:
            styles.append(cast("StyleInput", each))
    if len(found) > 1:
        raise SettingsError("settings were given twice", "Give them once.")
    if found and choices:
        raise SettingsError("both settings and single choices were given", "Give one or the other.")
    return styles, found[0] if found else Settings(**choices)


@dataclass(frozen=True)
class _StoredWeights:
    """The file of a network's weights, which may be replaced while a process runs; two that are equal are the same."""

    asked: spec.NetworkSpec
    written: int | None
    """Time of the file; None where there is none."""

    @classmethod
    def of(cls, asked: spec.NetworkSpec) -> "_StoredWeights":
        """Give those that are there now."""
        file = weights.path(asked.name)
        return cls(asked, file.stat().st_mtime_ns if file.exists() else None)

    def load(self) -> VGGWeights:
        """Load them, normalized where that is asked for.

        Raises:
            WeightsError: there is no such network, or it is not fetched yet.
            SettingsError: it is to be normalized and was never measured.
        """
        loaded = weights.load(self.asked.name)
        return loaded.normalize() if self.asked.normalize else loaded


@dataclass(frozen=True)
class _NetworkLoader:
    """Loads what a network is built of; two that are equal load the same."""

    stored: _StoredWeights
    layers: frozenset[Layer]
    device: torch.device
    dtype: torch.dtype

    def __call__(self) -> NetworkDefinition:
        """Load it; raises what `_StoredWeights.load` raises."""
        asked, loaded = self.stored.asked, self.stored.load().to(self.device, self.dtype)
        return NetworkDefinition(loaded, self.layers, asked.pooling, asked.padding)


def _prepare(inputs: RunInputs, *, to_run: bool = False) -> None:
    """Do what a run needs before its first event: refuse what does not fit, measure the speed, and make the start."""
    transfer, first = inputs.transfer, inputs.transfer.scales[0]
    transfer.check(first.width, first.height)
    pixels = padded_pixels(transfer.scales[-1].size, transfer.spec.margin)
    check_memory(inputs.load, total_memory(inputs.compute.device))
    return_memory_eagerly(inputs.compute, pixels)
    with translate_oom():
        if to_run:
            calibrate(inputs)
        transfer.initial_image(first.width, first.height)


def _checkpoint(inputs: RunInputs, described: Mapping[str, str]) -> Checkpoint | None:
    """Give what keeps the state of a run, and where an earlier one may have left its own."""
    choice = spec.checkpoint_choice(inputs.settings)
    if choice == "never":
        return None
    return Checkpoint(
        identify(inputs.settings, inputs.inputs, described[INPUTS_KEY]),
        inputs.transfer.scales,
        margin=inputs.transfer.spec.margin,
        rounds=inputs.transfer.spec.rounds,
        save=choice == "always" or inputs.estimate().seconds > LONG_RUN,
    )


def _read_optional(source: Source | Picture | None) -> Picture | None:
    return None if source is None else _read(source)


def _read_all(sources: StyleInputs) -> tuple[LoadedStyle, ...]:
    return tuple(read_style_input(source) for source in _as_list(sources))


def _as_list(sources: StyleInputs) -> Sequence[StyleInput]:
    return sources if isinstance(sources, list | tuple) else [cast("StyleInput", sources)]


def _measure(source: Source | Picture) -> Size | None:
    return _size(source) if isinstance(source, Picture) else images.measure(source)


def _size(picture: Picture) -> Size:
    return picture.width, picture.height


def _read(source: Source | Picture) -> Picture:
    return source if isinstance(source, Picture) else images.read(source)
