"""What newcomers type, and what they are told."""

import numpy as np
import PIL.Image
import pytest
import torch
from quick import QUICK
from safetensors.torch import save_file

from impasto.errors import WeightsError
from impasto.weights import importers, registry


@pytest.mark.slow
def test_F10_a_home_folder_is_found_wherever_a_file_is_named(impasto, folder, monkeypatch):
    home = folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("photo.jpg", "painting.jpg"):
        (folder / name).rename(home / name)
    PIL.Image.fromarray(np.full((72, 96), 255, np.uint8)).save(home / "all.png")
    done = impasto("~/photo.jpg", "~/painting.jpg", "--output=~/x.png", "--mask", "~/all.png", "--plot=~/x.svg", *QUICK)
    assert (done.code, (home / "x.png").exists(), (home / "x.svg").exists()) == (0, True, True), done.err
    assert impasto("recipes", "save", "~/own.toml", "--size", "64").code == 0
    assert impasto("~/photo.jpg", "~/painting.jpg", "--recipe=~/own.toml", "-o", "~/y.png", *QUICK[2:]).code == 0
    assert not (folder / "~").exists()


def test_F11_a_missing_photograph_is_named_before_its_folder(impasto):
    done = impasto("nofolder/photo.jpg", "painting.jpg")
    assert done.code == 2
    assert "nofolder/photo.jpg does not exist" in done.err


def test_F12_a_name_that_nobody_chose_is_not_too_long(impasto, folder):
    names = [f"{'n' * 150}{number}.jpg" for number in range(2)]
    for name, own in zip(names, ("photo.jpg", "painting.jpg"), strict=True):
        (folder / own).rename(folder / name)
    done = impasto(*names, *QUICK)
    assert done.code == 0, done.err
    assert (folder / done.out.strip()).exists()


def test_F12_the_first_line_says_what_was_taken_for_what(impasto, folder):
    for number in range(6):
        (folder / f"{number}.jpg").write_bytes((folder / "painting.jpg").read_bytes() + bytes(number))
    done = impasto("photo.jpg", *(f"{number}.jpg" for number in range(6)), *QUICK)
    assert done.code == 0, done.err
    assert "1 photograph, 6 paintings" in done.err.splitlines()[0]


def test_F12_a_folder_of_photographs_is_not_taken_for_paintings(impasto, folder):
    names = [f"{number}.jpg" for number in range(40)]
    for number, name in enumerate(names):
        (folder / name).write_bytes((folder / "photo.jpg").read_bytes() + bytes(number))
    done = impasto(*names, "painting.jpg", *QUICK)
    assert done.code == 2
    assert "40 paintings were given" in done.err
    assert "many photographs" in done.err


def test_F12_a_painting_given_twice_is_refused(impasto):
    done = impasto("photo.jpg", "painting.jpg", "painting.jpg", *QUICK)
    assert done.code == 2
    assert "painting.jpg is given twice" in done.err


def test_F14_a_panorama_is_told_the_size_that_it_needs(impasto, folder):
    PIL.Image.new("RGB", (20000, 300), "teal").save(folder / "pano.png")
    done = impasto("pano.png", "painting.jpg")
    assert done.code == 2
    assert "Use a --size of 1067" in done.err


def test_F16_a_link_stays_a_link_and_what_it_leads_to_is_written(impasto, folder):
    (folder / "there").mkdir()
    (folder / "there" / "real.png").write_text("old")
    (folder / "link.png").symlink_to("there/real.png")
    assert impasto("photo.jpg", "painting.jpg", "-f", "-o", "link.png", *QUICK).code == 0
    assert (folder / "link.png").is_symlink()
    assert (folder / "there" / "real.png").read_bytes()[:4] == b"\x89PNG"


def test_U5_the_words_that_people_try_first_work(impasto):
    bare = impasto()
    assert (bare.code, bare.err) == (0, "")
    assert 8 <= len(bare.out.splitlines()) <= 14
    assert impasto("help").out == impasto("--help").out
    assert impasto("help", "sweep").out == impasto("sweep", "--help").out
    assert impasto("version").out.startswith("impasto 0.")
    assert "impasto help" in impasto("hlep").err
    assert impasto("recipes").out == impasto("recipes", "list").out != ""
    assert impasto("weights").out == impasto("weights", "list").out != ""


