"""Style transfer on tensors; the whole algorithm is `transfer`. Knows no files, no settings and no clock."""

from impasto.core.images import Image, ImageSource, TensorImage, TransferImages
from impasto.core.losses import AutogradLoss, Loss, ObjectiveSpec
from impasto.core.network.vgg import VGG
from impasto.core.optim import LBFGS, Adam, ScipyLBFGSB
from impasto.core.spec import Iterate, TransferSpec
from impasto.core.transfer import StyleTransfer, transfer
from impasto.layers import Layer

__all__ = [
    "LBFGS",
    "VGG",
    "Adam",
    "AutogradLoss",
    "Image",
    "ImageSource",
    "Iterate",
    "Layer",
    "Loss",
    "ObjectiveSpec",
    "ScipyLBFGSB",
    "StyleTransfer",
    "TensorImage",
    "TransferImages",
    "TransferSpec",
    "transfer",
]
