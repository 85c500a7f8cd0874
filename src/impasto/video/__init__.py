"""Moving pictures: a clip in, a painted film out.

`sources` opens clips, `film` writes films; `shots` finds where a clip begins anew; `painter` paints the frames of a
shot one after the other, each from the one before (`flow`); `timeline` says which settings hold when; `workspace` keeps
what is finished, and `render` does all of it.
"""

from impasto.video.api import paint_film

__all__ = ["paint_film"]
