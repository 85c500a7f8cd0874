"""`Settings`: every setting once, with its range, default, unit and one line of help.

Command-line options, recipe files, picture metadata and the generated docs are all derived from this class.
A value comes from the first of these that states it: the caller, the recipe, the default below.
"""

import csv
import difflib
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.settings import messages, recipes
from impasto.wording import either

DEFAULT_RECIPE = "painterly"
FORMER_NAMES: Mapping[str, str] = {"frame": "size_rule", "keep": "output_iterate"}
"""Former names of settings and their present ones: recipes, metadata and options with the former are still read."""
LONGEST_TEXT = 4096
"""Characters of a setting that is text: as long as the path of a file may be."""
MOST_PAINTINGS = 256
"""Weights and masks in one setting."""
InitImage = Literal["content", "palette", "noise", "gaussian", "gray", "style"]
INIT_IMAGES: tuple[InitImage, ...] = get_args(InitImage)
"""The values of the setting `init` other than the name of a file."""
METADATA_KEY = "impasto:settings"
"""The key of a PNG's metadata for the settings that made it."""
INPUTS_KEY = "impasto:inputs"
"""The key for the role, the name and the digest of each input."""
SIZE_RULE = r"^(?:(?P<rule>long|rows):(?P<length>[1-9]\d{1,4})|(?P<width>[1-9]\d{1,4})x(?P<height>[1-9]\d{1,4}))$"
"""The pattern of the setting `size_rule`."""
MEMORY_FORM = r"^(?:auto|(?P<number>[1-9]\d{0,6}(?:\.\d{1,3})?|0\.\d{0,2}[1-9]) ?(?P<unit>[MGmg][Ii]?[Bb]?))$"
"""The pattern of the setting `memory`."""
MACHINE_SETTINGS = frozenset({"device", "memory", "checkpoint", "threads"})
"""Settings of how a result comes about that say nothing of what it is."""
SMALLEST_SIZE, LARGEST_SIZE = 32, 20_000
"""Of the long side of a result, pixels."""
AUTO_NETWORK = "auto"
"""The value of the setting `network` for a VGG-16, pruned where it has what is compared."""
ORIGINAL = "original"
"""The value of the setting `size` for the photograph's own size."""
_CROP = r"( *\d{1,5} *, *\d{1,5} *, *[1-9]\d{0,4} *, *[1-9]\d{0,4} *| *)"
CROPS = f"^{_CROP}(;{_CROP})*$"
"""The pattern of the setting `style_crop`."""


def _layer_weights(value: Any) -> Any:
    """Accept `relu4_2=1,relu5_1`, a list of names, or a mapping; returns a mapping in the order of the forward pass."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        parts = [str(part).partition("=") for part in value]
        pairs = [(name.strip(), weight.strip() or 1.0) for name, _, weight in parts]
    elif isinstance(value, Mapping):
        pairs = [(str(name), weight) for name, weight in value.items()]
    else:
        return value
    weights = {Layer.parse(name): weight for name, weight in pairs}
    if len(weights) < len(pairs):
        raise SettingsError(f"a layer is named twice in {', '.join(name for name, _ in pairs)}", "Name each once.")
    return {str(layer): weights[layer] for layer in sorted(weights)}


def _numbers(value: Any) -> Any:
    return [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _bounded_text(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise PydanticCustomError(
            "string_too_long", "String should have at most {most} characters", {"most": LONGEST_TEXT}
        )
    return value


def split_file_names(value: Any) -> Any:
    """Split `one.png,two.png` at the commas outside double quotes; gives what is not text as it is.

    Raises:
        SettingsError: a quote is not closed.
    """
    if not isinstance(value, str):
        return value
    try:
        return next(csv.reader([value], skipinitialspace=True, strict=True), [])
    except csv.Error:
        hint = "Separate them by commas, and put a name that contains a comma in double quotes."
        raise SettingsError(f"the file names in {value!r} cannot be told apart", hint) from None


def _own_size(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


ResultSize = Annotated[
    Annotated[int, Field(ge=SMALLEST_SIZE, le=LARGEST_SIZE)]
    | Annotated[str, Field(pattern=rf"^({ORIGINAL}|[1-9]\d{{0,3}}(\.\d{{1,4}})?x|0?\.\d{{0,3}}[1-9]\d{{0,3}}x)$")]
    | None,
    BeforeValidator(_own_size),
]
"""Pixels of the long side, or `original`, or a factor of the photograph's own size: `2x`."""
LARGEST_NUMBER = 1e38
"""Of any setting without a bound of its own: float32 holds no larger power of ten."""
Weight = Annotated[float, Field(ge=0, le=LARGEST_NUMBER, allow_inf_nan=False)]
LayerWeights = Annotated[dict[str, Weight], BeforeValidator(_layer_weights)]
Weights = Annotated[tuple[Weight, ...], BeforeValidator(_numbers)]
FileNames = Annotated[tuple[str, ...], BeforeValidator(split_file_names)]
_FILE_NAME = f"a text of at most {LONGEST_TEXT} characters"
FileName = Annotated[str, AfterValidator(_bounded_text)]
"""Not bounded by pydantic itself, which takes no name that is not text in UTF-8."""


