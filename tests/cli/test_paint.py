import json
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from quick import QUICK, listing

from impasto import images
from impasto.video.read.sources import open_clip


def size_of(path):
    with PIL.Image.open(path) as picture:
        return picture.size


def test_the_picture_lies_beside_the_photo_and_its_path_is_printed(impasto, folder):
    done = impasto("photo.jpg", "painting.jpg", *QUICK)
    assert done.code == 0
    assert done.out == "photo-painting.png\n"
    assert size_of(folder / "photo-painting.png") == (64, 48)


def test_the_picture_takes_after_both(impasto, photo, painting):
    impasto(photo, painting, "-o", "out.png", "--size", "96", "--iterations", "15")
    pixels = [images.resize(images.read(name), 96, 64).rgb for name in (photo, painting, "out.png")]
    content, style, result = (image.reshape(-1, 3) for image in pixels)
    assert np.corrcoef(content.ravel(), result.ravel())[0, 1] > 0.5
    palette = [np.linalg.norm(np.cov(colors.T) - np.cov(style.T)) for colors in (content, result)]
    assert palette[1] < palette[0] / 2


def test_a_photo_elsewhere_gets_its_picture_there(impasto, folder):
    (folder / "album").mkdir()
    (folder / "photo.jpg").rename(folder / "album" / "photo.jpg")
    assert impasto("album/photo.jpg", "painting.jpg", *QUICK).out == f"{Path('album/photo-painting.png')}\n"


@pytest.mark.slow
def test_several_paintings_all_count(impasto, folder):
    PIL.Image.new("RGB", (80, 80), "red").save(folder / "red.png")
    both = impasto("photo.jpg", "painting.jpg", "red.png", *QUICK)
    assert both.code == 0
    assert both.out == "photo-painting-red.png\n"
    pictures = [images.read("photo-painting-red.png").rgb]
    for number, blend in enumerate(("1,0", "0,1")):
        name = f"{number}.png"
        assert impasto("photo.jpg", "painting.jpg", "red.png", "-o", name, "--style-blend", blend, *QUICK).code == 0
        pictures.append(images.read(name).rgb)
    equal, first, second = pictures
    apart = np.abs(first - second).mean()
    assert apart > 5  # gray levels: the paintings differ
    for other in (first, second):
        assert 0.1 * apart < np.abs(equal - other).mean() < apart


def test_what_counts_as_empty_is_shown(impasto, folder):
    done = impasto("photo.jpg", "painting.jpg", "--regions", "regions.png", "--fill", "0", *QUICK)
    assert done.code == 0, done.err
    width, height = size_of(folder / "regions.png")
    assert width > 2 * height  # photograph and painting, over their labels
    again = impasto("photo.jpg", "painting.jpg", "-o", "other.png", "--regions", "regions.png", *QUICK)
    assert again.code == 2
    assert "regions.png exists" in again.err
    assert not (folder / "other.png").exists()


def test_progress_goes_to_stderr_and_says_how_it_ended(impasto):
    err = impasto("photo.jpg", "painting.jpg", *QUICK).err
    assert "64 x 48 px" in err
    assert "finished: loss" in err


def test_quiet_says_nothing(impasto, folder):
    done = impasto("photo.jpg", "painting.jpg", "-q", *QUICK)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (folder / "photo-painting.png").exists()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".avif", ".bmp"])
def test_the_suffix_chooses_the_format(impasto, folder, suffix):
    assert impasto("photo.jpg", "painting.jpg", "-o", f"out{suffix}", *QUICK).code == 0
    assert size_of(folder / f"out{suffix}") == (64, 48)


def test_an_existing_picture_is_kept_unless_forced(impasto, folder):
    (folder / "out.png").write_text("precious")
    refused = impasto("photo.jpg", "painting.jpg", "-o", "out.png", *QUICK)
    assert refused.code == 2
    assert "--force" in refused.err
    assert (folder / "out.png").read_text() == "precious"
    assert impasto("photo.jpg", "painting.jpg", "-o", "out.png", "--force", *QUICK).code == 0
    assert size_of(folder / "out.png") == (64, 48)


