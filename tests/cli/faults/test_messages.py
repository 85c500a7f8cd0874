"""Each reader is told in words of their own: options for the command, arguments for Python, titles for the page."""

import ast
import pickle
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quick import QUICK

import impasto
from impasto import Settings, Stylizer, images, weights
from impasto.cli.options import build_settings
from impasto.errors import ImpastoError, OutputError, SettingsError
from impasto.settings import recipes
from impasto.studio.controls import PAGE, settings_of
from impasto.studio.limits import Limits
from impasto.wording import COMMAND

PACKAGE = Path(impasto.__file__).parent


def refusal(**values):
    with pytest.raises(SettingsError) as caught:
        Settings(**values)
    return caught.value


RANGES = [
    ({"size": "large"}, "size takes a whole number from 32 to 20000, 'original' or a factor", "not 'large'"),
    ({"size": 3}, "size takes a whole number from 32 to 20000", "not 3"),
    ({"strength": 7}, "strength takes a number from 0 to 1, not 7", "Try strength=0.5"),
    ({"detail": "x" * 500}, "detail takes a number from 0 to 1, not 'xxx", "Try"),
    ({"iterations": 2.5}, "iterations takes a whole number from 1 to 1000000, not 2.5", "Try iterations="),
    ({"iterations_decay": 0}, "iterations_decay takes a number above 0 and at most 1, not 0", ""),
    ({"tolerance": 1}, "tolerance takes a number from 0 to below 1, not 1", ""),
    ({"content_weight": float("inf")}, "content_weight takes a number from 0 to 1e+38, not inf", ""),
    ({"epsilon": 0}, "epsilon takes a number above 0 and at most 1e+38, not 0", ""),
    ({"seed": -1}, "seed takes a whole number from 0 to below 9223372036854775808", ""),
    ({"optimizer": "adm"}, "optimizer takes 'lbfgs', 'adam' or 'scipy-lbfgsb', not 'adm'", 'mean optimizer="adam"?'),
    ({"clip": "perhaps"}, "clip takes True or False, not 'perhaps'", ""),
    ({"style_layers": {"relu1_1": -1}}, "style_layers takes layers with weights from 0 to 1e+38", "not -1 for relu1_1"),
    ({"style_blend": "1,x"}, "style_blend takes weights from 0 to 1e+38", "not 'x'"),
    ({"size_rule": "wide"}, "size_rule takes long:N, rows:N or WIDTHxHEIGHT", "from 10 to 99999, not 'wide'"),
    ({"device": "tpu"}, "device takes auto, cpu, cuda, cuda:N or mps, not 'tpu'", ""),
    ({"mask": ["m.png"] * 300}, "mask takes at most 256 file names", ""),
    ({"keep_mask": "m" * 5000}, "keep_mask takes a text of at most 4096 characters", ""),
]  # fmt: skip


@pytest.mark.parametrize(("values", "problem", "rest"), RANGES)
def test_U1_python_callers_read_arguments_and_always_the_range(values, problem, rest):
    text = str(refusal(**values))
    assert text.startswith(problem)
    assert rest in text
    assert len(text) < 400
    assert "--" not in text
    assert "`impasto" not in text


@pytest.mark.parametrize("name", Settings.model_fields)
def test_U1_every_setting_says_what_it_takes_to_each_reader(name):
    error = refusal(**{name: object()})
    title = {
        "style_scale": "Brush size",
        "color": "Colors",
        "tv_weight": "Smoothness",
        "init": "Start from",
        "device": "--device",
    }.get(name, name.replace("_", " ").capitalize())
    assert error.problem.startswith(f"{name} takes ")
    assert error.message_for(COMMAND).startswith(f"--{name.replace('_', '-')} takes ")
    assert error.message_for(PAGE).startswith(f"{title} takes ")
    assert "input should" not in error.problem.lower()


MEANT = [
    ("--strength 70", "strength", 70, "--strength 0.7", "strength=0.7"),
    ("--strength 70%", "strength", "70%", "--strength 0.7", "strength=0.7"),
    ("--strength 0,7", "strength", "0,7", "--strength 0.7", "strength=0.7"),
    ("--style-scale 150%", "style_scale", "150%", "--style-scale 1.5", "style_scale=1.5"),
    ("--size 50%", "size", "50%", "--size 0.5x", 'size="0.5x"'),
    ("--size 512px", "size", "512 px", "--size 512", "size=512"),
    ("--size 512x384", "size", "512x384", "--size-rule 512x384", 'size_rule="512x384"'),
    ("--output-iterate mean", "output_iterate", "bests", "", 'output_iterate="best"'),
]


@pytest.mark.parametrize(("options", "name", "value", "option", "argument"), MEANT)
def test_U1_what_was_meant_is_suggested_and_works(impasto, options, name, value, option, argument):
    assert refusal(**{name: value}).hint == f"Did you mean {argument}?"
    if option:
        done = impasto("photo.jpg", "painting.jpg", *options.split())
        assert (done.code, done.out) == (2, "")
        assert f"Did you mean {option}?" in done.err
        build_settings({option.split()[0][2:].replace("-", "_"): option.split()[1]})


ODD = [
    *("0%", "0.001%", "99.999999%", "1e39%", "5x384", "384x5", "123456x384", "-3 px", "20001px", "32,5px", "0,0"),
    *("7.5", "70", "0.99999999", "1e39", "1e300", "Infinity", "inf", "nan", str(2**63), "bests", "lbfg"),
]
SUGGESTED = re.compile(r"(?:Did you mean|Try) --(\S+) (.+)[?.]")


