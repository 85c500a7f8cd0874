"""Follow a run step by step, and stop it when it has seen enough.

python examples/watch.py PHOTO PAINTING OUT SECONDS [SIZE]
"""

import sys
import time

from impasto import Finished, Preview, Settings, Step, Stylizer

photo, painting, out, seconds, *size = sys.argv[1:]
settings = Settings(recipe="neural-style", size=int(size[0]) if size else 512)
end = time.monotonic() + float(seconds)
for event in Stylizer().run(photo, [painting], settings, stop=lambda: time.monotonic() > end, preview_every=10):
    match event:
        case Step(iteration=iteration, loss=loss, remaining=remaining):
            print(f"{iteration:4} loss {loss:.4g}, {remaining:.0f} s left")
        case Preview(picture=picture):
            picture.to_pil().save(out)
        case Finished(picture=picture, stopped=stopped):
            picture.to_pil().save(out)
            print(f"{out}: {'stopped' if stopped else 'finished'}")