@pytest.mark.parametrize("option", ["--sheet x.png", "--plot x.png", "--animation x.gif", "--save-dir x"])
def test_no_other_result_is_overwritten_either(impasto, folder, option):
    name, target = option.split()
    taken = folder / target
    taken.write_text("precious") if taken.suffix else (taken.mkdir(), (taken / "file").write_text("precious"))
    before = listing(folder)
    assert impasto("photo.jpg", "painting.jpg", name, target, *QUICK).code == 2
    assert listing(folder) == before


def test_a_picture_goes_through_pipes(impasto_process, folder):
    process = impasto_process("-", "painting.jpg", "-o", "-", *QUICK, stdin=-1)
    out, err = process.communicate((folder / "photo.jpg").read_bytes())
    assert process.returncode == 0, err
    assert out.startswith(b"\x89PNG")
    assert images.read(out).width == 64
    assert b"finished" in err
    assert {path.name for path in folder.iterdir()} == {"photo.jpg", "painting.jpg"}


def test_a_photo_from_stdin_is_named_after_it(impasto_process, folder):
    process = impasto_process("-", "painting.jpg", *QUICK, stdin=-1)
    out, _ = process.communicate((folder / "photo.jpg").read_bytes())
    assert out.decode().strip() == "stdin-painting.png"
    assert size_of(folder / "stdin-painting.png") == (64, 48)


def test_a_reader_that_leaves_is_no_reason_to_complain(impasto_process):
    process = impasto_process("photo.jpg", "painting.jpg", "--json", *QUICK[:-1], "60")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_a_picture_that_its_reader_did_not_wait_for_is_kept(impasto_process, folder, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    before = listing(folder)
    process = impasto_process("photo.jpg", "painting.jpg", "-o", "-", "-q", *QUICK)
    process.stdout.close()
    _, err = process.communicate()
    (kept,) = (tmp_path / "tmp").rglob("*.png")
    told = f"impasto: error: the output was cut short: Broken pipe: the picture is in {kept}\n"
    assert (process.returncode, err.decode()) == (141, told)
    assert size_of(kept) == (64, 48)
    assert images.read_metadata(kept)
    assert listing(folder) == before


def test_a_picture_tells_how_to_make_it_again(impasto, folder):
    first = impasto("photo.jpg", "painting.jpg", "-o", "first.png", "--seed", "7", "--noise-share", "0.5", *QUICK)
    again = impasto("photo.jpg", "painting.jpg", "-o", "again.png", "--settings-from", "first.png")
    other = impasto("photo.jpg", "painting.jpg", "-o", "other.png", "--settings-from", "first.png", "--seed", "8")
    assert first.code == again.code == other.code == 0
    assert (folder / "first.png").read_bytes() == (folder / "again.png").read_bytes()
    assert (folder / "first.png").read_bytes() != (folder / "other.png").read_bytes()
    assert json.loads(images.read_metadata("other.png")["impasto:settings"])["seed"] == 8


def test_pictures_on_the_way_are_saved_with_their_losses(impasto, folder):
    options = [*QUICK[:-1], "6", "--save-every", "2", "--tolerance", "0"]
    done = impasto("photo.jpg", "painting.jpg", *options)
    steps = folder / "photo-painting-steps"
    assert sorted(path.name for path in steps.iterdir()) == ["0002.png", "0004.png", "0006.png", "losses.csv"]
    assert all(size_of(path) == (64, 48) for path in steps.glob("*.png"))
    header, *rows = (steps / "losses.csv").read_text().splitlines()
    assert header.startswith("file,iteration,scale,seconds,loss,content relu4_2,style relu1_1")
    assert [row.split(",")[0] for row in rows] == ["0002.png", "0004.png", "0006.png"]
    assert "iteration 2: total " in done.err
    assert ", content " in done.err
    assert ", style " in done.err


def test_each_round_leaves_a_picture(impasto, folder):
    impasto("photo.jpg", "painting.jpg", "--rounds", "2", "--save-dir", "rounds", "--tolerance", "0", *QUICK)
    assert sorted(path.name for path in (folder / "rounds").iterdir()) == ["0003.png", "0006.png", "losses.csv"]


def test_a_piped_picture_leaves_no_folder_behind(impasto_process, folder):
    process = impasto_process("photo.jpg", "painting.jpg", "-o", "-", "--save-every", "1", *QUICK)
    process.communicate()
    assert {path.name for path in folder.iterdir()} == {"photo.jpg", "painting.jpg"}


def test_a_sheet_shows_photo_painting_and_result(impasto, folder):
    assert impasto("photo.jpg", "painting.jpg", "--sheet", "sheet.png", *QUICK).code == 0
    width, height = size_of(folder / "sheet.png")
    assert width > 2 * height


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".svg", b"<?xml"), pytest.param(".pdf", b"%PDF", marks=pytest.mark.slow)]
)
def test_a_plot_shows_every_term(impasto, folder, suffix, magic):
    assert impasto("photo.jpg", "painting.jpg", "--plot", f"plot{suffix}", *QUICK).code == 0
    assert (folder / f"plot{suffix}").read_bytes().startswith(magic)
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng", ".mp4", ".webm"])
def test_an_animation_runs_from_the_photo_to_the_result(impasto, folder, suffix):
    assert impasto("photo.jpg", "painting.jpg", "--animation", f"film{suffix}", *QUICK).code == 0
    clip = open_clip(folder / f"film{suffix}")
    assert len(clip.info.times) >= 3
    assert clip.info.size == (64, 48)
    assert 1.99 < clip.info.end - clip.info.times[-1] < 2.3  # a WebP joins frames that are equal
    *_, last = clip.frames()
    with PIL.Image.open(folder / "photo-painting.png") as result:
        assert np.abs(last.rgb - np.asarray(result.convert("RGB"), np.float32)).mean() < 12