def test_U6_a_third_name_that_is_no_picture_may_be_the_result(impasto, folder):
    done = impasto("photo.jpg", "painting.jpg", "out.png", *QUICK)
    assert done.code == 2
    assert "write -o out.png" in done.err
    assert not (folder / "out.png").exists()


@pytest.mark.parametrize("place", [0, 1])
def test_U6_addresses_are_not_taken(impasto, place):
    names = ["photo.jpg", "painting.jpg"]
    names[place] = "https://example.org/a.jpg"
    done = impasto(*names, *QUICK)
    assert done.code == 2
    assert "addresses are not taken" in done.err


def test_U6_a_folder_takes_the_picture(impasto, folder):
    (folder / "out").mkdir()
    done = impasto("photo.jpg", "painting.jpg", "-o", "out/", *QUICK)
    assert (done.code, done.out) == (0, "out/photo-painting.png\n"), done.err


def test_U6_a_second_run_does_not_stumble_over_the_first(impasto):
    outs = [impasto("photo.jpg", "painting.jpg", *QUICK).out for _ in range(2)]
    assert outs == ["photo-painting.png\n", "photo-painting-2.png\n"]


def test_U5_the_help_is_short_and_names_the_long_one(impasto):
    short, everything = impasto("--help"), impasto("--help-all")
    assert (short.code, everything.code) == (0, 0)
    for option in ("--size", "--strength", "--recipe", "--style-scale", "--mask", "--output"):
        assert option in short.out, option
    assert "--beta1" not in short.out
    assert "--beta1" in everything.out
    assert "Optimizer: 8 options, listed by --help-all" in short.out
    assert len(short.out.splitlines()) < 0.65 * len(everything.out.splitlines())
    assert "--beta1" in impasto("sweep", "--help-all").out
    assert impasto("--help").out == short.out


def keras_state(array, separator, layout, nested=False):
    """A VGG-16 under Keras' names; all but the first layer are of zeros, which take no space in a file."""
    state = {}
    for layer, before, after in registry.ARCHITECTURES["vgg16"].convolutions():
        name = f"block{layer.block}_conv{layer.index}"
        first = layer.block == layer.index == 1
        kernel = FIRST if first else torch.zeros(()).expand(after, before, 3, 3)
        pair = {array: kernel.permute(layout), "bias": torch.full((after,), 0.5)}
        if nested:
            state[name] = pair
        else:
            state |= {f"{name}{separator}{key}": value for key, value in pair.items()}
    return state


OIHW, HWIO = (0, 1, 2, 3), (2, 3, 1, 0)
FIRST = torch.randn(64, 3, 3, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    "state",
    [
        keras_state("weight", ".", OIHW),
        keras_state("kernel", ".", HWIO),
        keras_state("kernel:0", "/", HWIO),
        keras_state("kernel", ".", HWIO, nested=True),
        {f"module.vgg.{name}": value for name, value in keras_state("weight", ".", OIHW).items()},
    ],
    ids=["weight", "kernel", "kernel:0", "nested", "wrapped"],
)
def test_U11_a_state_dict_with_keras_names_is_read(tmp_path, state):
    torch.save(state, tmp_path / "own.pth")
    found = importers.read(tmp_path / "own.pth")
    assert (found.architecture.name, found.convention.name) == ("vgg16", "caffe")
    assert torch.equal(found.tensors["conv1_1.weight"], FIRST)
    assert found.tensors["conv5_3.bias"].eq(0.5).all()


def test_U11_a_safetensors_file_with_keras_names_is_imported(impasto, folder):
    state = {name: value.contiguous().half() for name, value in keras_state("kernel", ".", HWIO).items()}
    save_file(state, folder / "own.safetensors")
    done = impasto("weights", "import", "own.safetensors")
    assert done.code == 0, done.err
    assert "own: imported" in impasto("weights", "list").out


def test_U11_a_layer_without_its_bias_is_named(tmp_path):
    state = keras_state("kernel", ".", HWIO)
    del state["block3_conv2.bias"]
    torch.save(state, tmp_path / "own.pth")
    with pytest.raises(WeightsError, match=r"block3_conv2.kernel but no block3_conv2.bias"):
        importers.read(tmp_path / "own.pth")
