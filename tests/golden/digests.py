"""The golden digests: what the engine paints to the bit, so that code may move and pictures may not.

    python tests/golden/digests.py                # paints every case and writes digests.json
    python tests/golden/digests.py --check NAMES  # paints the cases of a JSON list and prints what was painted

Paints in float32 on one thread, by the same kernels on every x86-64 processor: `PINNED` is set before torch is loaded.
Write the file anew only where a picture is meant to change, and say in the commit why.
"""

import functools
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
STORED = FOLDER / "digests.json"
PICTURES = FOLDER.parent.parent / "examples" / "pictures"
PINNED = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
}
"""The same kernels, whatever the processor has."""

PAIRS = {"palace": ("summer_palace", "starry_night"), "cat": ("cat", "great_wave")}
RECIPES = (
    *("bold", "brushwork", "coursera", "fast", "gatys", "ink", "keras-lbfgs", "neural-style", "painterly", "quality"),
    *("rebuild", "surface", "texture", "tf-adam"),
)
SIZE, ITERATIONS = 96, 2
TWO_SCALES = {"size": 256, "scales": 2, "iterations": 1, "iterations_decay": 1.0}

CASES = {
    **{f"{recipe} {pair}": {"pair": pair, "recipe": recipe} for recipe in RECIPES for pair in PAIRS},
    "masks at two scales": {"styles": 2, "mask": True, **TWO_SCALES},
    "keep mask at two scales": {"keep_mask": True, "mask": True, "styles": 2, **TWO_SCALES},
    "blend": {"styles": 2, "style_blend": "3,1"},
    "color photo": {"color": "photo"},
    "color photo and keep mask": {"color": "photo", "keep_mask": True},
    "color match": {"color": "match"},
    "transparency": {"transparent": True},
    "transparency and color match": {"transparent": True, "color": "match"},
    "two scales of adam": {"recipe": "tf-adam", **TWO_SCALES},
    "two scales from a file": {"init": "file", "noise_share": 0.2, "detail": 0.5, **TWO_SCALES},
    "two scales from noise": {"init": "noise", "detail": 0.5, "seed": 3, **TWO_SCALES},
    "stopped at the first of two scales": {"stop": 1, **TWO_SCALES},
    "rounds": {"recipe": "keras-lbfgs", "rounds": 2},
    "average of the iterates": {"recipe": "tf-adam", "keep": "average"},
    "last iterate of adam": {"recipe": "tf-adam", "keep": "last"},
    "strength 0": {"strength": 0.0},
    "strength 0.8": {"strength": 0.8},
    "strength 1": {"strength": 1.0},
    "average-scaled pooling, normalized": {"pooling": "average-scaled", "normalize": True, "statistic": "gram"},
    "conv layers": {"style_layers": "conv1_1,relu2_1,conv3_1", "content_layers": "relu3_1,conv3_1"},
    "crop": {"style_crop": "100,50,300,200"},
    "start of scattered colors": {"init": "style"},
    "gaussian start": {"init": "gaussian"},
    "gray start": {"init": "gray"},
    "float64": {"precision": "float64"},
}


def paint(case):
    """What one case paints: the pixels' digest, that of its previews, each step's loss and the picture's terms."""
    from impasto import Finished, Preview, Settings, Step

    case = dict(case)
    photo, painting = PAIRS[case.pop("pair", "palace")]
    stop_after, transparent = case.pop("stop", None), case.pop("transparent", False)
    with tempfile.TemporaryDirectory() as folder:
        styles = [PICTURES / f"{painting}.jpg", PICTURES / "the_scream.jpg"][: case.pop("styles", 1)]
        choices = {"size": SIZE, "iterations": ITERATIONS, "rounds": 1, "precision": "float32", **case}
        settings = Settings(**{**choices, **_files(Path(folder), choices)})
        content = None if settings.recipe == "texture" else _photograph(photo, transparent=transparent)
        steps, previews, finished = [], hashlib.sha256(), None
        for event in _stylizer().run(
            content,
            [] if settings.recipe == "rebuild" else styles,
            settings,
            stop=lambda: stop_after is not None and len(steps) >= stop_after,
            preview_every=2,
        ):
            match event:
                case Step():
                    steps.append(event.loss)
                case Preview():
                    previews.update(event.picture.to_pil().tobytes())
                case Finished():
                    finished = event
    image = finished.picture.to_pil()
    return {
        "size": [*image.size, image.mode],
        "pixels": hashlib.sha256(image.tobytes()).hexdigest(),
        "previews": previews.hexdigest(),
        "steps": steps,
        "terms": dict(finished.terms),
    }


@functools.cache
def _stylizer():
    from impasto import Stylizer

    return Stylizer("cpu")


def probe():
    """A digest of what this machine's own kernels give for fixed numbers: whether bits can be compared at all."""
    import torch
    import torch.nn.functional as F

    torch.manual_seed(0)
    maps, kernel = torch.rand(1, 64, 40, 40).contiguous(memory_format=torch.channels_last), torch.rand(64, 64, 3, 3)
    convolved = F.conv2d(maps, kernel, padding=1)
    flat = convolved[0].flatten(1)
    found = [convolved, flat @ flat.T, maps.pow(1 / 2.4), F.interpolate(maps, scale_factor=0.5, mode="bicubic")]
    found += [torch.linalg.qr(kernel[:, :, 0, 0]).Q, maps.double().pow(3).sum()]
    return hashlib.sha256(b"".join(each.contiguous().numpy().tobytes() for each in found)).hexdigest()


def paint_all(names):
    """These cases, and the probe."""
    return {"probe": probe(), "cases": {name: paint(CASES[name]) for name in names}}


def _photograph(name, *, transparent):
    import numpy as np
    from PIL import Image

    image = Image.open(PICTURES / f"{name}.jpg")
    if not transparent:
        return image
    rows, columns = np.mgrid[0 : image.height, 0 : image.width]
    alpha = np.clip(columns * 400 // image.width - rows * 100 // image.height, 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([np.asarray(image.convert("RGB")), alpha]))


def _files(folder, choices):
    """The settings that name files, with the files made."""
    import numpy as np
    from PIL import Image

    def ramp(name, values):
        Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).save(folder / name)
        return str(folder / name)

    rows, columns = np.mgrid[0:214, 0:320]
    found = {}
    if choices.get("mask"):
        left, right = ramp("left.png", (180 - columns) * 8), ramp("right.png", (columns - 140) * 4)
        found["mask"] = (left, right)
    if choices.get("keep_mask"):
        found["keep_mask"] = ramp("keep.png", 255 * 3 - 9 * np.hypot(columns - 100, rows - 110))
    if choices.get("init") == "file":
        found["init"] = str(PICTURES / "water_lilies.jpg")
    return found


if __name__ == "__main__":
    os.environ |= PINNED
    if sys.argv[1:2] == ["--check"]:
        print(json.dumps(paint_all(json.loads(sys.argv[2]))))
    else:
        STORED.write_text(json.dumps(paint_all(CASES), indent=1) + "\n", encoding="utf-8")
