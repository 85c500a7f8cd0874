"""The shipped looks still paint the pictures that were looked at."""

import numpy as np
import pytest
from pictures import FOLDER, GOLDEN, painted

from impasto import images


@pytest.mark.slow
@pytest.mark.parametrize("name", GOLDEN)
def test_the_look_is_the_one_that_was_looked_at(name):
    golden, now = images.read(FOLDER / f"{name}.png").rgb, painted(name).picture.rgb
    assert now.shape == golden.shape
    assert np.abs(now - golden).mean() < 3
    assert np.corrcoef(now.ravel(), golden.ravel())[0, 1] > 0.99
