"""`Settings`: every knob once, with its range, default, unit and one line of help.

Command-line options, recipe files, picture metadata and the generated docs are all derived from this class.
A value comes from the first of these that states it: the caller, the recipe, the default below.
"""

import csv
import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.settings import recipes

DEFAULT_RECIPE = "painterly"
FORMER_NAMES: Mapping[str, str] = {"frame": "size_rule", "keep": "output_iterate"}
"""Names that settings had, and theirs: recipes, metadata and command lines with the former are still read."""
InitImage = Literal["content", "palette", "noise", "gaussian", "gray", "style"]
INIT_IMAGES: tuple[InitImage, ...] = get_args(InitImage)
"""What the setting `init` may say beside the name of a file."""
METADATA_KEY = "impasto:settings"
"""Under which a PNG carries the settings that made it."""
INPUTS_KEY = "impasto:inputs"
"""Under which it carries the role, the name and the digest of each picture that it was made of."""
SIZE_RULE = r"^(?:(?P<rule>long|rows):(?P<length>[1-9]\d{1,4})|(?P<width>[1-9]\d{1,4})x(?P<height>[1-9]\d{1,4}))$"
"""What the setting `size_rule` may say."""
_CROP = r"( *\d{1,5} *, *\d{1,5} *, *[1-9]\d{0,4} *, *[1-9]\d{0,4} *| *)"
CROPS = f"^{_CROP}(;{_CROP})*$"
"""What the setting `style_crop` may say."""


def _layer_weights(value: Any) -> Any:
    """Accept `relu4_2=1,relu5_1`, a list of names, or a mapping; give a mapping in the order of the forward pass."""
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


def _file_names(value: Any) -> Any:
    """Split `one.png,two.png` at the commas, but for those within double quotes."""
    if not isinstance(value, str):
        return value
    try:
        return next(csv.reader([value], skipinitialspace=True, strict=True), [])
    except csv.Error:
        remedy = "Separate them by commas; a name that has a comma stands between two double quotes."
        raise SettingsError(f"the file names in {value!r} cannot be told apart", remedy) from None


Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
LayerWeights = Annotated[dict[str, Weight], BeforeValidator(_layer_weights)]
Weights = Annotated[tuple[Weight, ...], BeforeValidator(_numbers)]
FileNames = Annotated[tuple[str, ...], BeforeValidator(_file_names)]


def _knob(default: Any, meaning: str, *, group: str, unit: str = "", placeholder: str = "", **limits: Any) -> Any:
    stated: dict[str, Any] = {"group": group, "unit": unit, "placeholder": placeholder}
    return Field(default, description=meaning, json_schema_extra=stated, **limits)


