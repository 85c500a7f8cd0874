"""Time from *Paint* in a running studio to the first previews: of the start, and of the first that is painted.

    python benchmarks/studio_first_sight.py [-o benchmarks/studio_first_sight.json]

Both are fetched over HTTP, as the page does; what the browser then takes to show them is not in it. Each pair is asked
for several times, with the default recipe; the first job of all, which loads the network, does not count.
"""

import argparse
import statistics
import time
from pathlib import Path

import httpx2
import shared
import studio_load

PAIRS = (
    ("summer_palace", "starry_night"),
    ("flower", "great_wave"),
    ("coffee", "water_lilies"),
    ("astronaut", "the_scream"),
)
TURNS = 5
_POLL = 0.03


def previews(client: httpx2.Client, photo: str, painting: str, precision: str) -> tuple[float, float]:
    """Seconds until the preview of the start was fetched, and until another one was."""
    begun, seen, times = time.perf_counter(), "", list[float]()
    body = {"photo": photo, "paintings": [painting], "settings": {"precision": precision}}
    job = client.post("/api/jobs", json=body).json()["id"]
    while len(times) < 2:  # noqa: PLR2004 -- the start's, and the first that is painted
        found = client.get(f"/api/jobs/{job}").json()
        if found["state"] not in {"queued", "running"}:
            raise RuntimeError(f"the job ended before it had two previews: {found}")
        url = found["preview"]
        if url and url != seen and client.get(url).is_success:
            seen = url
            times.append(time.perf_counter() - begun)
        time.sleep(_POLL)
    client.post(f"/api/jobs/{job}/cancel")
    while client.get(f"/api/jobs/{job}").json()["state"] == "running":
        time.sleep(_POLL)
    time.sleep(0.3)  # the worker looks for the next job now and then
    return times[0], times[1]


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked, rows = parser.parse_args(), []
    with studio_load.fresh_studio() as client:
        known = {name: client.post(f"/api/samples/{name}").json()["id"] for pair in PAIRS for name in pair}
        for precision in ("auto", "float32"):
            for names in PAIRS:
                photo, painting = (known[name] for name in names)
                previews(client, photo, painting, precision)
                times = [previews(client, photo, painting, precision) for _ in range(TURNS)]
                start, painted = (statistics.median(each) for each in zip(*times, strict=True))
                rows.append({"photo": names[0], "painting": names[1], "precision": precision})
                rows[-1] |= {"start": round(start, 2), "painted": round(painted, 2)}
                print(rows[-1], flush=True)
    shared.write(asked.output, {}, pairs=rows)


if __name__ == "__main__":
    main()
