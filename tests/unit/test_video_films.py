"""Films are written as players expect them: colors, depth, opacity, size and times of what was painted."""

import errno
import os
import signal
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from filming import RATE, difference, frame_of, make_film, numbers_of, picture

from impasto.errors import ImageError, OutputError, SettingsError, StorageError
from impasto.images import Picture
from impasto.images.picture import flatten
from impasto.video.clip import ColorTags
from impasto.video.read.sources import open_clip
from impasto.video.write.film import FILM_SUFFIXES, FilmSpec, check_film, open_film

TIMES = tuple(Fraction(number, RATE) for number in range(12))
END = Fraction(12, RATE)
HELD = [
    (".mp4", "h264"),
    (".mp4", "hevc"),
    (".mp4", "vp9"),
    (".mp4", "av1"),
    (".m4v", "h264"),
    (".mov", "hevc"),
    (".mov", "prores"),
    (".mkv", "h264"),
    (".mkv", "av1"),
    (".mkv", "prores"),
    (".mkv", "ffv1"),
    (".webm", "vp9"),
    (".webm", "av1"),
]
BT709 = ColorTags(1, 1, 1, full_range=False)


def bars(size=(128, 96), dtype=np.uint8):
    """Color bars over a gray ramp."""
    full = np.iinfo(dtype).max
    samples = np.empty((size[1], size[0], 3), dtype)
    samples[:] = np.linspace(0, full, size[0]).astype(dtype)[None, :, None]
    colors = [(1, 1, 1), (0.75, 0.75, 0), (0, 0.75, 0.75), (0, 0.75, 0), (0.75, 0, 0.75), (0.75, 0, 0), (0, 0, 0.75)]
    for number, color in enumerate([*colors, (0.1, 0.3, 0.5)]):
        place = slice(number * size[0] // 8, (number + 1) * size[0] // 8)
        samples[: size[1] // 2, place] = np.rint(np.multiply(color, full)).astype(dtype)
    return samples


def inner(samples, size=(128, 96)):
    """The samples without those beside an edge, where halved chroma mixes neighbors."""
    half, step = size[1] // 2, size[0] // 8
    parts = [samples[8 : half - 8, number * step + 4 : (number + 1) * step - 4] for number in range(8)]
    return np.concatenate([*(part.reshape(-1, 3) for part in parts), samples[half + 8 : -8, 4:-4].reshape(-1, 3)])


def write(path, pictures, times=TIMES, end=END, *, color=BT709, depth=8, has_alpha=False, **options):
    first = pictures[0]
    spec = FilmSpec((first.width, first.height), times, end, depth, has_alpha, color)
    with open_film(path, spec, **options) as film:
        for shown in pictures:
            film.write(shown)
    return open_clip(path)


@pytest.mark.parametrize(("suffix", "codec"), HELD)
def test_every_codec_comes_back_frame_by_frame(suffix, codec, tmp_path):
    clip = write(tmp_path / f"film{suffix}", [picture(frame_of(number)) for number in range(12)], codec=codec)
    assert numbers_of(clip.frames()) == list(range(12))
    assert clip.info.size == (64, 48)
    assert [float(time) for time in clip.info.times] == pytest.approx([float(time) for time in TIMES], abs=6e-4)
    assert float(clip.info.end) == pytest.approx(float(END), abs=1e-3)
    assert clip.info.problem == ""
    with av.open(str(tmp_path / f"film{suffix}")) as container:
        names = {"h264": "h264", "vp9": "vp9", "av1": "libdav1d"}
        assert container.streams.video[0].codec_context.name == names.get(codec, codec)


@pytest.mark.parametrize(
    "color",
    [
        ColorTags(1, 1, 1, full_range=False),
        ColorTags(1, 1, 1, full_range=True),
        ColorTags(6, 6, 6, full_range=False),
        ColorTags(5, 6, 5, full_range=True),
        ColorTags(9, 14, 9, full_range=False),
        ColorTags(2, 2, 2, full_range=False),
    ],
)
@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "h264"), (".webm", "vp9"), (".mkv", "hevc"), (".mp4", "av1")])
def test_colors_come_back_by_any_matrix_and_range_and_the_tags_are_equal(suffix, codec, color, tmp_path):
    clip = write(
        tmp_path / f"film{suffix}", [picture(bars())] * 3, TIMES[:3], TIMES[3], color=color, codec=codec, quality=100
    )
    assert clip.info.color == (color if color.matrix != 2 else replace(color, matrix=6))  # never left to be guessed
    for shown in clip.frames():
        assert np.abs(inner(shown.rgb) - inner(bars().astype(float))).mean() < 1
        assert np.percentile(np.abs(inner(shown.rgb) - inner(bars().astype(float))), 99) <= 2


