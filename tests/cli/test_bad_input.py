"""Whatever is wrong with what the command is given: one line that names it and the remedy, and no file left behind."""

import contextlib
import io
import json
import os
import resource
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch
from PIL.PngImagePlugin import PngInfo
from quick import QUICK, listing
from safetensors.torch import save_file

import impasto
from impasto import images, weights
from impasto.cli import main
from impasto.errors import ImageError

NOBODY = 65534


def unfilled_png(width, height):
    """A PNG of a few hundred bytes that promises any number of pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1 << 16))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def save_with_settings(path, text):
    info = PngInfo()
    info.add_itxt("impasto:settings", text)
    PIL.Image.new("RGB", (64, 64), "teal").save(path, pnginfo=info)


def make_pictures(folder):
    photo = (folder / "photo.jpg").read_bytes()
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes(photo[: len(photo) // 2])
    (folder / "text.jpg").write_text("Dear diary, this is not a picture.")
    (folder / "bomb.png").write_bytes(unfilled_png(50_000, 50_000))
    (folder / "album").mkdir()
    (folder / "sky.jpg").mkdir()
    (folder / "gone-away.jpg").symlink_to("nowhere.jpg")
    PIL.Image.new("RGB", (8, 8)).save(folder / "tiny.png")
    PIL.Image.new("RGB", (2000, 20)).save(folder / "strip.png")
    PIL.Image.fromarray(np.full((64, 64), np.nan, np.float32)).save(folder / "nan.tif")
    PIL.Image.new("RGB", (64, 64)).save(folder / "plain.png")
    PIL.Image.new("L", (96, 72)).save(folder / "black.png")
    PIL.Image.new("1", (48, 36), 1).save(folder / "white.png")
    save_with_settings(folder / "half.png", '{"size": ')
    save_with_settings(folder / "newer.png", json.dumps({"brush": 3}))
    (folder / "taken.png").write_text("precious")
    (folder / "text.txt").write_text("precious")
    (folder / "-dash.jpg").write_bytes(photo)
    (folder / "results").mkdir()
    (folder / "results" / "0020.png").write_text("precious")


def make_recipes(folder):
    (folder / "broken.toml").write_text("size = = 3\n")
    (folder / "typo.toml").write_text("contnet_weight = 3\n")
    (folder / "value.toml").write_text('content_weight = "much"\n')
    (folder / "latin.toml").write_bytes(b'description = "caf\xe9"\n')


def make_weights(folder):
    save_file(
        {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.0.bias": torch.zeros(64)},
        folder / "other.safetensors",
    )
    (folder / "cut.safetensors").write_bytes(weights.path("vgg16").read_bytes()[:4096])
    torch.save(torch.nn.Linear(2, 2), folder / "code.pth")
    (folder / "text.pth").write_text("not a state dict")
    (folder / "empty.pth").touch()


@pytest.fixture
def files(folder):
    """The current folder, with everything in it that the tables name."""
    make_pictures(folder)
    make_recipes(folder)
    make_weights(folder)
    return folder


@pytest.fixture
def refused(impasto, folder):
    """Run a command that must fail; gives its one line after seeing that nothing in any folder changed."""

    def run(*arguments, code=2):
        before = listing(folder.parent)
        done = impasto(*arguments)
        assert listing(folder.parent) == before
        assert done.code == code, done.err
        assert done.out == ""
        assert done.err.count("\n") == 1, done.err
        assert done.err.startswith("impasto: error: ")
        assert "unexpected" not in done.err
        return done.err

    return run


def words(command):
    """Split on blanks; `''` is the empty argument."""
    return ["" if word == "''" else word for word in command.split()]


PICTURES = [
    ("missing.jpg painting.jpg", "missing.jpg does not exist", "Check the path"),
    ("photo.jpg missing.jpg", "missing.jpg does not exist", "Check the path"),
    ("gone-away.jpg painting.jpg", "gone-away.jpg does not exist", "Check the path"),
    ("'' painting.jpg", "name of a picture is empty", "Give the path"),
    ("album painting.jpg", "album is a folder", "Give one picture file"),
    ("photo.jpg sky.jpg", "sky.jpg is a folder", "Give one picture file"),
    ("photo.jpg .", ". is a folder", "Give one picture file"),
    ("empty.jpg painting.jpg", "empty.jpg is empty", "Give a picture file"),
    ("photo.jpg text.jpg", "text.jpg is not a picture", "Give a PNG, JPEG"),
    ("cut.jpg painting.jpg", "cut.jpg is damaged or cut short", "intact copy"),
    ("bomb.png painting.jpg", "bomb.png has 50000 x 50000 pixels", "Make it smaller"),
    ("nan.tif painting.jpg", "nan.tif holds values that are not finite", "Replace NaN"),
    ("tiny.png painting.jpg", "tiny.png: 8 x 8 pixels is too small", "at least 16 pixels"),
    ("photo.jpg tiny.png", "tiny.png: 8 x 8 pixels is too small", "at least 16 pixels"),
    ("strip.png painting.jpg", "strip.png: 64 x 1 pixels is too small", "--size of 1600"),
    ("- -", "stdin can supply one picture only", "Name a file"),
    ("photo.jpg - -", "stdin can supply one picture only", "Name a file"),
    ("photo.jpg", "PAINTING is missing", "impasto --help"),
]

OUTPUTS = [
    ("-o taken.png", "taken.png exists", "--force"),
    ("-o gone/out.png", "folder gone does not exist", "Create it first"),
    ("-o text.jpg/out.png", "folder text.jpg does not exist", "Create it first"),
    ("-o ''", "name of an output is empty", "Name a file"),
    ("-o out", "out has no suffix", "Choose .png"),
    ("-o gone/", "folder gone does not exist", "Create it first"),
    ("-o text.txt", "ends in '.txt'", "Choose .png"),
    ("-o a.png -o b.png", "-o is given twice", "Give it once"),
    ("-o out.xyz", "ends in '.xyz'", "Choose .png"),
    ("-o photo.jpg --force", "photo.jpg is one of the inputs", "another name"),
    ("--sheet taken.png", "taken.png exists", "--force"),
    ("--sheet -", "only -o can write to stdout", "Name a file"),
    ("--plot plot.jpg", "ends in '.jpg'", "Choose .png, .svg or .pdf"),
    ("--animation film.jpg", "ends in '.jpg'", ".mkv, .webm, .gif, .webp, .apng or .png"),
    ("--plot out.png -o out.png", "out.png is the name of two results", "another name"),
    ("--save-dir results", "results is a folder with files in it", "--force"),
    ("--save-dir text.jpg", "text.jpg is not a folder", "another --save-dir"),
    ("--save-dir gone/deeper", "folder gone does not exist", "Create it first"),
    ("--save-dir -", "only -o can write to stdout", "Name a file"),
]

OPTIONS = [
    ("--sizes 64", "unknown option: --sizes", "Did you mean --size?"),
    ("--qqq 3", "unknown option: --qqq", "impasto --help"),
    ("--size", "--size has no value", "impasto --help"),
    ("--size 0", "--size takes a whole number from 32 to 20000", "Try --size 512"),
    ("--size big", "--size takes a whole number from 32 to 20000", "Try --size 512"),
    ("--iterations 2.5", "--iterations takes a whole number from 1 to 1000000, not 2.5", "Try --iterations"),
    ("--style-weight nan", "--style-weight takes a number from 0 to 1e+38, not 'nan'", "Try --style-weight 1"),
    ("--seed -1", "--seed takes a whole number from 0 to below 9223372036854775808", "Try --seed 0"),
    ("--optimizer adm", '"adm" for --optimizer', 'Did you mean "adam"?'),
    ("--size-rule wide", "long:N, rows:N or WIDTHxHEIGHT, with numbers from 10", "Try --size-rule long:512"),
    ("--profile cmyk", '"cmyk" for --profile', "Choose from"),
    ("--content-layers pool4", "'pool4' is not a layer", "relu4_2"),
    ("--content-layers relu6_1", "'relu6_1' is not a layer", "blocks 1 to 5"),
    ("--content-layers relu4_2=x", "weights from 0 to 1e+38, such as", "not 'x' for relu4_2"),
    ("--content-layers relu5_4", "no layer relu5_4", "block 5 ends at relu5_3"),
    ("--content-layers= --style-layers=", "no layer is given", "--content-layers or --style-layers"),
    ("--content-weight 0 --style-weight 0 --tv-weight 0", "all weights are 0", "--laplacian-weight, --style-weight"),
    ("--style-blend 1,2", "--style-blend has 2 weights for 1", "one weight for each painting"),
    ("--color blue", '"blue" for --color', "Choose from"),
    ("--style-crop 0,0,200,50", "--style-crop 0,0,200,50 reaches beyond painting.jpg", "x + width within 96"),
    ("--style-crop 0,0,50,73", "painting.jpg, which has 96 x 72 pixels", "y + height within 72"),
    ("--style-crop 1,1,9,9", "--style-crop 1,1,9,9 of painting.jpg: 9 x 9 pixels is too small", "at least 16"),
    ("--style-crop 0,0,20,20;", "has 2 crops for 1 painting", "Give one crop"),
    ("--style-crop 1,2,3", "--style-crop takes x,y,width,height", "not '1,2,3'"),
    ("--style-blend x", "--style-blend takes weights from 0 to 1e+38, not 'x'", "Try --style-blend 2,1"),
    ("--style-blend 0", "--style-blend has no weight above 0", "Give at least one"),
    ("--mask gone.png", "gone.png does not exist", "Check the path"),
    ("--mask text.jpg", "text.jpg is not a picture", "Give a PNG, JPEG"),
    ("--mask photo.jpg,photo.jpg", "--mask names 2 masks for 1 painting", "one mask for each painting"),
    ("--mask plain.png", "plain.png is a mask of another shape than photo.jpg: 64 x 64", "uncropped"),
    ("--mask black.png", "black.png is black all over", "Make it white somewhere"),
    ('--mask "black.png', "cannot be told apart", "Separate them by commas"),
    ("--mask -", "--mask cannot read stdin", "Name a file"),
    ("--keep-mask gone.png", "gone.png does not exist", "Check the path"),
    ("--keep-mask album", "album is a folder", "Give one picture file"),
    ("--keep-mask plain.png", "plain.png is a mask of another shape than photo.jpg", "uncropped"),
    ("--keep-mask white.png", "white.png is white all over", "Make it black where paint may go"),
    ("--keep-mask ''", "name of a picture is empty", "Give the path"),
    ("--init noize", "--init noize is neither", "Choose one of content, palette, noise"),
    ("--init text.jpg", "text.jpg is not a picture", "Give a PNG, JPEG"),
    ("--init -", "--init cannot read stdin", "Name a file"),
    ("--device cuda:99", "no device 'cuda:99'", "--device auto or cpu"),
    ("--device tpu", "--device takes auto, cpu, cuda, cuda:N or mps, not 'tpu'", "Try --device auto"),
    ("--recipe paintrly", "no recipe 'paintrly'", "Did you mean 'painterly'?"),
    ("--recipe broken.toml", "'broken.toml' is not valid TOML", "at line 1"),
    ("--recipe latin.toml", "'latin.toml' cannot be read", "TOML file"),
    ("--recipe gone.toml", "'gone.toml' does not exist", "Check the path"),
    ("--recipe typo.toml", "'typo.toml' has an unknown key 'contnet_weight'", "Did you mean 'content_weight'?"),
    (
        "--recipe value.toml",
        "'value.toml': content_weight takes a number from 0",
        "not 'much'. Correct it in that recipe",
    ),
    ("--network vgg19", "'vgg19' is not on this machine", "impasto weights fetch vgg19"),
    ("--network vgg61", "no network 'vgg61'", "Did you mean 'vgg19'?"),
    ("--network other.safetensors", "other.safetensors is not a VGG-16 or VGG-19", "Give the weights"),
    ("--network cut.safetensors", "cut.safetensors is not a readable safetensors file", "download or export it again"),
    ("--network gone.pth", "gone.pth cannot be read", "Give a weights file"),
    ("--settings-from plain.png", "plain.png holds no settings", "that Impasto wrote"),
    ("--settings-from photo.jpg", "photo.jpg holds no settings", "that Impasto wrote"),
    ("--settings-from half.png", "half.png holds settings that are damaged", "as Impasto wrote it"),
    ("--settings-from newer.png", "newer.png holds settings that this version cannot use", "Update Impasto"),
    ("--settings-from -", "--settings-from cannot read stdin", "Name a file"),
    ("--settings-from plain.png --recipe gatys", "--recipe and --settings-from", "one of the two"),
]

COMMANDS = [
    ("loses photo.jpg", "'loses'", "Did you mean `impasto losses`?"),
    ("help loses", "no command 'loses'", "Did you mean `impasto help losses`?"),
    ("help nothing", "no command 'nothing'", "Choose from: batch"),
    (f"photo.jpg painting.jpg --{300 * 'a'}", "unknown option: --aaa", "impasto --help"),
    ("-dash.jpg painting.jpg", "unknown option: -dash.jpg", "write ./-dash.jpg"),
    ("losses photo.jpg --content photo.jpg", "--style is missing", "impasto losses --help"),
    ("losses missing.png --content photo.jpg --style painting.jpg", "missing.png does not exist", "Check the path"),
    ("losses photo.jpg --content photo.jpg --style album", "album is a folder", "Give one picture file"),
    ("losses tiny.png --content photo.jpg --style painting.jpg", "tiny.png: 8 x 8", "at least 16 pixels"),
    ("losses - --content - --style painting.jpg", "stdin can supply one picture only", "Name a file"),
    ("losses photo.jpg --content photo.jpg --style painting.jpg --mask black.png", "black.png is black", "Make it"),
    ("losses a.png b.png --content photo.jpg --style painting.jpg", "'b.png' is one argument too many", "Leave it out"),
    ("recipes show nope", "no recipe 'nope'", "Choose one of"),
    ("recipes shw gatys", "no command 'shw'", "Did you mean `impasto recipes show`?"),
    ("recipes save gatys", "'gatys' is a recipe that ships", "another name"),
    ("recipes save My-Look", "'My-Look' cannot name a recipe", "Use a-z"),
    ("recipes save typo.toml", "typo.toml exists", "--force"),
    ("recipes save gone/look.toml", "gone/look.toml cannot be written", "another place"),
    ("recipes save look.toml --size 0", "--size takes a whole number from 32", "Try --size 512"),
    (
        "recipes save look.toml --recipe value.toml",
        "recipe 'value.toml': content_weight takes a number from 0",
        "Correct it in that recipe",
    ),
    ("recipes save look.toml --settings-from plain.png", "plain.png holds no settings", "that Impasto wrote"),
    ("weights path nope", "no network 'nope'", "Choose one of vgg16"),
    ("weights fetch vgg9", "no network 'vgg9'", "Did you mean 'vgg19'?"),
    ("weights import gone.pth", "gone.pth cannot be read", "Give a weights file"),
    ("weights import album", "album is a directory", "Give a weights file"),
    ("weights import -", "weights cannot come from stdin", "Name a file"),
    ("weights import empty.pth", "empty.pth is empty", "export it again"),
    ("weights import text.pth", "text.pth holds more than tensors, or is damaged", "torch.save("),
    ("weights import code.pth", "code.pth holds more than tensors", "torch.save(model.state_dict()"),
    ("weights import photo.jpg", "photo.jpg is not a weights file", "safetensors"),
    ("weights import cut.safetensors", "cut.safetensors is not a readable", "export it again"),
    ("weights import other.safetensors", "other.safetensors is not a VGG-16", "Give the weights"),
    ("weights import other.safetensors --name vgg16", "'vgg16' is a network that ships", "another name"),
    ("weights import other.safetensors --convention rgb", "no input convention 'rgb'", "Choose one of caffe"),
    ("doctor --jsn", "unknown option: --jsn", "Did you mean --json?"),
    ("completion tcsh", '"tcsh" for SHELL', '"bash"'),
]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("command", "problem", "remedy"), PICTURES)
def test_a_picture_that_cannot_be_used_is_named(refused, command, problem, remedy):
    line = refused(*words(command), *QUICK)
    assert problem in line
    assert remedy in line


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("options", "problem", "remedy"), OUTPUTS)
def test_a_place_that_cannot_be_written_is_named_before_any_work(refused, options, problem, remedy):
    line = refused("photo.jpg", "painting.jpg", *QUICK, *words(options))
    assert problem in line
    assert remedy in line


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("options", "problem", "remedy"), OPTIONS)
def test_an_option_that_makes_no_sense_is_named(refused, options, problem, remedy):
    quick = [] if options.startswith(("--size", "--iterations")) else QUICK
    line = refused("photo.jpg", "painting.jpg", *quick, *words(options))
    assert problem in line
    assert remedy in line


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("command", "problem", "remedy"), COMMANDS)
def test_the_other_commands_name_what_is_wrong_too(refused, command, problem, remedy):
    line = refused(*words(command))
    assert problem in line
    assert remedy in line


@pytest.mark.parametrize(("sent", "problem"), [(b"", "stdin is empty"), (b"no picture", "stdin is not a picture")])
def test_nothing_or_nonsense_on_stdin_is_named(refused, monkeypatch, sent, problem):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(sent)))
    assert problem in refused("-", "painting.jpg", *QUICK)


def test_an_array_of_no_numbers_is_refused():
    with pytest.raises(ImageError, match=r"array holds values that are not finite numbers\. Replace NaN") as caught:
        impasto.stylize(np.full((64, 64, 3), np.nan, np.float32), "painting.jpg", size=64, iterations=1)
    assert caught.value.exit_code == 2


def test_weights_beyond_all_numbers_fail_without_a_picture(refused):
    line = refused("photo.jpg", "painting.jpg", "--style-weight", "1e38", "--quiet", *QUICK, code=1)
    assert "not a finite number" in line
    assert "Lower the weights" in line


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """Nothing can be refused to root, so be nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(scope="module")
def _all_loaded(tmp_path_factory):
    """Every module that a command imports on its way, because nobody may not read where root's Python lies."""
    folder = tmp_path_factory.mktemp("loaded")
    for name in ("photo.png", "painting.png"):
        PIL.Image.new("RGB", (64, 64), "gray").save(folder / name)
    paint = [str(folder / "photo.png"), str(folder / "painting.png"), "-q", *QUICK, "--save-every", "1"]
    for command in (paint, ["recipes", "save", str(folder / "look.toml")], ["no-such.png", "no-such.png"]):
        main(command)


