"""OpenCV, which is an extra."""

from functools import cache
from typing import Any

from impasto.errors import InputError, install_command


@cache
def load_opencv() -> Any:
    """Give the module.

    Raises:
        InputError: it is not installed.
    """
    try:
        import cv2  # noqa: PLC0415
    except ImportError:
        problem = "films need OpenCV, which is not installed"
        raise InputError(problem, f"Run: {install_command('video')}.") from None
    return cv2