def test_a_clip_is_repainted_with_its_own_tags(tmp_path):
    def tag(stream):
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 6, 6, 6, 2

    clip = open_clip(make_film(tmp_path / "in.mp4", 12, setup=tag))
    again = write(tmp_path / "out.mp4", list(clip.frames()), color=clip.info.color)
    assert again.info.color == clip.info.color == ColorTags(6, 6, 6, full_range=True)
    assert numbers_of(again.frames()) == numbers_of(clip.frames())


def test_pictures_that_are_no_films_become_bt709(tmp_path):
    spec = FilmSpec((64, 48), (Fraction(0),), Fraction(1))
    with open_film(tmp_path / "film.mp4", spec) as film:
        film.write(picture(frame_of(3)))
    color = open_clip(tmp_path / "film.mp4").info.color
    assert (color.primaries, color.matrix, color.full_range) == (1, 1, False)


@pytest.mark.parametrize(
    ("name", "codec", "size"),
    [("f.webm", "vp9", (65, 49)), ("f.mp4", "av1", (65, 49)), ("f.mp4", "h264", (66, 50)), ("f.mp4", "hevc", (66, 50))],
)
def test_odd_sizes_are_kept_or_completed_by_their_edge(name, codec, size, tmp_path):
    samples = frame_of(5, (65, 49))
    clip = write(tmp_path / name, [picture(samples)] * 2, TIMES[:2], TIMES[2], codec=codec)
    assert clip.info.size == size
    shown = next(clip.frames()).rgb
    assert np.abs(shown[:49, :65] - samples).mean() < 4
    assert np.abs(shown[:49, -1] - samples[:, -1]).mean() < 10
    assert np.abs(shown[-1, :65] - samples[-1]).mean() < 10


@pytest.mark.parametrize(
    ("suffix", "codec", "depth"),
    [(".mp4", "hevc", 16), (".mp4", "av1", 16), (".mov", "prores", 16), (".mkv", "ffv1", 16), (".mp4", "h264", 8)],
)
def test_ten_bits_stay_where_browsers_play_them(suffix, codec, depth, tmp_path):
    ramp = np.broadcast_to(np.linspace(6_000, 60_000, 256).astype(np.uint16)[None, :, None], (64, 256, 3))
    clip = write(
        tmp_path / f"film{suffix}", [picture(ramp)] * 2, TIMES[:2], TIMES[2], depth=16, codec=codec, quality=100
    )
    assert clip.info.depth == depth
    levels = np.unique(next(clip.frames()).colors[32, :, 1])
    assert len(levels) > 215 if depth == 16 else len(levels) <= 200


def test_ffv1_keeps_every_sample_to_the_bit(tmp_path):
    noise = np.random.default_rng(1)
    for deep in (False, True):
        dtype = np.uint16 if deep else np.uint8
        samples = [noise.integers(0, np.iinfo(dtype).max, (49, 65, 3)).astype(dtype) for _ in range(3)]
        path = tmp_path / f"film{deep}.mkv"
        clip = write(
            path, [picture(one) for one in samples], TIMES[:3], TIMES[3], depth=16 if deep else 8, codec="ffv1"
        )
        assert all(np.array_equal(shown.colors, one) for shown, one in zip(clip.frames(), samples, strict=True))


@pytest.mark.parametrize(("name", "codec"), [("f.webm", "vp9"), ("f.mov", "prores"), ("f.mkv", "ffv1")])
def test_opacity_is_kept_where_the_codec_has_it(name, codec, tmp_path):
    opacity = np.ones((48, 64), np.float32)
    opacity[:16] = 0
    clip = write(
        tmp_path / name, [Picture(frame_of(4), alpha=opacity)] * 3, TIMES[:3], TIMES[3], has_alpha=True, codec=codec
    )
    assert clip.info.has_alpha
    for shown in clip.frames():
        assert np.abs(shown.alpha - opacity).mean() < 0.02


