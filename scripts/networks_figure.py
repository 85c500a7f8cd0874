"""Paint two pairs on VGG-16 and on VGG-19, by one published recipe.

    python scripts/networks_figure.py

Writes docs/images/networks.jpg. Fewer iterations than the recipe's own, so that it takes minutes and not hours.
"""

from figures import example, painted, written

from impasto import Picture, Stylizer

PAIRS = (("summer_palace", "starry_night"), ("cat", "the_scream"))
RECIPE, SIZE, ITERATIONS = "neural-style", 320, 120
NETWORKS = ("vgg16", "vgg19-8bit")


def main() -> None:
    """Paint and write."""
    stylizer, pictures, labels = Stylizer(), list[Picture](), list[str]()
    for photo, painting in PAIRS:
        pictures += [example(photo, SIZE), example(painting, SIZE)]
        for network in NETWORKS:
            choices = {"recipe": RECIPE, "size": SIZE, "iterations": ITERATIONS, "network": network}
            pictures.append(painted(stylizer, photo, [painting], **choices))
        labels += [photo, painting, *NETWORKS]
    written("networks", pictures, labels, columns=4)


if __name__ == "__main__":
    main()
