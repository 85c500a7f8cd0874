"""Compare what the studio's page says that a job takes with what it took, for ten jobs of different kinds.

    python benchmarks/studio_estimates.py [-o benchmarks/studio_estimates.json]

Each kind is asked for twice: as on a machine that has never painted such a picture, and once it has.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import httpx2
import shared
import studio_load

KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "fast": {"recipe": "fast"},
    "fast, 256 px": {"recipe": "fast", "size": 256},
    "small": {"recipe": "fast", "size": 96},
    "768 px": {"recipe": "fast", "size": 768},
    "one scale": {"scales": 1, "iterations": 25},
    "Adam": {"recipe": "tf-adam", "iterations": 40, "size": 256},
    "float32": {"recipe": "fast", "precision": "float32", "size": 384},
    "photograph's colors": {"recipe": "fast", "color": "photo", "size": 384},
    "bold": {"recipe": "bold", "size": 256},
}
_POLL = 0.2


def run(client: httpx2.Client, body: dict[str, Any]) -> tuple[float, float]:
    """What the page says, and what the job took, in seconds."""
    while (said := client.post("/api/jobs/estimate", json=body).json())["seconds"] is None:
        time.sleep(_POLL)
    job = client.post("/api/jobs", json=body).json()["id"]
    while (found := client.get(f"/api/jobs/{job}").json())["state"] in {"queued", "running"}:
        time.sleep(_POLL)
    return said["seconds"], found["ended"] - found["started"]


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).with_suffix(".json"))
    asked, rows = parser.parse_args(), []
    with studio_load.fresh_studio() as client:
        photo = client.post("/api/samples/summer_palace").json()["id"]
        painting = client.post("/api/samples/starry_night").json()["id"]
        for turn, seed in (("first", 1), ("second", 2)):
            for name, settings in KINDS.items():
                said, took = run(
                    client, {"photo": photo, "paintings": [painting], "settings": {**settings, "seed": seed}}
                )
                ratio = max(said / took, took / said)
                rows.append(
                    {
                        "kind": name,
                        "turn": turn,
                        "said": round(said, 1),
                        "took": round(took, 1),
                        "ratio": round(ratio, 2),
                    }
                )
                print(rows[-1], flush=True)
    shared.write(asked.output, {}, jobs=rows)


if __name__ == "__main__":
    main()