@pytest.fixture
def locked(folder, _all_loaded):
    """A folder that may be read and not written, and pictures that may not be read; opened again at the end."""
    (folder / "locked").mkdir()
    (folder / "secret.jpg").write_bytes((folder / "photo.jpg").read_bytes())
    (folder / "secret.toml").write_text("size = 64\n")
    changed = {"locked": 0o555, "secret.jpg": 0o000, "secret.toml": 0o000}
    for name, mode in changed.items():
        (folder / name).chmod(mode)
    yield
    for name in changed:
        (folder / name).chmod(0o755)


FORBIDDEN = [
    ("secret.jpg painting.jpg -o locked/out.png", "locked may not be written", "another place"),
    ("photo.jpg painting.jpg -o locked/out.png", "locked may not be written", "another place"),
    ("photo.jpg painting.jpg --sheet locked/sheet.png -o {free}/out.png", "locked may not be written", "another"),
    ("photo.jpg painting.jpg --save-dir locked/steps -o {free}/out.png", "locked may not be written", "another"),
    ("photo.jpg secret.jpg -o {free}/out.png", "secret.jpg may not be read", "permission"),
    ("photo.jpg painting.jpg --recipe secret.toml -o {free}/out.png", "'secret.toml' cannot be read", "may read"),
    ("recipes save locked/look.toml", "locked/look.toml cannot be written: Permission denied", "another place"),
]


