"""Reading and writing pictures, and putting several together; knows nothing of optimizing."""

from impasto.images.formats import SUFFIXES, readable_suffixes
from impasto.images.picture import Picture, Source
from impasto.images.read import measure, read, read_metadata, read_thumbnail
from impasto.images.resize import resize, shrink
from impasto.images.sheets import LabeledPicture, contact_sheet, labeled_rows, side_by_side
from impasto.images.write import Target, check_output, encode, save

__all__ = [
    "SUFFIXES",
    "LabeledPicture",
    "Picture",
    "Source",
    "Target",
    "check_output",
    "contact_sheet",
    "encode",
    "labeled_rows",
    "measure",
    "read",
    "read_metadata",
    "read_thumbnail",
    "readable_suffixes",
    "resize",
    "save",
    "shrink",
    "side_by_side",
]
