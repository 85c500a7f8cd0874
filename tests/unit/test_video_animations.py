"""Animated pictures and folders of frames, read and written as browsers play them."""

from fractions import Fraction

import numpy as np
import pytest
from filming import difference, frame_of, numbers_of, picture
from PIL import Image, ImageDraw

from impasto import images
from impasto.errors import ImageError, InputError, OutputError, SettingsError
from impasto.images import Picture
from impasto.images.picture import flatten
from impasto.video.read.sources import open_clip
from impasto.video.write.film import FilmSpec, check_film, open_film

TIMES = tuple(Fraction(number, 10) for number in range(6))
END = Fraction(6, 10)


def discs(count=5):
    """A disc that wanders over a clear ground."""
    frames = []
    for number in range(count):
        frame = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
        ImageDraw.Draw(frame).ellipse(
            (6 * number, 4, 6 * number + 9, 20), fill=(250 - 40 * number, 40 * number, 9, 255)
        )
        frames.append(frame)
    return frames


def save(path, frames, **options):
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


def painted(number, *, alpha=False, deep=False):
    rows, columns = np.mgrid[:48, :64]
    samples = np.stack([4 * columns, 5 * rows, np.full_like(rows, 30 * number)], -1).astype(np.uint8)
    opacity = np.ones((48, 64), np.float32) if alpha else None
    if opacity is not None:
        opacity[:, 4 * number : 4 * number + 20] = 0
    return picture(samples.astype(np.uint16) * 257 if deep else samples, opacity)


def write(path, frames, times=TIMES, end=END, **options):
    spec_of = {key: options.pop(key) for key in ("depth", "has_alpha", "loops") if key in options}
    first = frames[0]
    with open_film(path, FilmSpec((first.width, first.height), times, end, **spec_of), **options) as film:
        for frame in frames:
            film.write(frame)
    return open_clip(path)


@pytest.mark.parametrize("disposal", [1, 2])
@pytest.mark.parametrize("loop", [None, 0, 3])
def test_a_gif_is_read_with_its_delays_loops_and_transparency(disposal, loop, tmp_path):
    options = {} if loop is None else {"loop": loop}
    path = save(tmp_path / "a.gif", discs(), duration=[0, 10, 50, 120, 70], disposal=disposal, **options)
    clip = open_clip(path)
    # As browsers: delays of 0 and 1 hundredths are a tenth of a second; the number is of the times after the first.
    assert [float(time) for time in (*clip.info.times, clip.info.end)] == pytest.approx([0, 0.1, 0.2, 0.25, 0.37, 0.44])
    assert clip.info.loops == {None: 1, 0: 0, 3: 4}[loop]
    assert clip.info.has_alpha
    for number, (shown, frame) in enumerate(zip(clip.frames(), discs(), strict=True)):
        drawn = np.asarray(frame)
        if disposal == 2:
            assert np.array_equal(shown.alpha > 0.5, drawn[..., 3] > 0), number
        visible = drawn[..., 3] > 0
        assert np.abs(shown.rgb[visible] - drawn[visible][:, :3]).max() <= 4
    assert np.array_equal(next(clip.frames(3)).colors, list(clip.frames())[3].colors)


@pytest.mark.parametrize(("name", "options"), [("a.webp", {"lossless": True, "loop": 3}), ("a.png", {"loop": 3})])
def test_animated_webp_and_png_are_read_with_their_timing(name, options, tmp_path):
    path = save(tmp_path / name, discs(), duration=[40, 40, 50, 120, 70], **options)
    clip = open_clip(path)
    assert [float(time) for time in (*clip.info.times, clip.info.end)] == pytest.approx(
        [0, 0.04, 0.08, 0.13, 0.25, 0.32]
    )
    assert (clip.info.loops, clip.info.has_alpha, clip.info.size) == (3, True, (40, 30))
    for shown, frame in zip(clip.frames(), discs(), strict=True):
        drawn = np.asarray(frame)
        assert np.array_equal(shown.alpha, drawn[..., 3] / np.float32(255))
        assert np.array_equal(shown.colors[drawn[..., 3] > 0], drawn[drawn[..., 3] > 0][:, :3])


