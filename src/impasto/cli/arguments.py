"""What several commands accept beside the settings: each option once, with its help."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Group, Parameter

OUTPUT = Group.create_ordered("Output")

Force = Annotated[bool, Parameter(name=["--force", "-f"], negative="", help="Replace files that exist.", group=OUTPUT)]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="Say nothing but errors.", group=OUTPUT)]
StoredIn = Annotated[
    str | None,
    Parameter(
        help="Begin with the settings that this PNG of Impasto's carries; options given win. "
        "Of a sweep's sheet, name the picture in it: sheet.png#2,3 is the third in the second row.",
        metavar="PNG",
        group=OUTPUT,
    ),
]


def output_option(default: str) -> Parameter:
    """The option `--output`; `default` says where the picture goes if it is not given."""
    return Parameter(
        name=["--output", "-o"],
        help=f"Where to write the picture; - writes PNG to stdout. Unset: {default}.",
        metavar="FILE",
        group=OUTPUT,
    )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What a command that makes one picture is to write beside it, and how it is to tell of the run."""

    force: Force = False
    save_dir: Annotated[
        str | None,
        Parameter(
            help="Folder for the pictures of --save-every and of each round, and losses.csv. "
            "Unset: OUT-steps beside OUT.",
            metavar="DIR",
            group=OUTPUT,
        ),
    ] = None
    sheet: Annotated[
        str | None, Parameter(help="Write all inputs and the result side by side.", metavar="FILE", group=OUTPUT)
    ] = None
    plot: Annotated[
        str | None,
        Parameter(
            help="Plot each loss term against iterations and seconds: .png, .svg or .pdf.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None
    animation: Annotated[
        str | None, Parameter(help="Animate how the picture came to be: .gif or .webp.", metavar="FILE", group=OUTPUT)
    ] = None
    profile: Annotated[
        Literal["srgb", "source"],
        Parameter(help="Color profile of the result: sRGB, or the input's own.", show_default=True, group=OUTPUT),
    ] = "srgb"
    settings_from: StoredIn = None
    json: Annotated[
        bool,
        Parameter(
            negative="", help="Write each event as a line of JSON to stdout; the last is the result.", group=OUTPUT
        ),
    ] = False
    quiet: Quiet = False