def setting_field(
    default: Any,
    description: str,
    *,
    group: str,
    unit: str = "",
    placeholder: str = "",
    form: str = "",
    example: str = "",
    **limits: Any,
) -> Any:
    """Describe a setting.

    Args:
        default: its value where neither the caller nor the recipe states one.
        description: one line of help.
        group: the heading under which it is listed.
        unit: of its value.
        placeholder: of its value in the command's help; unset, it follows from the type.
        form: what it takes, in words; unset, it follows from the type and the limits.
        example: of its value, where the default is none.
        limits: pydantic's `ge`, `gt`, `le`, `lt`, `pattern` and `max_length`.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "placeholder": placeholder}
    extra |= {key: words for key, words in {"form": form, "example": example}.items() if words}
    return Field(default, description=description, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """Everything that determines a result, beside the inputs; immutable, and fit for the key of a dictionary.

    Raises:
        SettingsError: a key is unknown, a value is out of its range, or the recipe does not exist.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    recipe: FileName = setting_field(
        DEFAULT_RECIPE,
        "Recipe that supplies every value not given: a name or a .toml file.",
        group="Look",
        form=_FILE_NAME,
    )
    size: ResultSize = setting_field(
        None,
        "Long side of the result; or original, the photograph's own size, or a factor of that such as 2x; unset, the "
        "recipe's size rule decides.",
        group="Look",
        unit="px",
        placeholder="N",
        form=f"a whole number from {SMALLEST_SIZE} to {LARGEST_SIZE}, 'original' or a factor of the photograph's own "
        "size, such as 2x",
        example="512",
    )
    strength: float = setting_field(
        0.5,
        "Degree of stylization: 0 keeps the photograph, 1 drops the content loss; 0.5 is the recipe unchanged.",
        group="Look",
        ge=0,
        le=1,
    )
    seed: int = setting_field(0, "Seed of the random number generator.", group="Look", ge=0, lt=2**63)
    color: Literal["style", "photo", "match"] = setting_field(
        "style",
        "Colors of the result: style, the painting's; photo, the photograph's, stylizing only luminance; "
        "match, the painting's after matching it to the photograph's palette.",
        group="Look",
    )

    content_weight: float = setting_field(
        1.0, "Weight of the content loss.", group="Objective", ge=0, le=LARGEST_NUMBER
    )
    style_weight: float = setting_field(1.0, "Weight of the style loss.", group="Objective", ge=0, le=LARGEST_NUMBER)
    tv_weight: float = setting_field(
        0.0, "Weight of the total variation loss, which smooths.", group="Objective", ge=0, le=LARGEST_NUMBER
    )
    laplacian_weight: float = setting_field(
        0.0,
        "Weight of the Laplacian loss, which keeps the photograph's edges.",
        group="Objective",
        ge=0,
        le=LARGEST_NUMBER,
    )
    content_layers: LayerWeights = setting_field(
        {"relu4_2": 1.0}, "Layers of the content loss, each with its weight: relu4_2=1,relu5_2.", group="Objective"
    )
    style_layers: LayerWeights = setting_field(
        {"relu1_1": 0.2, "relu2_1": 0.2, "relu3_1": 0.2, "relu4_1": 0.2, "relu5_1": 0.2},
        "Layers of the style loss, each with its weight.",
        group="Objective",
    )
    fine_scale_block: int = setting_field(
        0,
        "The deepest block that is compared at all scales but the coarsest, by its first layer: with 4 nothing beyond "
        "relu4_1, which takes the place of content layers beyond it; 0 compares the same layers at every scale.",
        group="Objective",
        ge=0,
        le=5,
    )
    convention: Literal["mean", "gatys", "coursera", "keras", "neural-style"] = setting_field(
        "neural-style", "Whose loss normalization to use; see how-it-works.", group="Objective"
    )
    statistic: Literal["gram", "moments"] = setting_field(
        "gram", "Statistic that the style loss compares: Gram matrix, or mean and covariance.", group="Objective"
    )
    style_scale: float = setting_field(
        1.0,
        "Size of the painting relative to the result: larger gives larger brush strokes.",
        group="Paintings",
        ge=0.1,
        le=8,
    )
    style_blend: Weights = setting_field(
        (),
        "Weights of several paintings, comma-separated; unset, all equal.",
        example="2,1",
        group="Paintings",
        max_length=MOST_PAINTINGS,
    )
    style_fit: Literal["aspect", "squash"] = setting_field(
        "aspect", "Whether the painting keeps its aspect ratio or is squashed to the result's.", group="Paintings"
    )
    style_crop: str = setting_field(
        "",
        "Part of the painting to use: x,y,width,height from its upper left; unset, all of it. "
        "For several paintings, separate the crops by semicolons; an empty crop is a whole painting.",
        group="Paintings",
        unit="px",
        form="x,y,width,height of whole numbers below 100000, or several such separated by semicolons",
        example="0,0,200,200",
        pattern=CROPS,
        max_length=LONGEST_TEXT,
    )

    mask: FileNames = setting_field(
        (),
        "Grayscale masks, comma-separated, one for each painting in order: white where its style applies. "
        "Put a name that contains a comma in double quotes.",
        group="Regions",
        placeholder="FILE,FILE",
        example="mask.png",
        max_length=MOST_PAINTINGS,
    )
    keep_mask: FileName | None = setting_field(
        None,
        "Grayscale mask: white keeps the photograph unchanged, black is painted.",
        group="Regions",
        placeholder="FILE",
        example="mask.png",
        form=_FILE_NAME,
    )

    faces: Literal["keep", "gentle", "paint"] = setting_field(
        "paint",
        "How the photograph's faces are painted: paint, like everything else; gentle, so that eyes and mouths stay "
        "alike; keep, with few strokes, in the painting's colors.",
        group="Regions",
    )

    fill: float = setting_field(
        1.0,
        "How much of the photograph's empty places is painted like the rest: at 0 they stay as empty as the "
        "paintings' own, at 1 all is painted.",
        group="Regions",
        ge=0,
        le=1,
    )

    network: FileName = setting_field(
        "vgg16",
        "Network weights: a name from `impasto weights list`, or a file; auto is the pruned VGG-16 where it has "
        "all layers that are compared and pooling is max, else vgg16.",
        group="Network",
        form=_FILE_NAME,
    )
    pooling: Literal["max", "average", "average-scaled"] = setting_field(
        "max", "Pooling layers of the network; average-scaled keeps the mean activation.", group="Network"
    )
    padding: Literal["zeros", "replicate"] = setting_field(
        "zeros", "Padding of the first layer; replicate avoids a dark frame.", group="Network"
    )
    margin: int = setting_field(
        0,
        "Border painted around the picture at each scale and cropped at the end, so that no frame shows.",
        group="Network",
        unit="px",
        ge=0,
        le=64,
    )
    normalize: bool = setting_field(False, "Scale each convolution to a mean activation of 1.", group="Network")

    size_rule: str = setting_field(
        "long:512",
        "Size where none is given: long:N, rows:N or WIDTHxHEIGHT.",
        group="Schedule",
        form="long:N, rows:N or WIDTHxHEIGHT, with numbers from 10 to 99999",
        pattern=SIZE_RULE,
    )
    scales: int = setting_field(
        1,
        "Most scales, coarse to fine, each twice the size of the one before; none is under 128 pixels.",
        group="Schedule",
        ge=1,
        le=10,
    )
    iterations: int = setting_field(
        500, "Iterations at the first scale, in each round.", group="Schedule", ge=1, le=1_000_000
    )
    iterations_decay: float = setting_field(
        1.0,
        "Factor on the iterations from each scale to the next finer one, up to the third.",
        group="Schedule",
        gt=0,
        le=1,
    )
    rounds: int = setting_field(
        1,
        "Optimizer runs at each scale; each restarts from the result of the one before.",
        group="Schedule",
        ge=1,
        le=1000,
    )
    detail: float = setting_field(
        0.0,
        "Share of the photograph's fine detail that is added back at each upsampling.",
        group="Schedule",
        ge=0,
        le=1,
    )
    style_detail: float = setting_field(
        0.0,
        "Share of the paintings' own brushwork, copied from where they look alike, in the detail of each upsampling.",
        group="Schedule",
        ge=0,
        le=1,
    )
    tolerance: float = setting_field(
        0.0,
        "End a scale when 10 iterations reduce the loss by less than this fraction; 0 disables this.",
        group="Schedule",
        ge=0,
        lt=1,
    )
    save_every: int = setting_field(0, "Iterations between saved pictures; 0 saves none.", group="Schedule", ge=0)

    init: FileName = setting_field(
        "content",
        "Initial picture: content, palette (the photograph in the painting's colors), noise, gaussian, gray, style "
        "(random pixels of the painting), or a picture file.",
        group="Start",
        form=_FILE_NAME,
    )
    noise_share: float = setting_field(
        0.0, "Share of noise blended into the initial picture.", group="Start", ge=0, le=1
    )
    noise_amplitude: float = setting_field(
        20.0,
        "Half-width of uniform noise, or standard deviation of Gaussian noise.",
        group="Start",
        unit="pixel values 0..255",
        ge=0,
        le=255,
    )

    optimizer: Literal["lbfgs", "adam", "scipy-lbfgsb"] = setting_field(
        "lbfgs", "Optimization algorithm.", group="Optimizer"
    )
    history: int = setting_field(20, "History size of L-BFGS.", group="Optimizer", ge=1, le=1000)
    learning_rate: float = setting_field(
        2.0, "Learning rate of Adam.", group="Optimizer", unit="pixel values 0..255", gt=0, le=255
    )
    beta1: float = setting_field(0.9, "Decay rate of Adam's first moment.", group="Optimizer", ge=0, lt=1)
    beta2: float = setting_field(0.999, "Decay rate of Adam's second moment.", group="Optimizer", ge=0, lt=1)
    epsilon: float = setting_field(
        1e-8, "Adam's epsilon, which prevents division by zero.", group="Optimizer", gt=0, le=LARGEST_NUMBER
    )
    clip: bool = setting_field(False, "Clip each iterate to the pixel range.", group="Optimizer")
    output_iterate: Literal["last", "best", "average"] = setting_field(
        "last",
        "Which iterate is the output of a scale: the last, the best, or an average of the last ten.",
        group="Optimizer",
    )

    device: str = setting_field(
        "auto",
        "Device to compute on: auto, cpu, cuda, cuda:N or mps.",
        group="Machine",
        form="auto, cpu, cuda, cuda:N or mps",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    precision: Literal["auto", "float32", "bfloat16", "float64"] = setting_field(
        "auto",
        "Data type of the convolutions; auto uses bfloat16 where it is faster and accurate enough.",
        group="Machine",
    )
    memory: str = setting_field(
        "auto",
        "Memory that a run may take: a large picture is then painted in tiles. auto is most of what is free.",
        group="Machine",
        form="auto, or a number with MB or GB such as 4GB",
        example="4GB",
        pattern=MEMORY_FORM,
    )
    checkpoint: Literal["auto", "always", "never"] = setting_field(
        "auto",
        "Keep the state of a run, so that the same run goes on if it is killed; auto: if it takes over two minutes.",
        group="Machine",
    )
    threads: int = setting_field(0, "CPU threads; 0 uses PyTorch's default.", group="Machine", ge=0, le=1024)

    @property
    def has_content(self) -> bool:
        """Whether the objective has a content loss, which requires a content image."""
        return (bool(self.content_layers) and self.content_weight > 0) or self.laplacian_weight > 0

    @property
    def has_style(self) -> bool:
        """Whether the objective has a style loss, which requires a style image."""
        return bool(self.style_layers) and self.style_weight > 0

    @property
    def recipe_name(self) -> str:
        """The recipe's name, without its folder."""
        return PurePath(self.recipe).name

    def __hash__(self) -> int:
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return hash(tuple((name, tuple(value.items()) if isinstance(value, dict) else value) for name, value in values))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """Give a copy with some settings changed, which are checked as those of a new one are; all others stay.

        Raises:
            SettingsError: as for a new one.
        """
        return type(self)(**{**self.model_dump(), **with_present_names(update or {})})

    if not TYPE_CHECKING:  # type checkers see the fields themselves as keyword arguments

        def __init__(self, /, **values: Any) -> None:
            values = with_present_names(values)
            missing = type(self).model_fields.keys() - values.keys()
            recipe = values.get("recipe", DEFAULT_RECIPE)
            if unknown := [name for name in values if name not in type(self).model_fields]:
                raise SettingsError(f"there is no setting '{unknown[0]}'", _hint(unknown[0]))
            base = _recipe_values(recipe) if missing and isinstance(recipe, str) else {}
            try:
                super().__init__(**{**base, **values})
            except ValidationError as error:
                supplier = recipe if error.errors()[0]["loc"][0] not in values else None
                raise _settings_error(error, supplier) from None


_MOST_BASES = 20
"""Recipes that one may rest on, each on the next."""


def with_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace former names of settings by their present ones.

    Raises:
        SettingsError: a setting is given under both names.
    """
    for former, name in FORMER_NAMES.items():
        if former in values and name in values:
            raise SettingsError(f"'{former}' and '{name}' are one setting", f"Leave out '{former}', its former name.")
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


def _recipe_values(recipe: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """The values that a recipe states, over those of the recipe that it names as its base."""
    if recipe in above:
        raise SettingsError(f"recipe '{recipe}' is its own base", f"Change `recipe` in one of {', '.join(above)}.")
    if len(above) > _MOST_BASES:
        problem = f"recipe '{above[0]}' rests on more than {_MOST_BASES} others"
        raise SettingsError(problem, "State its settings in fewer files.")
    values = with_present_names(recipes.settings(recipe))
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"recipe '{recipe}' has an unknown key '{unknown[0]}'", _hint(unknown[0]))
    base = values.pop("recipe", None)
    return {**_recipe_values(str(base), (*above, recipe)), **values} if base else values


def _settings_error(error: ValidationError, recipe: str | None) -> SettingsError:
    """Name the setting, and the recipe if one supplied the value."""
    first = error.errors()[0]
    name, *parts = (str(part) for part in first["loc"])
    field = Settings.model_fields[name]
    within = parts if get_origin(field.annotation) is dict else ()
    if recipe is None:
        value = first["input"]
        return SettingsError(
            messages.problem(name, field, value, within), messages.hint(name, Settings.model_fields, value)
        )
    problem = messages.problem(name, field, first["input"], within, called=name)
    return SettingsError(f"recipe '{recipe}': {problem}", "Correct it in that recipe.")


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    lists = either(python="help(impasto.Settings)", command="`impasto --help-all`", page="The page")
    return f"{lists} lists the settings."
