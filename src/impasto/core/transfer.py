"""Style transfer, in the order of the paper (Gatys, Ecker and Bethge 2016), from coarse to fine.

1. Targets: what the network keeps of the content image and of the style images, as losses.
2. Start: the image that optimization begins with.
3. Scales: from the coarsest to the finest (Gatys et al. 2017, section 6).
4. Iterate: the optimizer moves the pixels down the gradient of the losses.
5. Hand on: the image goes to the next scale, with detail of the content image or the style images.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial

from torch import Tensor

from impasto.core.color import gray_of
from impasto.core.details import Details
from impasto.core.empty import EmptyPlaces
from impasto.core.images import Image, Style, TransferImages
from impasto.core.init_image import add_noise, blend_by_region, initial_image, seeded_generator
from impasto.core.losses import Loss, LossInputs, Objective, build_losses, name_terms
from impasto.core.losses.luminance import LuminanceObjective
from impasto.core.losses.mapped import feature_objective
from impasto.core.losses.masked import MaskedObjective, blend_with_content
from impasto.core.network.tiles import TiledVGG
from impasto.core.network.vgg import VGG, smallest_side
from impasto.core.optim import RoundProgress
from impasto.core.pyramid import LatestSize, resize
from impasto.core.spec import IMAGE, Iterate, ResumePoint, TransferSpec, resumable_state
from impasto.sizing import plan_scales

BuildLosses = Callable[[LossInputs], Iterable[Loss]]
"""Makes losses for one scale."""


def transfer(
    network: VGG,
    content: Image | None,
    styles: Sequence[Style],
    spec: TransferSpec,
    *,
    masks: Sequence[Image] = (),
    keep: Image | None = None,
    init: Image | None = None,
    faces: Image | None = None,
    extra_losses: Sequence[BuildLosses] = (),
    stop: Callable[[], bool] = lambda: False,
    resume: ResumePoint | None = None,
) -> Generator[Iterate, None, None]:
    """Transfer the style of some images to another.

    Args:
        network: features at every layer of the objective.
        content: the content image; None where no loss compares content.
        styles: the styles: images, or what was measured of some; none where no loss compares style.
        spec: what to do.
        masks: one for each style, white where it goes; none for all of them everywhere.
        keep: a mask, white where the objective sees the content image and nothing is optimized. The images yielded are
            those underneath it: `blend_with_content(image, content, keep)` is what it shows.
        init: an image to start from, instead of the one that the spec names.
        faces: a mask, white where the content image has faces, for a spec that says how those are painted.
        extra_losses: make further terms of the objective, asked anew at every scale; no two terms have one name. What
            they get, and what their losses see, has the margin around it.
        stop: asked between steps; once true, the image as it is becomes the result.
        resume: where an earlier transfer of the same was, to go on from there.

    Yields:
        The start, then each step and each round's output, and last the result.

    Raises:
        ImageError: an image is too small for the network.
        DivergedError: the objective is not a finite number, even with smaller steps.
        ValueError: there is a keep mask and no content image, no loss at all, or two terms have one name.
    """
    images = TransferImages(content, styles, spec, masks=masks, keep=keep, init=init, faces=faces)
    return StyleTransfer(network, images, spec, extra_losses).run(stop, resume)


class StyleTransfer:
    """A transfer, set up: gives its objective and its start at any size, and runs; see `transfer`.

    Raises:
        ImageError: an image is too small for the network.
    """

    def __init__(
        self, network: VGG, images: TransferImages, spec: TransferSpec, extra_losses: Sequence[BuildLosses] = ()
    ) -> None:
        self.spec, self.images, self.network, self._extra_losses = spec, images, network, extra_losses
        self.reader = TiledVGG(network, spec.tiles) if spec.tiles else network
        self.smallest_side = smallest_side(network.layers)
        images.check_own_sizes(self.smallest_side)
        self._style_weights = images.style_weights
        self.scales = plan_scales(
            *spec.size,
            scales=spec.scales,
            iterations=spec.iterations,
            decay=spec.iterations_decay,
            smallest_side=self.smallest_side,
        )
        self.targets, self.initial_image = LatestSize(self._measure_targets), LatestSize(self._make_initial_image)
        self.details, self.empty_places = Details(images, spec, self._sharp_start), EmptyPlaces(images, spec)

    def check(self, width: int, height: int) -> None:
        """Refuse a size at which the network cannot see the image, or a style image beside it.

        Raises:
            ImageError: a side is too short.
        """
        self.images.check_sizes(width, height, self.smallest_side)

    # 1. Targets

    def _measure_targets(self, width: int, height: int) -> Objective:
        """Measure the content image and the style images, for an image of a size and the margin around it."""
        images, spec = self.images, self.spec
        self.check(width, height)
        content = images.content(width, height)
        inputs = LossInputs(
            network=self.reader,
            content=None if content is None else images.pad(content),
            styles=images.styles,
            style_sizes=images.style_sizes(width, height),
            style_weights=self._style_weights,
            guidance=images.guidance(width, height, self._style_weights, self.details.content),
            size=(height + 2 * spec.margin, width + 2 * spec.margin),
            spec=spec.objective_at(coarsest=max(width, height) <= max(self.scales[0].size)),
        )
        losses = [*build_losses(inputs), *(loss for build in self._extra_losses for loss in build(inputs))]
        layers = frozenset(loss.layer for loss in losses if loss.layer) or self.reader.layers
        objective = feature_objective(self.reader.truncate(layers), losses, inputs.size, spec.tile_mapper)
        return LuminanceObjective(objective) if spec.luminance_only else objective

    def objective(self, width: int, height: int) -> Objective:
        """Give the targets as the optimizer sees them: what is kept is the content image."""
        targets, keep = self.targets(width, height), self.images.keep(width, height)
        content = self.images.content(width, height)
        if content is None or keep is None:
            return targets
        return MaskedObjective(targets, self.images.pad(content), self.images.pad(keep))

    # 2. Start

    def _make_initial_image(self, width: int, height: int, *, with_noise: bool = True) -> Tensor:
        """Make the start of a size with its margin: (1, 3, height + 2 margin, width + 2 margin), 0..255."""
        return self._finish_start(self._compose_start(width, height, self.spec.noise_share if with_noise else 0.0))

    def _first_image(self) -> Tensor:
        """Make the image that optimization begins with: of the one that was given for it, or the initial image."""
        spec, size = self.spec, self.scales[0].size
        given, random = self.images.init(*size), seeded_generator(spec.seed)
        if given is None:
            return self.initial_image(*size)
        return self._finish_start(add_noise(given, spec.noise_share, spec.noise_amplitude, self.network.mean, random))

    def _finish_start(self, image: Tensor) -> Tensor:
        size = image.shape[3], image.shape[2]
        image = gray_of(image) if self.spec.luminance_only else image
        content, keep = self.images.content(*size), self.images.keep(*size)
        if content is not None and keep is not None:
            image = blend_with_content(image, content, keep)
        return self.images.pad(image)

    def _compose_start(self, width: int, height: int, noise_share: float) -> Tensor:
        spec, images, mean, weights = self.spec, self.images, self.network.mean, self._style_weights
        make = partial(
            initial_image,
            spec.init,
            subject := images.subject(width, height),
            noise_share=noise_share,
            noise_amplitude=spec.noise_amplitude,
            mean=mean,
            seed=spec.seed,
            colors_like=images.colors_like,
        )
        if spec.init != "palette":
            style, opacity = images.style_pixels(width, height) if spec.init == "style" else (None, None)
            return make(style, opacity=opacity)
        shares = images.masks(width, height) or [subject.new_tensor(weight / sum(weights)) for weight in weights]
        starts = [make(palette=palette) for palette in images.palettes(width, height)]
        return blend_by_region(starts, shares, elsewhere=subject)

    # 3. Scales

    def run(self, stop: Callable[[], bool], resume: ResumePoint | None = None) -> Generator[Iterate, None, None]:
        """Yield what `transfer` yields."""
        spec, last, stopped = self.spec, self.scales[-1], False
        first, iteration, state = (resume.scale, resume.iteration, resume.state) if resume else (1, 0, {})
        image = state[IMAGE] if resume else self._first_image()
        del resume  # and what it holds
        yield Iterate("start", first, iteration, self.images.crop(image), None)
        if spec.content_only:
            yield self._content_as_result()
            return
        optimizer = spec.optimizer()
        optimizer.load_state(state)
        for number, scale in enumerate(self.scales[first - 1 :], first):
            image = self.hand_on(image, scale.width, scale.height)
            self.initial_image.forget()
            optimizer.rescale(partial(self.images.resize_padded, width=scale.width, height=scale.height))
            objective = self.objective(scale.width, scale.height)
            self.initial_image.forget()  # which faces were compared with
            first_iteration = iteration if number == first else 0
            for finished_rounds in range(first_iteration // scale.iterations, spec.rounds):
                # 4. Iterate
                progress, begin = RoundProgress(spec.output_iterate, spec.tolerance), finished_rounds * scale.iterations
                iteration = before = max(first_iteration, begin)
                if before > begin:  # an earlier transfer had begun the round
                    progress.load_state(state)
                optimizer, state = spec.optimizer() if finished_rounds and before == begin else optimizer, {}
                with closing(optimizer.minimize(objective.evaluate, image, begin + scale.iterations - before)) as steps:
                    del image  # which the optimizer frees as soon as it has a better one
                    for iteration, found in enumerate(steps, before):
                        progress.update(found)
                        if iteration > before:
                            shown, terms = self.images.crop(found.image), name_terms(objective, found.terms)
                            output = partial(self._output, objective, progress, number, iteration)
                            kept = partial(resumable_state, found.image, optimizer, progress)
                            yield Iterate("step", number, iteration, shown, terms, found.restart, output, kept)
                        if (stopped := stop()) or progress.has_stalled():
                            break
                image, values = progress.output()
                terms = name_terms(objective, objective.values(image).tolist() if values is None else values)
                kept = partial(resumable_state, image, optimizer, None)
                yield Iterate("output", number, iteration, self.images.crop(image), terms, state=kept)
                if stopped:
                    break
            if stopped:
                break
        image = self.hand_on(image, last.width, last.height)  # a run that was stopped early has the full size, too
        yield Iterate("result", number, iteration, self.empty_places.soften(self.images.crop(image)), terms)

    # 5. Hand on

    def hand_on(self, image: Tensor, width: int, height: int) -> Tensor:
        """Bring an image with its margin to a scale, with the detail that the spec asks for."""
        coarse = self.images.crop(image)
        if coarse.shape[2:] == (height, width):
            return image
        enlarged, detail = resize(coarse, width, height), self.details.make(coarse, width, height)
        return self.images.pad(enlarged if detail is None else enlarged + detail)

    def _sharp_start(self, width: int, height: int) -> Tensor:
        """Give the initial image of a size without noise or margin."""
        if self.spec.noise_share:
            return self.images.crop(self._make_initial_image(width, height, with_noise=False))
        return self.images.crop(self.initial_image(width, height))

    def _output(self, objective: Objective, progress: RoundProgress, scale: int, iteration: int) -> Iterate:
        """Give the output of a round if it ended here; an average has no terms: it is not evaluated."""
        image, values = progress.output()
        named = None if values is None else name_terms(objective, values)
        return Iterate("output", scale, iteration, self.images.crop(image), named)

    def _content_as_result(self) -> Iterate:
        """Give the content image as the result of everything."""
        size = self.scales[-1].size
        image, targets = self.images.pad(self.images.subject(*size)), self.targets(*size)
        terms = name_terms(targets, targets.values(image).tolist())
        return Iterate("result", len(self.scales), 0, self.images.crop(image), terms)
