"""What five published recipes charge for a picture, term by term: the witness that `impasto losses` is held against.

Written in float64 NumPy from the sources' own formulas and in their own form. It shares nothing with the package but
the files of weights, so that a factor, a layer or a border that is wrong in one of the two shows as a difference.

Pictures are (H, W, 3) uint8, sRGB. Features are (C, h, w) float64, after the ReLU, named as in `relu4_2`.
Where the network halves an odd number of rows or columns, the last one is dropped, for both kinds of pooling.
"""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors.numpy import load_file

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]
Features = dict[str, Array]

WEIGHTS = Path(__file__).parents[2] / "src/impasto/weights/data"
MEAN_BGR = (103.939, 116.779, 123.68)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


class Term(NamedTuple):
    """One weighted contribution to a recipe's loss."""

    kind: str
    layer: str | None
    value: float


class Network(NamedTuple):
    """A VGG: how many convolutions each block has, and their weights and biases by their names, `convB_N`."""

    convolutions: tuple[int, ...]
    kernels: dict[str, tuple[Array, Array]]


def terms(recipe: str, image: Picture, content: Picture, style: Picture, network: str = "vgg16") -> list[Term]:
    """Every term of a published recipe's loss for `image`; their sum is the loss.

    `image` and `content` have one size. `keras-lbfgs` and `coursera` need `style` at that size too.
    """
    return list(RECIPES[recipe](image, content, style, NETWORKS[network]()))


# The networks: VGG-16 and VGG-19 (Simonyan and Zisserman, 2014), as Caffe and Keras feed them.


def network_input(picture: Picture) -> Array:
    """(H, W, 3) sRGB 0..255 to (3, H, W) BGR with the mean of the training set subtracted."""
    return (picture[:, :, ::-1].astype(np.float64) - MEAN_BGR).transpose(2, 0, 1)


def features(picture: Picture, pool: Callable[[Array], Array], network: Network) -> Features:
    """The maps after each of the network's 13 or 16 ReLUs."""
    maps, x = {}, network_input(picture)
    for block, count in enumerate(network.convolutions, start=1):
        x = pool(x) if block > 1 else x
        for index in range(1, count + 1):
            x = maps[f"relu{block}_{index}"] = np.maximum(convolve(x, *network.kernels[f"conv{block}_{index}"]), 0)
    return maps


def convolve(x: Array, weight: Array, bias: Array) -> Array:
    """Correlate (C, h, w) with (O, C, 3, 3), one row and column of zeros around; gives (O, h, w)."""
    windows = sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))
    return np.tensordot(weight, windows, axes=((1, 2, 3), (0, 3, 4))) + bias[:, None, None]


def max_pool(x: Array) -> Array:
    largest: Array = quads(x).max(axis=(2, 4))
    return largest


def average_pool(x: Array) -> Array:
    mean: Array = quads(x).mean(axis=(2, 4))
    return mean


def quads(x: Array) -> Array:
    """(C, h, w) as (C, h // 2, 2, w // 2, 2)."""
    channels, rows, columns = x.shape[0], x.shape[1] // 2, x.shape[2] // 2
    return x[:, : 2 * rows, : 2 * columns].reshape(channels, rows, 2, columns, 2)


@cache
def vgg16() -> Network:
    stored = load_file(WEIGHTS / "vgg16-features-fp16.safetensors")
    array = {name: values.astype(np.float64) for name, values in stored.items()}
    names = [name.removesuffix(".bias") for name in stored if name.endswith(".bias")]
    return Network((2, 2, 3, 3, 3), {name: (array[f"{name}.weight"], array[f"{name}.bias"]) for name in names})


@cache
def vgg19_8bit() -> Network:
    """Each weight is one of the 256 numbers in its layer's table: the one that its code counts to."""
    stored = load_file(WEIGHTS / "vgg19-features-8bit.safetensors")
    kernels = {}
    for name in (name.removesuffix(".bias") for name in stored if name.endswith(".bias")):
        weight = stored[f"{name}.table"].astype(np.float64)[stored[f"{name}.codes"]]
        kernels[name] = weight, stored[f"{name}.bias"].astype(np.float64)
    return Network((2, 2, 4, 4, 4), kernels)


NETWORKS = {"vgg16": vgg16, "vgg19-8bit": vgg19_8bit}


def unrolled(x: Array) -> Array:
    """(C, h, w) as (C, h * w): one row for each feature map, as the paper's F."""
    return x.reshape(len(x), -1)


# keras-lbfgs: Keras' example neural_style_transfer.py with VGG-16 and SciPy's L-BFGS-B.


def keras_lbfgs(image: Picture, content: Picture, style: Picture, network: Network) -> Iterator[Term]:
    combination, base, reference = (features(picture, max_pool, network) for picture in (image, content, style))
    nrows, ncols = image.shape[:2]
    yield Term("content", "relu5_2", 0.025 * keras_content_loss(base["relu5_2"], combination["relu5_2"]))
    for layer in STYLE_LAYERS:
        loss = keras_style_loss(reference[layer], combination[layer], size=nrows * ncols)
        yield Term("style", layer, (1.0 / len(STYLE_LAYERS)) * loss)
    yield Term("tv", None, 1.0 * keras_total_variation_loss(network_input(image), nrows, ncols))


def keras_content_loss(base: Array, combination: Array) -> float:
    return float(np.sum(np.square(combination - base)))


def keras_style_loss(style: Array, combination: Array, size: int) -> float:
    """The divisor holds the picture's 3 channels and its size at every layer, not the layer's own."""
    S = np.dot(unrolled(style), unrolled(style).T)
    C = np.dot(unrolled(combination), unrolled(combination).T)
    channels = 3
    return float(np.sum(np.square(S - C)) / (4.0 * (channels**2) * (size**2)))


