"""Faces in a photograph: where they are, found by the three small networks of MTCNN (Zhang et al. 2016)."""

from impasto.faces.cascade import LONG_SIDE, Face, find_faces

__all__ = ["LONG_SIDE", "Face", "find_faces"]