class Settings(BaseModel):
    """All that decides how a picture comes out, beside the inputs; immutable.

    Raises:
        SettingsError: a key is unknown, a value is out of its range, or the recipe does not exist.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    recipe: str = _knob(
        DEFAULT_RECIPE, "Named look that supplies every value not given: a name or a .toml file.", group="Look"
    )
    size: int | None = _knob(
        None,
        "Long side of the result; unset, the recipe's size rule decides.",
        group="Look",
        unit="px",
        ge=32,
        le=20_000,
    )
    strength: float = _knob(
        0.5,
        "How much painting: 0 is the photograph, 1 asks nothing of its content; 0.5 is the recipe as it stands.",
        group="Look",
        ge=0,
        le=1,
    )
    seed: int = _knob(0, "Seed of everything random.", group="Look", ge=0, lt=2**63)
    color: Literal["style", "photo", "match"] = _knob(
        "style",
        "Whose colors: style, the painting's; photo, the photograph's own under painted lightness; "
        "match, those of the painting recolored to the photograph's palette.",
        group="Look",
    )

    content_weight: float = _knob(1.0, "Weight of the photograph's content.", group="Objective", ge=0)
    style_weight: float = _knob(1.0, "Weight of the paintings' style.", group="Objective", ge=0)
    tv_weight: float = _knob(0.0, "Weight of total variation, which smooths.", group="Objective", ge=0)
    content_layers: LayerWeights = _knob(
        {"relu4_2": 1.0}, "Layers that hold content, each with its weight: relu4_2=1,relu5_2.", group="Objective"
    )
    style_layers: LayerWeights = _knob(
        {"relu1_1": 0.2, "relu2_1": 0.2, "relu3_1": 0.2, "relu4_1": 0.2, "relu5_1": 0.2},
        "Layers that hold style, each with its weight.",
        group="Objective",
    )
    convention: Literal["mean", "gatys", "coursera", "keras", "neural-style"] = _knob(
        "neural-style", "Whose factors the terms carry; see how-it-works.", group="Objective"
    )
    statistic: Literal["gram", "moments"] = _knob(
        "gram", "What style compares: Gram matrices, or mean and covariance apart.", group="Objective"
    )
    style_scale: float = _knob(
        1.0,
        "Size of the painting relative to the result: larger gives larger brush strokes.",
        group="Objective",
        ge=0.1,
        le=8,
    )
    style_blend: Weights = _knob(
        (), "Weights of several paintings, comma-separated; unset, all alike.", group="Objective"
    )
    style_fit: Literal["aspect", "squash"] = _knob(
        "aspect", "Whether the painting keeps its aspect or is squashed to the result's.", group="Objective"
    )
    style_crop: str = _knob(
        "",
        "Part of the painting to learn from: x,y,width,height from its upper left; unset, all of it. "
        "Several paintings: one each, separated by ; and nothing for all of one.",
        group="Objective",
        unit="px",
        pattern=CROPS,
    )

    mask: FileNames = _knob(
        (),
        "Gray pictures, comma-separated, one for each painting in order: white where its style goes, black where not. "
        "A name that has a comma stands in double quotes.",
        group="Regions",
        placeholder="FILE,FILE",
    )
    keep_mask: str | None = _knob(
        None,
        "Gray picture: white leaves the photograph as it is, black paints.",
        group="Regions",
        placeholder="FILE",
    )

    network: str = _knob("vgg16", "Which weights: vgg16 ships; see `impasto weights list`.", group="Network")
    pooling: Literal["max", "average", "average-scaled"] = _knob(
        "max", "How the network halves its maps; average-scaled keeps the mean activation.", group="Network"
    )
    padding: Literal["zeros", "replicate"] = _knob(
        "zeros", "Border of the first layer; replicate leaves no dark frame.", group="Network"
    )
    margin: int = _knob(
        0,
        "Painted around the picture at each scale and cut off at the end, so that no frame shows.",
        group="Network",
        unit="px",
        ge=0,
        le=64,
    )
    normalize: bool = _knob(False, "Scale every convolution to a mean activation of 1.", group="Network")

    size_rule: str = _knob(
        "long:512",
        "The recipe's own size where --size is unset: long:N, rows:N or WIDTHxHEIGHT.",
        group="Schedule",
        pattern=SIZE_RULE,
    )
    scales: int = _knob(1, "Scales from coarse to fine, each twice the one before.", group="Schedule", ge=1, le=10)
    iterations: int = _knob(500, "Iterations at the first scale (of each round).", group="Schedule", ge=1, le=1_000_000)
    iterations_decay: float = _knob(
        1.0, "Share of a scale's iterations that the next finer one runs.", group="Schedule", gt=0, le=1
    )
    rounds: int = _knob(1, "Times that the minimizer is started anew at each scale.", group="Schedule", ge=1, le=1000)
    detail: float = _knob(
        0.0,
        "Share of the photograph's fine detail that is put back each time the picture grows.",
        group="Schedule",
        ge=0,
        le=1,
    )
    tolerance: float = _knob(
        0.0,
        "Go on to the next scale when 10 iterations gain less than this share of the loss; 0 never.",
        group="Schedule",
        ge=0,
        lt=1,
    )
    save_every: int = _knob(0, "Iterations between saved pictures; 0 saves none.", group="Schedule", ge=0)

    init: str = _knob(
        "content",
        "Start: content, palette (it in the painting's colors), noise, gaussian, gray, style (the painting's colors "
        "scattered), or a picture file.",
        group="Start",
    )
    noise_share: float = _knob(0.0, "Share of noise mixed into the start.", group="Start", ge=0, le=1)
    noise_amplitude: float = _knob(
        20.0,
        "Half-width of uniform noise, standard deviation of Gaussian.",
        group="Start",
        unit="pixel values 0..255",
        ge=0,
        le=255,
    )

    optimizer: Literal["lbfgs", "adam", "scipy-lbfgsb"] = _knob("lbfgs", "Which minimizer.", group="Minimizer")
    history: int = _knob(20, "Steps that L-BFGS remembers.", group="Minimizer", ge=1, le=1000)
    learning_rate: float = _knob(2.0, "Adam's step.", group="Minimizer", unit="pixel values 0..255", gt=0, le=255)
    beta1: float = _knob(0.9, "Adam's decay of the first moment.", group="Minimizer", ge=0, lt=1)
    beta2: float = _knob(0.999, "Adam's decay of the second moment.", group="Minimizer", ge=0, lt=1)
    epsilon: float = _knob(1e-8, "Adam's guard against division by zero.", group="Minimizer", gt=0)
    clip: bool = _knob(False, "Keep every iterate inside the pixel range.", group="Minimizer")
    output_iterate: Literal["last", "best", "average"] = _knob(
        "last", "Which iterate a scale hands on: the last, the best, or an average of the last ten.", group="Minimizer"
    )

    device: str = _knob(
        "auto",
        "Where to compute: auto, cpu, cuda, cuda:N or mps.",
        group="Machine",
        pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$",
    )
    precision: Literal["auto", "float32", "bfloat16", "float64"] = _knob(
        "auto",
        "Type of the convolutions; auto takes bfloat16 where that is faster and the gradient bears it.",
        group="Machine",
    )
    threads: int = _knob(0, "CPU threads; 0 leaves the choice to torch.", group="Machine", ge=0, le=1024)

    @property
    def has_content(self) -> bool:
        """Whether the objective has a content term, for which it takes a photograph."""
        return bool(self.content_layers) and self.content_weight > 0

    @property
    def has_style(self) -> bool:
        """Whether the objective has a style term, for which it takes a painting."""
        return bool(self.style_layers) and self.style_weight > 0

    if not TYPE_CHECKING:  # type checkers see the fields themselves as keyword arguments

        def __init__(self, **values: Any) -> None:
            values = with_present_names(values)
            missing = type(self).model_fields.keys() - values.keys()
            recipe = values.get("recipe", DEFAULT_RECIPE)
            base = _recipe_values(recipe) if missing and isinstance(recipe, str) else {}
            try:
                super().__init__(**{**base, **values})
            except ValidationError as error:
                supplier = recipe if error.errors()[0]["loc"][0] not in values else None
                raise _settings_error(error, supplier) from None


def with_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings by the names that they have now, from settings by names that some may have had.

    Raises:
        SettingsError: one is given by both.
    """
    for former, name in FORMER_NAMES.items():
        if former in values and name in values:
            raise SettingsError(f"'{former}' and '{name}' are one setting", f"Leave out '{former}', its former name.")
    return {FORMER_NAMES.get(name, name): value for name, value in values.items()}


