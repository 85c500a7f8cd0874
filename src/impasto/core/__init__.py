"""Style transfer on tensors; the whole algorithm is `transfer`. Knows no files, no settings and no clock."""

from impasto.core.images import Image, ImageSource, TensorImage, TransferImages
from impasto.core.losses import AutogradLoss, Loss, LossInputs, ObjectiveSpec
from impasto.core.losses.masked import blend_with_content
from impasto.core.network.vgg import VGG
from impasto.core.optim import LBFGS, Adam, ScipyLBFGSB
from impasto.core.spec import Iterate, ResumePoint, TransferSpec
from impasto.core.styles import StoredStyle, StyleImage, StyleSource
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
    "LossInputs",
    "ObjectiveSpec",
    "ResumePoint",
    "ScipyLBFGSB",
    "StoredStyle",
    "StyleImage",
    "StyleSource",
    "StyleTransfer",
    "TensorImage",
    "TransferImages",
    "TransferSpec",
    "blend_with_content",
    "transfer",
]