def test_a_pngs_picture_for_readers_without_animation_is_none_of_its_frames(tmp_path):
    frames = [frame.convert("RGB") for frame in discs(3)]
    path = save(tmp_path / "a.png", [Image.new("RGB", (40, 30), "white"), *frames], default_image=True, duration=50)
    clip = open_clip(path)
    assert len(clip.info.times) == 3
    assert np.array_equal(next(clip.frames()).colors, np.asarray(frames[0]))


@pytest.mark.parametrize("name", ["one.png", "one.gif", "one.webp", "one.jpg"])
def test_a_picture_is_a_clip_of_one_frame(name, tmp_path):
    Image.fromarray(frame_of(9)).save(tmp_path / name, quality=95)
    clip = open_clip(tmp_path / name, rate=12)
    assert (clip.info.times, clip.info.size, clip.info.loops) == ((0,), (64, 48), None)
    assert clip.info.end == Fraction(1, 12)
    assert numbers_of(clip.frames()) == [9]


def test_a_png_of_sixteen_bits_keeps_them(tmp_path):
    deep = painted(3, deep=True)
    images.save(deep, tmp_path / "deep.png")
    clip = open_clip(tmp_path / "deep.png")
    assert clip.info.depth == 16
    assert np.array_equal(next(clip.frames()).colors, deep.colors)


def test_a_damaged_animation_is_refused_in_a_line(tmp_path):
    path = save(tmp_path / "a.gif", discs(), duration=50)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ImageError, match=r"a\.gif is damaged or cut short"):
        open_clip(path)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_an_animation_that_was_cut_short_gives_its_whole_frames_and_says_so(name, tmp_path):
    frames = [painted(number) for number in range(6)]
    path = tmp_path / name
    whole = list(write(path, frames).frames())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    clip = open_clip(path)
    count = len(clip.info.times)
    assert 0 < count < 6
    assert f"{name} is " in clip.info.problem
    assert clip.info.problem.endswith(f": {count} frames can be read")
    for shown, other in zip(clip.frames(), whole[:count], strict=True):
        assert np.array_equal(shown.colors, other.colors)
    assert len(list(clip.frames(1))) == count - 1


@pytest.mark.parametrize("pattern", ["frames", "frames/*.png", "frames/f%d.png", "frames/f[0-9]*.png"])
def test_a_folder_of_frames_is_read_in_the_order_of_its_numbers(pattern, tmp_path):
    (tmp_path / "frames").mkdir()
    for number in (1, 2, 9, 10, 11):
        images.save(picture(frame_of(number)), tmp_path / "frames" / f"f{number}.png")
    (tmp_path / "frames" / "notes.txt").write_text("no picture")
    clip = open_clip(tmp_path / pattern, rate=12)
    assert numbers_of(clip.frames()) == [1, 2, 9, 10, 11]
    assert numbers_of(clip.frames(2, 4)) == [9, 10]
    assert clip.info.times == tuple(Fraction(number, 12) for number in range(5))
    assert (clip.info.end, clip.info.size, clip.info.depth) == (Fraction(5, 12), (64, 48), 8)


def test_a_folder_without_frames_or_with_unequal_ones_is_refused(tmp_path):
    with pytest.raises(ImageError, match="is a folder without pictures"):
        open_clip(tmp_path)
    with pytest.raises(ImageError, match="matches no file"):
        open_clip(tmp_path / "f%04d.png")
    images.save(picture(frame_of(1)), tmp_path / "a.png")
    images.save(picture(frame_of(1, (32, 32))), tmp_path / "b.png")
    with pytest.raises(ImageError, match=r"b\.png has 32 x 32 pixels, and a\.png 64 x 48"):
        open_clip(tmp_path)
    with pytest.raises(SettingsError, match="rate"):
        open_clip(tmp_path, rate=0)


