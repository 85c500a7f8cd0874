"""`impasto texture` and `impasto rebuild`: everything that painting can do, with a painting or a photograph alone."""

import json
import signal

import PIL.Image
import pytest
from quick import QUICK, listing

from impasto import images
from impasto.settings import Settings

MAKE = [("texture painting.jpg", "painting-texture.png"), ("rebuild photo.jpg --layer relu3_2", "photo-relu3_2.png")]


def settings_of(path):
    return Settings.model_validate_json(images.read_metadata(path)["impasto:settings"])


@pytest.mark.parametrize(("command", "target"), MAKE)
def test_the_picture_lies_beside_its_source_and_tells_how_to_make_it_again(impasto, folder, command, target):
    before = set(listing(folder))
    done = impasto(*command.split(), *QUICK)
    assert (done.code, done.out) == (0, f"{target}\n"), done.err
    assert set(listing(folder)) == before | {target}
    name = command.split()[0]
    again = impasto(*command.split()[:2], "-o", "again.png", "--settings-from", target)
    assert again.code == 0, again.err
    assert (folder / "again.png").read_bytes() == (folder / target).read_bytes()
    assert settings_of(folder / target).recipe == name
    with PIL.Image.open(folder / target) as picture:
        assert picture.size == (64, 48)
    inputs = json.loads(images.read_metadata(folder / target)["impasto:inputs"])
    assert [entry["name"] for entry in inputs] == [command.split()[1]]


def test_the_layers_that_are_rebuilt_name_the_picture(impasto, folder):
    assert impasto("rebuild", "photo.jpg", *QUICK).out == "photo-relu4_2.png\n"
    assert impasto("rebuild", "photo.jpg", "--layer", "relu2_2=2,block1_conv1", *QUICK).out == (
        "photo-relu1_1-relu2_2.png\n"
    )
    assert settings_of(folder / "photo-relu1_1-relu2_2.png").content_layers == {"relu1_1": 1.0, "relu2_2": 2.0}


def test_a_texture_of_two_paintings_takes_after_both(impasto, folder):
    PIL.Image.new("RGB", (80, 80), "red").save(folder / "red.png")
    assert impasto("texture", "painting.jpg", "red.png", *QUICK).out == "painting-red-texture.png\n"
    impasto("texture", "painting.jpg", "red.png", "--style-blend", "1,0", "-o", "one.png", *QUICK)
    assert images.read("one.png").rgb.tobytes() != images.read("painting-red-texture.png").rgb.tobytes()


def test_a_texture_may_have_any_frame(impasto, folder):
    assert impasto("texture", "painting.jpg", "--size-rule", "48x80", "--iterations", "2").code == 0
    with PIL.Image.open(folder / "painting-texture.png") as picture:
        assert picture.size == (48, 80)


def test_another_recipe_makes_a_texture_too_and_asks_nothing_of_content(impasto, folder):
    assert impasto("texture", "painting.jpg", "--recipe", "gatys", *QUICK).code == 0
    settings = settings_of(folder / "painting-texture.png")
    assert (settings.recipe, settings.content_weight, settings.content_layers) == ("gatys", 0, {})


def test_settings_of_a_painted_picture_rebuild_its_photograph(impasto, folder):
    impasto("photo.jpg", "painting.jpg", "-o", "painted.png", "--init", "noise", *QUICK)
    assert impasto("rebuild", "photo.jpg", "--settings-from", "painted.png", "-o", "out.png").code == 0
    settings = settings_of(folder / "out.png")
    assert (settings.recipe, settings.style_weight, settings.style_layers) == ("painterly", 0, {})


@pytest.mark.parametrize(("command", "target"), MAKE)
def test_everything_beside_the_picture_is_written_as_for_painting(impasto, folder, command, target):
    options = ["--sheet", "sheet.png", "--plot", "plot.svg", "--animation", "film.gif", "--save-every", "2"]
    done = impasto(*command.split(), *options, "--json", *QUICK)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == [
        "started", "step", "step", "preview", "step", "preview", "finished",
    ]  # fmt: skip
    assert events[-1]["path"] == target
    steps = folder / target.replace(".png", "-steps")
    assert sorted(path.name for path in steps.iterdir()) == ["0002.png", "0003.png", "losses.csv"]
    with PIL.Image.open(folder / "sheet.png") as sheet, PIL.Image.open(folder / "film.gif") as film:
        assert sheet.width > 2 * sheet.height
        assert film.n_frames >= 2
    assert "svg" in (folder / "plot.svg").read_text()


@pytest.mark.parametrize(("command", "source"), [("texture", "painting.jpg"), ("rebuild", "photo.jpg")])
def test_pictures_go_through_pipes(impasto_process, folder, command, source):
    process = impasto_process(command, "-", "-o", "-", *QUICK, stdin=-1)
    out, err = process.communicate((folder / source).read_bytes())
    assert process.returncode == 0, err
    assert images.read(out).width == 64


@pytest.mark.parametrize(("command", "target"), MAKE)
def test_ctrl_c_ends_with_the_picture_as_it_is(impasto_process, folder, command, target):
    process = impasto_process(*command.split(), "--json", *QUICK[:-1], "100000")
    while json.loads(process.stdout.readline())["event"] != "step":
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert json.loads(out.splitlines()[-1])["stopped"]
    with PIL.Image.open(folder / target) as picture:
        assert picture.size == (64, 48)


@pytest.mark.parametrize(
    ("command", "problem", "remedy"),
    [
        ("texture", "PAINTING is missing", "impasto texture --help"),
        ("texture missing.jpg", "missing.jpg does not exist", "Check the path"),
        ("texture - -", "stdin can supply one picture only", "Name a file"),
        ("texture painting.jpg --content-weight 3", "unknown option: --content-weight", "Did you mean"),
        ("texture painting.jpg --init content", "--init content needs a photograph", "noise, gray or style"),
        ("texture painting.jpg --recipe painterly", "--init palette needs a photograph", "noise, gray or style"),
        ("texture painting.jpg --style-layers=", "no layer is given", "--style-layers"),
        ("texture painting.jpg -o painting.jpg -f", "painting.jpg is one of the inputs", "another name"),
        ("texture painting.jpg -o photo.jpg", "photo.jpg exists", "--force"),
        ("rebuild missing.jpg", "missing.jpg does not exist", "Check the path"),
        ("rebuild photo.jpg painting.jpg", "'painting.jpg' is one argument too many", "Leave it out"),
        ("rebuild photo.jpg --layer pool4", "'pool4' is not a layer", "relu4_2"),
        ("rebuild photo.jpg --layer relu5_4", "no layer relu5_4", "ends at relu5_3"),
        ("rebuild photo.jpg --layer relu4_2=x", "not 'x' for relu4_2", "--content-layers"),
        ("rebuild photo.jpg --layer=", "no layer is given", "--content-layers"),
        ("rebuild photo.jpg --style-scale 2", "unknown option: --style-scale", "Did you mean"),
        ("rebuild photo.jpg --init style", "--init style needs a painting", "noise, gray or content"),
        ("rebuild photo.jpg --recipe rebild", "no recipe 'rebild'", "Did you mean 'rebuild'?"),
        ("rebild photo.jpg", "no command and no picture 'rebild'", "Did you mean `impasto rebuild`?"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_is_written(impasto, folder, command, problem, remedy):
    before = listing(folder)
    done = impasto(*command.split())
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert problem in done.err
    assert remedy in done.err
    assert listing(folder) == before