def test_the_photo_keeps_its_color_profile_where_asked(impasto, folder):
    srgb = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"####").replace(b"gXYZ", b"rXYZ").replace(b"####", b"gXYZ")
    with PIL.Image.open(folder / "photo.jpg") as photo:
        photo.save(folder / "tagged.jpg", icc_profile=swapped)
    impasto("tagged.jpg", "painting.jpg", "-o", "plain.png", *QUICK)
    impasto("tagged.jpg", "painting.jpg", "-o", "tagged.png", "--profile", "source", *QUICK)
    with PIL.Image.open(folder / "tagged.png") as tagged, PIL.Image.open(folder / "plain.png") as plain:
        assert tagged.info["icc_profile"] == swapped
        assert plain.info.get("icc_profile") != swapped


def test_transparency_is_carried_through(impasto, folder):
    photo = PIL.Image.open(folder / "photo.jpg").convert("RGBA")
    photo.putalpha(PIL.Image.linear_gradient("L").resize(photo.size))
    photo.save(folder / "clear.png")
    impasto("clear.png", "painting.jpg", *QUICK)
    with PIL.Image.open(folder / "clear-painting.png") as result:
        low, high = result.getchannel("A").getextrema()
    assert low < 30
    assert high > 225


def test_a_picture_is_not_lost_when_its_name_is_taken_meanwhile(impasto_process, folder):
    process = impasto_process("photo.jpg", "painting.jpg", "--json", *QUICK[:-1], "20", "--tolerance", "0")
    process.stdout.readline()
    (folder / "photo-painting.png").write_text("somebody else's")
    out, err = process.communicate()
    assert json.loads(out.splitlines()[-1])["path"] == "photo-painting-2.png"
    assert b"written to photo-painting-2.png" in err
    assert (folder / "photo-painting.png").read_text() == "somebody else's"
    assert size_of(folder / "photo-painting-2.png") == (64, 48)


def test_a_picture_does_not_tell_where_its_inputs_lay(impasto, folder):
    impasto(folder / "photo.jpg", "painting.jpg", "-o", "out.png", *QUICK)
    inputs = json.loads(images.read_metadata("out.png")["impasto:inputs"])
    assert [entry["name"] for entry in inputs] == ["photo.jpg", "painting.jpg"]
    assert all(len(entry["sha256"]) == 64 for entry in inputs)