def test_the_digest_of_a_folder_changes_with_any_frame(tmp_path):
    for number in range(3):
        images.save(picture(frame_of(number)), tmp_path / f"{number}.png")
    before = open_clip(tmp_path).info.digest
    assert open_clip(tmp_path).info.digest == before
    images.save(picture(frame_of(7)), tmp_path / "1.png", overwrite=True)
    assert open_clip(tmp_path).info.digest != before


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng", "a.png"])
@pytest.mark.parametrize("alpha", [True, False])
@pytest.mark.parametrize("loops", [0, 1, 3])
def test_an_animation_keeps_times_loops_and_transparency(name, alpha, loops, tmp_path):
    frames = [painted(number, alpha=alpha) for number in range(6)]
    clip = write(tmp_path / name, frames, has_alpha=alpha, loops=loops)
    assert (clip.info.times, clip.info.end, clip.info.loops) == (TIMES, END, loops)
    assert (clip.info.size, clip.info.has_alpha) == ((64, 48), alpha)
    for shown, frame in zip(clip.frames(), frames, strict=True):
        assert difference(shown, frame) < {".gif": 12, ".webp": 5}.get(name[-4:], 5 if name == "a.webp" else 0.01)
        if alpha:
            assert np.abs(shown.alpha - frame.alpha).mean() < 0.02


def test_a_clip_without_loops_becomes_an_animation_without_end(tmp_path):
    assert write(tmp_path / "a.gif", [painted(number) for number in range(6)]).info.loops == 0


def test_an_animated_png_keeps_sixteen_bits_and_any_time(tmp_path):
    times = (Fraction(0), Fraction(1001, 30_000), Fraction(1, 7))
    frames = [painted(number, deep=True) for number in range(3)]
    path = tmp_path / "a.apng"
    clip = write(path, frames, times, Fraction(2), depth=16)
    assert [float(time) for time in (*clip.info.times, clip.info.end)] == pytest.approx(
        [*map(float, times), 2], abs=1e-4
    )
    assert np.array_equal(images.read(path).colors, frames[0].colors)  # its first frame, by the reader of pictures


def test_a_gif_rounds_no_time_twice_and_has_no_delay_that_browsers_stretch(tmp_path):
    count = 100
    times = tuple(Fraction(number, 60) for number in range(count))
    frames = [painted(number % 6) for number in range(count)]
    clip = write(tmp_path / "a.gif", frames, times, Fraction(count, 60))
    steps = np.diff([float(time) for time in (*clip.info.times, clip.info.end)])
    assert float(clip.info.end) == pytest.approx(count / 60, abs=0.02)
    assert steps.min() >= 0.0199
    assert steps.max() < 0.05


def test_still_parts_of_a_gif_do_not_flicker(tmp_path):
    ramp = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (48, 64, 3)).copy()
    frames = []
    for number in range(6):
        samples = ramp.copy()
        samples[10:20, 8 * number : 8 * number + 12] = (220, 40, 30)
        frames.append(picture(samples))
    shown = [still.rgb for still in write(tmp_path / "a.gif", frames).frames()]
    assert all(np.array_equal(shown[0][24:], other[24:]) for other in shown[1:])
    blocks = np.abs(shown[0][24:] - ramp[24:]).mean(axis=0)
    assert blocks.mean() < 8
    assert abs((shown[0][24:] - ramp[24:]).mean()) < 1  # dithered, not shifted


def test_soft_edges_become_hard_in_a_gif_and_stay_soft_in_webp_and_png(tmp_path):
    opacity = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32), (48, 64)).copy()
    frames = [Picture(frame_of(number), alpha=opacity) for number in range(6)]
    for name, levels in (("a.gif", 2), ("a.webp", 40), ("a.apng", 60)):
        first = next(write(tmp_path / name, frames, has_alpha=True).frames())
        assert len(np.unique(first.alpha)) >= levels
        assert (name != "a.gif") or set(np.unique(first.alpha)) == {0, 1}


