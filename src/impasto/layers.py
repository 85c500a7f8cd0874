"""Names of layers: `reluB_N` (after the ReLU) and `convB_N` (before it), B the block, N the convolution in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Self

from impasto.errors import SettingsError

_NAME = re.compile(r"(?P<kind>relu|conv)(?P<block>[1-5])_(?P<index>[1-9])")
_KERAS_NAME = re.compile(r"block(?P<block>[1-5])_conv(?P<index>[1-9])")


@dataclass(frozen=True, order=True)
class Layer:
    """One place in the network where features are read; layers sort in the order of the forward pass."""

    block: int
    index: int
    kind: Literal["conv", "relu"]

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a layer's name; Keras' `blockB_convN` is its `reluB_N`, since Keras' layer includes the ReLU.

        Raises:
            SettingsError: the name has none of these forms.
        """
        if layer := cls.find(name):
            return layer
        hint = "Layers are written relu4_2 (after the ReLU) or conv4_2, of blocks 1 to 5."
        raise SettingsError(f"'{name}' is not a layer", hint)

    @classmethod
    def find(cls, name: str) -> Self | None:
        """Read a layer's name as `parse` does; None where it has none of the forms."""
        if keras := _KERAS_NAME.fullmatch(name):
            return cls(int(keras["block"]), int(keras["index"]), "relu")
        if match := _NAME.fullmatch(name):
            return cls(int(match["block"]), int(match["index"]), "relu" if match["kind"] == "relu" else "conv")
        return None

    @property
    def conv(self) -> Self:
        """The same convolution before its ReLU; its name is that of the convolution in weights files."""
        return replace(self, kind="conv")

    @property
    def relu(self) -> Self:
        """The same convolution after its ReLU."""
        return replace(self, kind="relu")

    def __str__(self) -> str:
        return f"{self.kind}{self.block}_{self.index}"


def limit_depth(weights: Mapping[Layer, float], deepest: Layer, share: float) -> dict[Layer, float]:
    """Replace all layers beyond one by that one, with a share of their weights; 0 leaves them out."""
    limited = {layer: weight for layer, weight in weights.items() if layer <= deepest}
    beyond = sum(weight for layer, weight in weights.items() if layer > deepest)
    return limited | {deepest: limited.get(deepest, 0.0) + beyond * share} if beyond * share else limited
