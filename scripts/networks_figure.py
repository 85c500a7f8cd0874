"""Paint two pairs on each network that ships, by one published recipe.

    python scripts/networks_figure.py

Writes docs/images/networks.jpg. Fewer iterations than the recipe's own, so that it takes minutes and not hours.
"""

from figures import example, painted, written

from impasto import Picture, Stylizer, weights

PAIRS = (("summer_palace", "starry_night"), ("cat", "the_scream"))
RECIPE, SIZE, ITERATIONS = "neural-style", 320, 120


def main() -> None:
    """Paint and write."""
    stylizer, pictures, labels = Stylizer(), list[Picture](), list[str]()
    networks = [entry.name for entry in weights.ENTRIES.values() if entry.bundled]
    for photo, painting in PAIRS:
        pictures += [example(photo, SIZE), example(painting, SIZE)]
        for network in networks:
            choices = {"recipe": RECIPE, "size": SIZE, "iterations": ITERATIONS, "network": network}
            pictures.append(painted(stylizer, photo, [painting], **choices))
        labels += [photo, painting, *networks]
    written("networks", pictures, labels, columns=4)


if __name__ == "__main__":
    main()