@pytest.mark.parametrize(("target", "first"), [("out/", "00000.png"), ("out/f%03d.jpg", "f000.jpg")])
def test_frames_go_into_a_folder_and_come_back(target, first, tmp_path):
    frames = [painted(number) for number in range(6)]
    with open_film(f"{tmp_path}/{target}", FilmSpec((64, 48), TIMES, END)) as film:
        for frame in frames:
            film.write(frame)
    assert min(path.name for path in (tmp_path / "out").iterdir()) == first
    shown = list(open_clip(tmp_path / "out").frames())
    assert max(difference(*both) for both in zip(shown, frames, strict=True)) < 3
    with (
        pytest.raises(OutputError, match="has frames already"),
        open_film(f"{tmp_path}/{target}", FilmSpec((64, 48), TIMES, END)),
    ):
        pass
    with open_film(f"{tmp_path}/{target}", FilmSpec((64, 48), TIMES, END), overwrite=True) as film:
        film.write(frames[0])
    assert [path.name for path in (tmp_path / "out").iterdir()] == [first]  # none of the longer film is left
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("target", "folder", "first"),
    [
        ("out/50% %03d.png", "out", "50% 000.png"),
        ("out/100%%-%d.png", "out", "100%-0.png"),
        ("%05d.png", ".", "00000.png"),
        (".", ".", "00000.png"),
        ("take 100%d/x%2d.png", "take 100%d", "x 0.png"),
    ],
)
def test_frames_have_the_names_that_were_asked_for(target, folder, first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / folder).mkdir(exist_ok=True)
    with open_film(target, FilmSpec((64, 48), TIMES, END)) as film:
        for number in range(6):
            film.write(picture(frame_of(number)))
    names = sorted(path.name for path in (tmp_path / folder).iterdir())
    assert (len(names), names[0]) == (6, first)
    if "x%2d" not in target:
        assert numbers_of(open_clip(target).frames()) == list(range(6))


def test_a_pattern_with_several_numbers_and_frames_that_are_films_are_refused(tmp_path):
    for name, words in (("a%d_%d.png", "more than one number"), ("%05d.mp4", "names no format")):
        with pytest.raises(InputError, match=words):
            check_film(tmp_path / name)
    with pytest.raises(InputError, match="more than one number"):
        open_clip(tmp_path / "a%d_%d.png")


def test_frames_for_a_folder_wait_in_it_and_not_beside_it_where_another_disk_may_be(tmp_path):
    out = tmp_path / "mounted" / "out"
    out.mkdir(parents=True)
    (out / "00009.png").write_bytes(b"former")
    with open_film(out, FilmSpec((64, 48), TIMES[:2], TIMES[2]), overwrite=True) as film:
        film.write(painted(0))
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert [path.name for path in out.iterdir()] == ["00000.png"]


def test_frames_that_cannot_be_moved_are_kept_with_those_that_were_there(tmp_path):
    out = tmp_path / "out"
    (out / "00001.png").mkdir(parents=True)  # a folder, onto which no file can be moved
    (out / "00005.png").write_bytes(b"former")

    def fail():
        with open_film(out, FilmSpec((64, 48), TIMES[:2], TIMES[2]), overwrite=True) as film:
            film.write(painted(0))
            film.write(painted(1))

    with pytest.raises(OutputError, match=r"The frames are in .*out/\.out\.part-"):
        fail()
    (partial,) = out.glob(".out.part-*")
    assert [path.name for path in partial.iterdir()] == ["00001.png"]
    assert sorted(path.name for path in out.iterdir() if path != partial) == ["00000.png", "00001.png", "00005.png"]


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.apng", "out/"])
def test_nothing_is_left_of_an_animation_that_failed(name, tmp_path):
    def fail():
        with open_film(f"{tmp_path}/{name}", FilmSpec((64, 48), TIMES, END)) as film:
            film.write(painted(0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_ends_early_has_the_frames_that_were_written(tmp_path):
    for name in ("a.gif", "a.webp", "a.apng", "a.mp4"):
        clip = write(tmp_path / name, [painted(number) for number in range(3)])
        assert (len(clip.info.times), float(clip.info.end)) == (3, pytest.approx(0.3))


def test_alpha_goes_onto_white_where_a_film_was_to_have_none(tmp_path):
    clip = write(tmp_path / "a.apng", [painted(number, alpha=True) for number in range(6)])
    assert not clip.info.has_alpha
    assert np.array_equal(next(clip.frames()).rgb, flatten(painted(0, alpha=True)).rgb)