def stamps(folder: Path) -> dict[Path, int]:
    """When each file was written; also of files that may not be read."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.usefixtures("locked")
@pytest.mark.parametrize(("command", "problem", "remedy"), FORBIDDEN)
def test_what_is_forbidden_is_named(impasto, folder, command, problem, remedy):
    before = stamps(folder)
    with tempfile.TemporaryDirectory() as free:
        Path(free).chmod(0o777)
        with without_privileges():
            done = impasto(*command.format(free=free).split())
        assert list(Path(free).iterdir()) == []
    assert stamps(folder) == before
    assert done.code == 2, done.err
    assert done.err.count("\n") == 1, done.err
    assert problem in done.err
    assert remedy in done.err


def test_a_folder_that_takes_no_files_is_named_before_any_work(refused):
    if not Path("/proc/self").is_dir():
        pytest.skip("no /proc, in which even root can make no file")
    assert "folder /proc may not be written" in refused("photo.jpg", "painting.jpg", "-o", "/proc/out.png", *QUICK)


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """As on a full disk, writes beyond some bytes fail half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("command", "target"),
    [
        ("photo.jpg painting.jpg -q", "photo-painting.png"),
        ("photo.jpg painting.jpg -q -o out.jpg", "out.jpg"),
        ("photo.jpg painting.jpg -q --save-every 1 --save-dir .steps", "0001.png"),
        ("recipes save look.toml", "look.toml"),
    ],
)
def test_a_full_disk_leaves_no_half_of_a_file(impasto, folder, command, target):
    names = {path.name for path in folder.iterdir()}
    with files_end_at(512):
        done = impasto(*command.split(), *QUICK)
    assert {path.name for path in folder.rglob("*")} - {".steps"} == names
    assert done.code == 1, done.err
    assert done.err.count("\n") == 1, done.err
    assert f"{target} could not be written: File too large" in done.err
    assert "Make room" in done.err


def test_a_full_disk_leaves_no_half_of_a_network(impasto, folder):
    with files_end_at(512):
        done = impasto("weights", "import", weights.path("vgg16"), "--name", "mine")
    assert [path for path in folder.parent.rglob("*") if path.is_file() and "mine" in path.name] == []
    assert done.code == 1, done.err
    assert done.err.count("\n") == 1, done.err
    assert "mine.safetensors could not be written: File too large" in done.err


def test_a_full_stream_is_told_in_one_line_and_the_picture_kept(impasto_process, folder, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    before = listing(folder)
    with Path("/dev/full").open("wb") as full:
        process = impasto_process("photo.jpg", "painting.jpg", "-o", "-", "-q", *QUICK, stdout=full)
        err = process.stderr.read()
    assert process.wait() == 1
    assert err.decode().count("\n") == 1, err
    assert b"No space left on device" in err
    (kept,) = (tmp_path / "tmp").rglob("*.png")
    assert f"the picture is in {kept}" in err.decode()
    assert images.read(kept).width == 64
    assert listing(folder) == before