def keras_total_variation_loss(x: Array, nrows: int, ncols: int) -> float:
    a = np.square(x[:, : nrows - 1, : ncols - 1] - x[:, 1:, : ncols - 1])
    b = np.square(x[:, : nrows - 1, : ncols - 1] - x[:, : nrows - 1, 1:])
    return float(np.sum(np.power(a + b, 1.25)))


# tf-adam: TensorFlow's tutorial "Neural Style Transfer with tf.keras" in eager mode.


def tf_adam(image: Picture, content: Picture, style: Picture, network: Network) -> Iterator[Term]:
    combination, base, reference = (features(picture, max_pool, network) for picture in (image, content, style))
    content_score = np.mean(np.square(combination["relu5_2"] - base["relu5_2"]))
    yield Term("content", "relu5_2", 1e3 * float(content_score))
    for layer in STYLE_LAYERS:
        style_score = np.mean(np.square(tf_gram_matrix(combination[layer]) - tf_gram_matrix(reference[layer])))
        yield Term("style", layer, 1e-2 * (1.0 / len(STYLE_LAYERS)) * float(style_score))


def tf_gram_matrix(x: Array) -> Array:
    """The tutorial flattens (h, w, C) to (h * w, C) and divides by the number of positions."""
    a = np.moveaxis(x, 0, -1).reshape(-1, len(x))
    gram: Array = np.matmul(a.T, a)
    return gram / len(a)


# coursera: the exercise "Deep Learning & Art: Neural Style Transfer", whose conv4_2 is the output of its ReLU.


def coursera(image: Picture, content: Picture, style: Picture, network: Network) -> Iterator[Term]:
    a_G, a_C, a_S = (features(picture, average_pool, network) for picture in (image, content, style))
    alpha, beta, coefficient = 10, 40, 0.2
    yield Term("content", "relu4_2", alpha * coursera_content_cost(a_C["relu4_2"], a_G["relu4_2"]))
    for layer in STYLE_LAYERS:
        yield Term("style", layer, beta * coefficient * coursera_layer_style_cost(a_S[layer], a_G[layer]))


def coursera_content_cost(a_C: Array, a_G: Array) -> float:
    n_C, n_H, n_W = a_G.shape
    return float(np.sum(np.square(a_C - a_G)) / (4 * n_H * n_W * n_C))


def coursera_layer_style_cost(a_S: Array, a_G: Array) -> float:
    n_C, n_H, n_W = a_G.shape
    GS, GG = unrolled(a_S) @ unrolled(a_S).T, unrolled(a_G) @ unrolled(a_G).T
    return float(np.sum(np.square(GS - GG)) / (4 * n_C**2 * (n_H * n_W) ** 2))


# gatys: "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, equations 1, 4, 5 and 7.


def gatys(image: Picture, content: Picture, style: Picture, network: Network) -> Iterator[Term]:
    F, P, S = (features(picture, average_pool, network) for picture in (image, content, style))
    alpha, beta, w = 1e-3, 1.0, 1 / len(STYLE_LAYERS)
    yield Term("content", "relu4_2", alpha * 0.5 * float(np.sum((F["relu4_2"] - P["relu4_2"]) ** 2)))
    for layer in STYLE_LAYERS:
        yield Term("style", layer, beta * w * gatys_layer_contribution(unrolled(F[layer]), unrolled(S[layer])))


def gatys_layer_contribution(F: Array, S: Array) -> float:
    """E_l of equation 4, sum((G - A)^2) / (4 N^2 M^2).

    The paper has one M, for it takes the painting at the picture's size. Where the painting has another number of
    positions, each Gram matrix is divided by its own; with equal numbers that is equation 4 as printed.
    """
    G, A = F @ F.T, S @ S.T
    N, M = F.shape
    if S.shape[1] == M:
        return float(np.sum((G - A) ** 2) / (4 * N**2 * M**2))
    return float(np.sum((G / M - A / S.shape[1]) ** 2) / (4 * N**2))


# neural-style: neural-style-pt with the defaults of its command line, on pixels 0..255.


def neural_style(image: Picture, content: Picture, style: Picture, network: Network) -> Iterator[Term]:
    inputs, base, reference = (features(picture, max_pool, network) for picture in (image, content, style))
    yield Term("content", "relu4_2", 5e0 * mse(inputs["relu4_2"], base["relu4_2"]))
    for layer in STYLE_LAYERS:
        yield Term("style", layer, 1e2 * mse(neural_style_gram(inputs[layer]), neural_style_gram(reference[layer])))
    yield Term("tv", None, 1e-3 * neural_style_total_variation(network_input(image)))


def mse(x: Array, target: Array) -> float:
    return float(np.mean((x - target) ** 2))


def neural_style_gram(x: Array) -> Array:
    """Divided by all elements of the maps, channels too."""
    return (unrolled(x) @ unrolled(x).T) / x.size


def neural_style_total_variation(x: Array) -> float:
    x_diff = x[:, 1:, :] - x[:, :-1, :]
    y_diff = x[:, :, 1:] - x[:, :, :-1]
    return float(np.sum(np.abs(x_diff)) + np.sum(np.abs(y_diff)))


RECIPES: dict[str, Callable[[Picture, Picture, Picture, Network], Iterator[Term]]] = {
    "keras-lbfgs": keras_lbfgs,
    "tf-adam": tf_adam,
    "coursera": coursera,
    "gatys": gatys,
    "neural-style": neural_style,
}
