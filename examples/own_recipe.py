"""Keep a look of your own as a file, and blend two paintings with it.

python examples/own_recipe.py PHOTO PAINTING PAINTING OUT [SIZE]
"""

import sys
import tempfile
from pathlib import Path

import impasto

photo, first, second, out, *size = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    recipe = Path(folder) / "bold.toml"
    recipe.write_text('content_weight = 5\nstyle_layers = "relu2_1,relu3_1,relu4_1=2"\nstyle_weight = 100\n')
    result = impasto.stylize(
        photo, first, second, recipe=str(recipe), style_blend=(2, 1), iterations=50, size=int(size[0]) if size else 256
    )
result.save(out, overwrite=True)
print(out)