def test_opacity_goes_onto_white_where_the_codec_has_none(tmp_path):
    opacity = np.zeros((48, 64), np.float32)
    opacity[24:] = 1
    clear = Picture(frame_of(4), alpha=opacity)
    clip = write(tmp_path / "f.mp4", [clear] * 3, TIMES[:3], TIMES[3], has_alpha=True)
    assert not clip.info.has_alpha
    assert difference(next(clip.frames()), flatten(clear)) < 4


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_variable_rate_is_kept(suffix, tmp_path):
    stamps = [0, 40, 60, 300, 333, 1000, 1001, 1050]
    times = tuple(Fraction(stamp, 1000) for stamp in stamps)
    clip = write(
        tmp_path / f"film{suffix}", [picture(frame_of(number)) for number in range(8)], times, Fraction(1100, 1000)
    )
    assert clip.info.times == times
    assert numbers_of(clip.frames()) == list(range(8))
    if suffix in {".mp4", ".mov"}:
        assert float(clip.info.end) == pytest.approx(1.1, abs=0.05)


def test_rates_of_television_are_exact_in_mp4(tmp_path):
    times = tuple(Fraction(1001 * number, 30_000) for number in range(30))
    clip = write(
        tmp_path / "film.mp4", [picture(frame_of(number)) for number in range(30)], times, Fraction(1001, 1000)
    )
    assert clip.info.times == times
    assert clip.info.end == Fraction(1001, 1000)


def test_a_film_of_one_frame_lasts_as_long_as_it_should(tmp_path):
    for suffix in (".mp4", ".webm", ".mkv"):
        clip = write(tmp_path / f"film{suffix}", [picture(frame_of(1))], (Fraction(0),), Fraction(3, 2))
        assert len(list(clip.frames())) == 1
        with av.open(str(tmp_path / f"film{suffix}")) as container:
            assert container.duration / 1e6 == pytest.approx(1.5, abs=0.01), suffix