def suggested(error):
    """The setting that an error's hint suggests, and its value as a shell reads it."""
    name, value = SUGGESTED.fullmatch(error.words_for(COMMAND)[1]).groups()
    return {name.replace("-", "_"): shlex.split(value)[0]}


def check_hint(name, value):
    try:
        Settings(**{name: value})
    except SettingsError as error:
        if error.hint.startswith(("Did you mean", "Try")) and name != "recipe":
            Settings(**suggested(error))


@pytest.mark.parametrize("value", ODD)
def test_U1_no_hint_suggests_what_is_refused_in_its_turn(value):
    for name in Settings.model_fields:
        check_hint(name, value)


@given(
    st.sampled_from(sorted(Settings.model_fields)),
    st.integers() | st.floats() | st.from_regex(r"-?[0-9]{1,6}([.,][0-9]{1,9})?(e[0-9]{1,3})?( ?(%|px|x[0-9]+))?"),
)
def test_U1_no_hint_suggests_what_is_refused_whatever_number_was_given(name, value):
    check_hint(name, value)


RUNS = [
    {"style_blend": (1, 2, 3)},
    {"style_blend": (0,)},
    {"style_crop": "0,0,9999,5"},
    {"style_crop": "0,0,20,20;"},
    {"style_crop": "1,1,9,9"},
    {"mask": ["photo.jpg", "photo.jpg"]},
    {"init": "grey"},
    {"device": "cuda:99"},
    {"content_layers": {}, "style_layers": {}},
    {"content_weight": 0, "style_weight": 0, "tv_weight": 0},
    {"network": "vgg19"},
    {"size_rule": "99999x99999"},
]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("choices", RUNS, ids=str)
def test_U1_what_a_run_refuses_names_arguments_to_python_and_options_to_the_shell(choices):
    with pytest.raises(ImpastoError) as caught:
        Stylizer().run(
            "photo.jpg", "painting.jpg", Settings(**{"size": None if "size_rule" in choices else 64, **choices})
        )
    python, command = str(caught.value), caught.value.message_for(COMMAND)
    assert "--" not in python
    assert "`impasto " not in python
    assert "=True" not in command
    assert not re.search(r"\b[a-z]+_[a-z]+\b", command), command
    assert python.isprintable()
    assert command.isprintable()


def test_U1_python_alone_asks_for_what_replaces_a_file(tmp_path, impasto):
    (tmp_path / "taken.png").touch()
    picture = images.read(np.zeros((20, 20, 3), np.uint8))
    recipes.save("mine", {})
    for save in (
        lambda: images.save(picture, tmp_path / "taken.png"),
        lambda: recipes.save("mine", {}),
    ):
        with pytest.raises(OutputError, match=r"Use overwrite=True to replace it") as caught:
            save()
        assert "--force" not in str(caught.value)
        assert "Use --force to replace it" in caught.value.message_for(COMMAND)
    done = impasto("photo.jpg", "painting.jpg", "-o", tmp_path / "taken.png", *QUICK)
    assert "--force" in done.err
    assert "overwrite" not in done.err


def test_U1_python_fetches_a_network_by_a_function():
    with pytest.raises(ImpastoError, match=r'Call impasto\.weights\.fetch\("vgg19"\)') as caught:
        weights.path("vgg19")
    assert "Run `impasto weights fetch vgg19`" in caught.value.message_for(COMMAND)


def test_U1_an_unknown_setting_leads_each_reader_to_the_list():
    error = refusal(qqq=1)
    assert "help(impasto.Settings)" in str(error)
    assert "impasto --help" in error.message_for(COMMAND)


def test_U1_a_value_of_a_recipe_is_told_as_its_file_has_it(tmp_path, impasto):
    (tmp_path / "own.toml").write_text('content_weight = "much"\n')
    done = impasto("photo.jpg", "painting.jpg", "--recipe", tmp_path / "own.toml")
    assert "own.toml': content_weight takes a number from 0 to 1e+38, not 'much'" in done.err


def test_U1_the_page_reads_titles():
    with pytest.raises(SettingsError) as caught:
        settings_of({"style_scale": 70}, Limits())
    assert caught.value.message_for(PAGE).startswith("Brush size takes a number from 0.1 to 8, not 70")


def test_U1_errors_travel_between_processes():
    error = refusal(size="512x384")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.message_for(COMMAND) == error.message_for(COMMAND)


def test_U1_nothing_but_the_command_names_options():
    """So that no message for all readers names one; docstrings are for developers, the studio's options its own."""
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ("cli", "studio"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg == "command"
            for inner in ast.walk(node.value)
        } | {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
                # connect.py runs Ray's command, and tells how to.
                fits = not re.search(r"--([a-z]|$)", node.value) or path.name in ("wording.py", "connect.py")
                assert fits, (path, node.value)


def test_U1_the_command_shows_no_error_in_the_words_of_python():
    """Errors of other libraries have no words but their own, and are shown after their type."""
    pythons_words = re.compile(r"\berror\.(problem|hint)\b|(?<!__name__}: ){error}")
    for path in (PACKAGE / "cli").rglob("*.py"):
        assert not pythons_words.search(path.read_text(encoding="utf-8")), path


def test_U1_a_name_that_looks_like_a_reference_harms_no_message():
    for name in ("\ue000\ue001a\ue002", "\ue000size\ue001x\ue002", "\ue000size\ue002", "\ue002\ue000"):
        error = SettingsError(f"{name} does not exist", "Check the path.")
        assert "does not exist" in str(error)
        assert "does not exist" in error.message_for(COMMAND)
