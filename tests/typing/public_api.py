"""A caller of the public interface, checked by mypy --strict and never run."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import impasto


def one_call(photo: Path, painting: Path) -> Image.Image:
    result: impasto.Result = impasto.stylize(photo, painting, size=1024, seed=1)
    result.save("picture.png", overwrite=True)
    return result.image


def one_call_each_way(photo: Path, paintings: list[Path]) -> list[impasto.Result]:
    stylizer = impasto.Stylizer()
    settings = impasto.Settings(recipe="fast")
    return [
        impasto.stylize(photo, paintings, settings),
        impasto.stylize(photo, *paintings, settings=settings, progress=True),
        stylizer.stylize(photo, paintings, recipe="fast", on_event=print),
    ]


def how_long(photo: Path, paintings: list[Path]) -> float:
    estimate: impasto.Estimate = impasto.Stylizer().estimate(photo, paintings, size=4000)
    return 0.0 if estimate.rough else estimate.seconds * estimate.memory


def elsewhere_than_to_a_file(photo: torch.Tensor, painting: bytes, out: io.BytesIO) -> bytes:
    result = impasto.stylize(photo, painting)
    result.save(out, format="webp", strip=True)
    assert np.asarray(result).ndim == 3
    return result.to_bytes()


def losses_while_painting(photo: bytes, paintings: list[Image.Image]) -> Iterator[float]:
    stylizer = impasto.Stylizer(device="cpu")
    settings = impasto.Settings(recipe="painterly", content_weight=20, style_blend=(1, 2))
    for event in stylizer.run(photo, paintings, settings, stop=lambda: False):
        if isinstance(event, impasto.Step):
            yield event.loss
        elif isinstance(event, impasto.Finished):
            event.save("picture.png")
            event.picture.to_pil().show()


def alone(photo: Path, painting: Path) -> list[impasto.Picture]:
    texture = impasto.stylize(None, painting, recipe="texture")
    rebuilt = impasto.stylize(photo, recipe="rebuild", content_layers="relu4_2")
    impasto.Stylizer().check(photo, settings=rebuilt.settings)
    return [texture.picture, rebuilt.picture]


def one_style_for_many(photos: list[Path], paintings: list[Path]) -> list[impasto.Picture]:
    stylizer = impasto.Stylizer()
    style: impasto.StyleFile = impasto.measure_style(stylizer, paintings, credit="public domain")
    style.save("five.style", overwrite=True)
    assert impasto.read_style("five.style").size == style.size
    return [stylizer.stylize(photo, style).picture for photo in photos]


def why_not(photo: Path) -> str:
    try:
        impasto.Stylizer().run(photo, [])
    except impasto.ImpastoError as error:
        return f"{error.problem} ({error.hint})"
    return "it works"