def test_a_player_can_jump_every_two_seconds_and_begin_before_the_whole_is_there(tmp_path):
    times = tuple(Fraction(number, 12) for number in range(96))
    write(tmp_path / "film.mp4", [picture(frame_of(number // 24)) for number in range(96)], times, Fraction(8))
    with av.open(str(tmp_path / "film.mp4")) as container:
        keys = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.is_keyframe]
    assert max(np.diff([*keys, 8])) <= 2
    data = (tmp_path / "film.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_higher_quality_is_nearer_and_larger(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    sizes, errors = [], []
    for quality in (20, 80, 100):
        path = tmp_path / f"{quality}.mp4"
        clip = write(path, [picture(noise)] * 3, TIMES[:3], TIMES[3], quality=quality)
        sizes.append(path.stat().st_size)
        errors.append(difference(next(clip.frames()), picture(noise)))
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_what_cannot_be_written_is_refused_before_anything_is_painted(tmp_path):
    (tmp_path / "taken.mp4").write_bytes(b"precious")
    for name, options, kind, words in (
        ("film.xyz", {}, OutputError, r"ends in '.xyz'"),
        ("film", {}, OutputError, "has no suffix"),
        ("taken.mp4", {}, OutputError, "exists"),
        ("gone/film.mp4", {}, OutputError, "does not exist"),
        ("gone/deeper/", {}, OutputError, "does not exist"),
        ("film.webm", {"codec": "h264"}, OutputError, "a .webm file does not hold"),
        ("film.mp4", {"codec": "mpeg1"}, SettingsError, "is not a codec"),
        ("film.gif", {"codec": "h264"}, OutputError, "no choice of a codec"),
        ("film.mp4", {"quality": 0}, SettingsError, "out of range"),
        ("%05d.xyz", {}, OutputError, "names no format"),
    ):
        with pytest.raises(kind, match=words) as refused:
            check_film(f"{tmp_path}/{name}", **options)
        assert "--" not in str(refused.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken.mp4"]
    check_film(tmp_path / "taken.mp4", overwrite=True)
    for suffix in FILM_SUFFIXES:
        check_film(tmp_path / f"film{suffix}")


def test_without_the_package_a_film_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(OutputError, match="Run: pip install"):
        check_film(tmp_path / "film.mp4")
    check_film(tmp_path / "film.gif")


def test_what_a_codec_loses_is_said(tmp_path):
    opacity = np.ones((49, 65), np.float32)
    samples = frame_of(1, (65, 49)).astype(np.uint16) * 257
    heard = {}
    for name in ("film.mp4", "film.mkv"):
        codec, heard[name] = ("ffv1" if name == "film.mkv" else None), []
        spec = FilmSpec((65, 49), TIMES[:1], END, 16, has_alpha=True)
        with open_film(tmp_path / name, spec, codec=codec, notice=heard[name].append) as film:
            film.write(picture(samples, opacity))
    assert heard["film.mkv"] == []
    assert [line.split(":")[0] for line in heard["film.mp4"]] == [
        "the film has 8 bits per channel, and the clip more, which ProRes and FFV1 keep",
        "transparency was flattened onto white; use ProRes or FFV1 to keep it",
        "padded to 66 x 50 pixels",
    ]


def test_nothing_is_left_of_a_film_that_failed_and_what_was_there_stays(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"precious")

    def fail():
        with open_film(path, FilmSpec((64, 48), TIMES, END), overwrite=True) as film:
            film.write(picture(frame_of(0)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_bytes() == b"precious"
    with pytest.raises(ImageError, match="no frames"), open_film(path, FilmSpec((64, 48), TIMES, END), overwrite=True):
        pass
    with open_film(tmp_path / "ok.mp4", FilmSpec((64, 48), TIMES, END)) as film:
        with pytest.raises(ImageError, match="frame 0 has 32 x 32 pixels, and the film 64 x 48"):
            film.write(picture(frame_of(0, (32, 32))))
        film.write(picture(frame_of(0)))
    assert sorted(found.name for found in tmp_path.iterdir()) == ["film.mp4", "ok.mp4"]


@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "frames/"])
def test_an_error_of_the_caller_is_not_taken_for_one_of_writing(name, tmp_path):
    def fail():
        with open_film(f"{tmp_path}/{name}", FilmSpec((64, 48), TIMES, END)) as film:
            film.write(picture(frame_of(0)))
            (tmp_path / "gone.png").open()

    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a:b.mp4", "http:film.mp4", "100%done.mp4"])
def test_a_film_may_be_called_anything(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip = write(name, [picture(frame_of(number)) for number in range(12)])
    assert numbers_of(clip.frames()) == list(range(12))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_frames_that_a_clip_does_not_have_are_refused(tmp_path):
    info = open_clip(make_film(tmp_path / "film.mp4", 4)).info
    for part in ({"start": 4}, {"start": 3, "stop": 2}, {"start": -1}):
        with pytest.raises(SettingsError, match=r"film.mp4 has 4 frames, and none from"):
            FilmSpec.of_clip(info, **part)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif", ".apng"])
def test_a_full_disk_is_said_in_a_line(suffix, tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    noise = np.random.default_rng(0).integers(0, 255, (12, 96, 128, 3)).astype(np.uint8)

    def fill():
        with open_film(tmp_path / f"film{suffix}", FilmSpec((128, 96), TIMES, END)) as film:
            for samples in noise:
                film.write(picture(samples))

    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StorageError, match=os.strerror(errno.EFBIG)):
            fill()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, heard)
    assert list(tmp_path.iterdir()) == []


def test_reading_and_writing_load_no_torch_and_the_libraries_of_films_only_for_films():
    program = (
        "import sys, impasto.video.write.film, impasto.video.read.sources\n"
        "sys.exit(bool({'torch', 'av', 'cv2'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has one way of scheduling")
@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_an_encoder_takes_no_cores_from_others_and_is_gone_at_the_end(codec, tmp_path):
    program = (
        "import os, sys; from fractions import Fraction; import numpy as np; from impasto.images import Picture\n"
        "from impasto.video.write.film import FilmSpec, open_film\n"
        "def policies(): return {os.sched_getscheduler(int(task)) for task in os.listdir('/proc/self/task')}\n"
        "spec = FilmSpec((64, 48), (Fraction(0), Fraction(1)), Fraction(2))\n"
        "before, threads = policies(), len(os.listdir('/proc/self/task'))\n"
        "with open_film(sys.argv[1], spec, codec=sys.argv[2]) as film:\n"
        "    film.write(Picture(np.zeros((48, 64, 3), np.uint8)))\n"
        "    assert policies() == before, policies()\n"
        "assert len(os.listdir('/proc/self/task')) <= threads\n"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "film.mp4", codec], check=True)
