"""`impasto style`, and style files wherever the command takes a painting."""

import hashlib
import json
import shutil

import PIL.Image
import pytest
from batches import QUICK_BATCH, InlineExecutor, records_of, save_photos
from quick import QUICK, save_pictures

from impasto.cli import main
from impasto.cli.commands import batch_runner
from impasto.engine import measure_style

LAYERS = ["--style-layers", "relu1_1", "--precision", "float32"]
FAST = [*QUICK[:-1], "1", *LAYERS[:2], "--content-layers", "relu2_1", "--init", "content"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A style file of painting.jpg, measured once for all tests."""
    folder = tmp_path_factory.mktemp("style")
    save_pictures(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(measure_style, "SIDES", (64,))
        assert main(["style", "save", "painting.jpg", "-o", "a.style", "--credit", "by A. Painter", *LAYERS, "-q"]) == 0
    return folder / "a.style"


@pytest.fixture
def style(saved, folder, monkeypatch):
    """The file in the current folder."""
    monkeypatch.setattr(measure_style, "SIDES", (64,))
    shutil.copy(saved, folder)
    return folder / "a.style"


def error_of(outcome):
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1), outcome
    return outcome.err


def test_a_style_is_saved_shown_and_painted_with(impasto, folder, style):
    shown = impasto("style", "show", "a.style", "-o", "thumb.png")
    assert (shown.code, shown.err) == (0, "")
    for part in ("1 painting", "painting.jpg, 96 x 72 px", "by A. Painter", "vgg16", "replicate", "relu1_1", "64 px"):
        assert part in shown.out
    with PIL.Image.open("thumb.png") as thumbnail:
        assert thumbnail.size == (96, 72)
    about = json.loads(impasto("style", "show", "a.style", "--json").out)
    assert (about["bytes"], about["credit"], about["sides"]) == (style.stat().st_size, "by A. Painter", [64])
    of_file = impasto("photo.jpg", "a.style", *FAST, "--sheet", "sheet.png")
    of_painting = impasto("photo.jpg", "painting.jpg", *FAST)
    assert (of_file.code, of_file.out, of_painting.code) == (0, "photo-a.png\n", 0)
    with PIL.Image.open("photo-a.png") as ours, PIL.Image.open("photo-painting.png") as theirs:
        assert ours.tobytes() == theirs.tobytes()
        assert json.loads(ours.text["impasto:inputs"])[1]["sha256"] == hashlib.sha256(style.read_bytes()).hexdigest()
    assert (folder / "sheet.png").is_file()


@pytest.mark.usefixtures("style")
def test_a_folder_is_one_style_and_says_what_it_measures(impasto, folder):
    save_photos(folder / "many", ["b.png", "a.png"])
    done = impasto("style", "save", "many", "-o", "many.style", *LAYERS)
    assert (done.code, done.out) == (0, "many.style\n")
    assert done.err.splitlines() == ["measuring many/a.png (1 of 2)", "measuring many/b.png (2 of 2)"]
    assert "2 paintings" in impasto("style", "show", "many.style").out
    again = impasto("style", "save", "many", "-o", "many.style", *LAYERS)
    assert "many.style exists" in error_of(again)
    assert impasto("style", "save", "many", "-o", "many.style", *LAYERS, "--force", "--quiet").err == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["save", "painting.jpg"], "--output"),
        (["save", "painting.jpg", "-o", "a.png"], "a.png ends in '.png'"),
        (["save", "no.jpg", "-o", "b.style"], "no.jpg does not exist"),
        (["save", "a.style", "-o", "b.style"], "a.style is a style file already"),
        (["save", "notes.txt", "-o", "b.style"], "notes.txt"),
        (["save", "-", "-o", "b.style"], "- is none"),
        (["save", "painting.jpg", "-o", "no/b.style"], "does not exist"),
        (["save", "painting.jpg", "-o", "b.style", "--credit", "a" * 2000], "--credit has more than 1000"),
        (["save", "painting.jpg", "-o", "b.style", "--network", "vgg19"], "not on this machine"),
        (["save", "painting.jpg", "-o", "b.style", "--recipe", "coursera"], "--recipe coursera has --style-fit squash"),
        (["show", "no.style"], "no.style does not exist"),
        (["show", "painting.jpg"], "painting.jpg is not a style file"),
        (["show", "cut.style"], "cut.style is truncated or damaged"),
        (["show", "a.style", "-o", "painting.jpg"], "painting.jpg exists"),
        (["shoe", "a.style"], "show"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused_in_a_line_and_nothing_is_written(impasto, folder, style, arguments, says):
    (folder / "notes.txt").write_text("no picture")
    (folder / "cut.style").write_bytes(style.read_bytes()[:-10])
    before = sorted(path.name for path in folder.iterdir())
    assert says in error_of(impasto("style", *arguments))
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.usefixtures("style")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--init", "style"], "without the pixels that --init style needs"),
        (["--color", "photo"], "without the pixels that --color photo needs"),
        (["--style-crop", "0,0,9,9"], "without the pixels that --style-crop needs"),
        (["--pooling", "average"], "--pooling max, not --pooling average"),
        (["--style-layers", "relu1_1,relu2_2"], "the layers relu2_2 of --style-layers"),
    ],
    ids=str,
)
def test_what_takes_the_painting_itself_says_so_before_anything_is_painted(impasto, folder, options, says):
    options = [*options, *(["--style-layers", "relu1_1"] if "--style-layers" not in options else [])]
    assert says in error_of(impasto("photo.jpg", "a.style", *QUICK, *options))
    assert not list(folder.glob("*.png"))


@pytest.mark.usefixtures("style")
def test_texture_names_what_is_missing(impasto):
    assert "a texture without a photograph needs a painting" in error_of(impasto("texture", "a.style"))


def test_stdin_sweeps_losses_and_json_take_style_files(impasto, folder, style, monkeypatch):
    lines = [json.loads(line) for line in impasto("photo.jpg", "a.style", "--json", *FAST).out.splitlines()]
    assert (lines[0]["paintings"], lines[-1]["event"]) == (1, "finished")
    assert impasto("sweep", "photo.jpg", "a.style", "--over", "strength=0.2,0.8", *FAST, "-q").code == 0
    judged = impasto("losses", "photo.jpg", "--content", "photo.jpg", "--style", "a.style", "--json", *LAYERS)
    assert json.loads(judged.out)["total"] > 0
    monkeypatch.setattr("impasto.cli.terminal.read_stdin", style.read_bytes)
    assert impasto("photo.jpg", "-", *FAST, "-q").code == 0
    assert (folder / "photo-stdin.png").is_file()


@pytest.fixture
def batch(impasto, folder, style, monkeypatch):
    """Paints a batch with a folder of one style file; gives the exit code and the last event."""
    monkeypatch.setattr(batch_runner, "LocalExecutor", InlineExecutor)
    (folder / "styles").mkdir()
    style.rename(folder / "styles" / "a.style")

    def run(*options):
        done = impasto("batch", "photo.jpg", "--style", "styles", "-o", "out", *QUICK_BATCH, "--json", *options)
        return done.code, [json.loads(line) for line in done.out.splitlines()][-1]

    return run


def test_a_batch_paints_with_style_files(batch, folder):
    assert batch()[0] == 0
    (record,) = records_of(folder / "out")
    assert record["output"] == "photo-a.png"
    assert record["inputs"][1] == {
        "role": "style",
        "name": "a.style",
        "sha256": hashlib.sha256((folder / "styles" / "a.style").read_bytes()).hexdigest(),
    }
    assert (folder / "out" / "contact-sheet.jpg").is_file()
    code, last = batch("--color", "match")
    assert (code, last["failed"]) == (3, 1)


@pytest.mark.slow
def test_a_batch_paints_again_where_a_style_file_changed(impasto, batch):
    assert batch()[0] == 0
    assert batch()[1]["skipped"] == 1
    assert impasto("style", "save", "photo.jpg", "-o", "styles/a.style", "--force", "-q", *LAYERS).code == 0
    code, last = batch()
    assert (code, last["done"]) == (0, 1)