def _recipe_values(recipe: str, above: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a recipe states, over what the recipe that it names as its own base states."""
    if recipe in above:
        raise SettingsError(f"recipe '{recipe}' is its own base", f"Change `recipe` in one of {', '.join(above)}.")
    values = with_present_names(recipes.settings(recipe))
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"recipe '{recipe}' has an unknown key '{unknown[0]}'", _hint(unknown[0]))
    base = values.pop("recipe", None)
    return {**_recipe_values(str(base), (*above, recipe)), **values} if base else values


def _settings_error(error: ValidationError, recipe: str | None) -> SettingsError:
    """Name the option, or the recipe that supplied the value."""
    first = error.errors()[0]
    field, *within = (str(part) for part in first["loc"] if isinstance(part, str))
    if first["type"] == "extra_forbidden":
        return SettingsError(f"there is no setting '{field}'", _hint(field))
    what = " ".join((field if recipe else option_name(field), *within))
    source = f"recipe '{recipe}': " if recipe else ""
    if first["type"] == "string_pattern_mismatch":
        meaning = Settings.model_fields[field].description
        return SettingsError(f"{source}{what} {first['input']!r} is not of the form that is read", f"{meaning}")
    hint = f"Give {what} a value in its range; `impasto --help` lists them."
    return SettingsError(f"{source}{what} {first['input']!r}: {first['msg'].lower()}", hint)


def _hint(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"Did you mean '{close[0]}'?" if close else "`impasto --help` lists the settings."


def option_name(field: str) -> str:
    """How the command line writes a setting: `content_weight` is `--content-weight`."""
    return "--" + field.replace("_", "-")
