"""What a hundred machines would give, computed of what `benchmarks/cluster.py` measured; for docs/cluster.md."""

from benchmarks_page import read

MACHINES = (1, 10, 100, 1000)
CORES = 16
"""Of each machine."""
NETWORK = 125_000_000
"""Bytes a second of the driver's machine: a gigabit network."""


def text() -> str:
    """A table of machines, and where more of them give no more."""
    found = read("cluster")
    about, efficiency = found["about"], found["efficiency"]
    one, _ = found["runs"]
    bytes_moved = one["sent"] + one["received"]
    by_network, by_driver = NETWORK / bytes_moved, 1 / found["driver"]
    most = min(by_network, by_driver)
    rows = []
    for machines in MACHINES:
        rate = machines * CORES / one["cpu"]
        reached = min(rate, most)
        shares = f"{reached * bytes_moved / 1e6:.1f} MB/s", f"{reached * found['driver']:.0%}"
        rows.append(f"| {machines} | {reached * 3600:,.0f} | {' | '.join(shares)} |")
    limit = "its network" if by_network < by_driver else "the core that hands out the pictures"
    measured = (
        f"Measured on one machine ({about['machine']}; `python benchmarks/cluster.py`), with the recipe `fast` on "
        f"VGG-16 at {about['size']} px: a picture takes {one['cpu']:.2f} s of a core; its photograph and its result "
        f"are {bytes_moved / 1000:,.0f} kB together; the painting, of {found['painting_bytes'] / 1000:,.0f} kB, is "
        f"sent once to each machine; the command itself takes {1000 * found['driver']:.1f} ms of a core a picture. Two "
        f"workers on that machine had an efficiency of {efficiency['wall']:.0%} by the clock, and "
        f"{efficiency['cpu']:.0%} by CPU time: cores of one machine share its memory, those of two do not."
    )
    end = (
        f"It ends at {most:,.0f} pictures a second, which {most * one['cpu'] / CORES:,.0f} such machines paint: what "
        f"more of them could do is too much for the command's machine, by {limit}. Larger pictures take more of their "
        "workers, and hardly more of the command, so that more machines are of use. The start of the workers, some "
        "seconds each, is not counted."
    )
    return "\n".join(
        [
            measured,
            "",
            f"From that follows, and is not measured, for machines with {CORES} such cores and a gigabit network:",
            "",
            "| machines | pictures an hour | on the command's network | of the command's core |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            end,
        ]
    )
