"""Paint a photograph in one call.

python examples/paint.py PHOTO PAINTING OUT [SIZE]
"""

import sys

import impasto

photo, painting, out, *size = sys.argv[1:]
result = impasto.stylize(photo, painting, size=int(size[0]) if size else 512, seed=1)
result.save(out, overwrite=True)
print(out, f"{result.image.width} x {result.image.height}")
for term, loss in result.losses.items():
    print(f"  {term:16} {loss:.4g}")
