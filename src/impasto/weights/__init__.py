"""Pretrained networks: those that ship with Impasto, and those that are fetched or imported.

Importing this loads no torch; `load`, `fetch` and `import_file` do when they convert or read a file.
"""

from impasto.weights.architecture import Activations, Architecture, InputConvention
from impasto.weights.registry import ARCHITECTURES, CONVENTIONS, ENTRIES, Checksum, Entry
from impasto.weights.store import MIRROR_VARIABLE, Status, available, fetch, import_file, load, path

__all__ = [
    "ARCHITECTURES",
    "CONVENTIONS",
    "ENTRIES",
    "MIRROR_VARIABLE",
    "Activations",
    "Architecture",
    "Checksum",
    "Entry",
    "InputConvention",
    "Status",
    "available",
    "fetch",
    "import_file",
    "load",
    "path",
]
