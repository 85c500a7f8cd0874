"""What is beside the pictures of a film comes through untouched: sound, subtitles, chapters, metadata."""

import contextlib
import random
from fractions import Fraction

import av
import numpy as np
import pytest
from filming import RATE, add_sound, add_video, encode, encode_sound, frame_of, numbers_of, packets_of
from PIL import Image

from impasto.errors import ImageError
from impasto.images import Picture
from impasto.video.read.sources import open_clip
from impasto.video.write.film import FilmSpec, OtherTracks, open_film

CHAPTERS = [
    {"id": 1, "start": 0, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
    {"id": 2, "start": 1000, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "Two"}},
]


def make(path, sound="aac", start=0.0, first=0, codec="libx264", count=48, subtitles=None, layout="stereo"):
    with av.open(str(path), "w") as container:
        video = add_video(container, codec)
        audio = add_sound(container, sound, layout) if sound else None
        text = container.add_stream(subtitles) if subtitles else None
        container.metadata.update(title="A title", artist="Somebody")
        container.set_chapters(CHAPTERS)
        stamps = [first + number for number in range(count)]
        if text is not None:
            text.time_base = Fraction(1, 1000)
        if audio is not None:
            container.start_encoding()
            encode_sound(container, audio, start, count / RATE)
        encode(container, video, (frame_of(number) for number in range(count)), stamps)
    return path


def repaint(source, target, start=0, stop=None):
    clip, notices = open_clip(source), []
    times = (*clip.info.times, clip.info.end)
    part = (
        {} if (start, stop) == (0, None) else {"start": times[start], "stop": times[stop], "origin": clip.info.origin}
    )
    spec = FilmSpec.of_clip(clip.info, start=start, stop=stop)
    with open_film(target, spec, tracks=OtherTracks(source, **part), notice=notices.append) as film:
        for picture in clip.frames(start, stop):
            film.write(picture)
    return notices


HELD = [
    ("in.mp4", "aac", "out.mp4"),
    ("in.mp4", "aac", "out.mkv"),
    ("in.mkv", "libopus", "out.mkv"),
    ("in.mkv", "libopus", "out.mp4"),
    ("in.mkv", "libopus", "out.webm"),
    ("in.mkv", "flac", "out.mkv"),
    ("in.ts", "mp2", "out.mp4"),
    ("in.mov", "aac", "out.mov"),
]


@pytest.mark.parametrize("start", [0.0, 0.5])
@pytest.mark.parametrize(("source", "sound", "target"), HELD)
def test_packets_of_sound_are_equal_and_as_far_from_the_pictures(source, sound, target, start, tmp_path):
    make(tmp_path / source, sound, start)
    assert repaint(tmp_path / source, tmp_path / target) == []
    before, after = (packets_of(tmp_path / name, "audio") for name in (source, target))
    assert len(before) > 20
    assert [data for _, data in before] == [data for _, data in after]
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=0.001)


def test_pictures_that_begin_late_keep_their_distance_from_the_sound(tmp_path):
    make(tmp_path / "in.mkv", "libopus", first=12)
    repaint(tmp_path / "in.mkv", tmp_path / "out.mkv")
    before, after = (packets_of(tmp_path / name, "audio") for name in ("in.mkv", "out.mkv"))
    assert before[0][0] == pytest.approx(-0.507, abs=0.002)
    assert [data for _, data in before] == [data for _, data in after]
    assert [time for time, _ in after] == pytest.approx([time for time, _ in before], abs=0.002)


def test_the_film_is_as_long_as_the_clip(tmp_path):
    make(tmp_path / "in.mp4")
    repaint(tmp_path / "in.mp4", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "in.mp4")) as before, av.open(str(tmp_path / "out.mp4")) as after:
        assert abs(before.duration - after.duration) < 1e6 / RATE


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv"])
def test_a_part_gets_the_sound_of_its_time(target, tmp_path):
    make(tmp_path / "in.mp4")
    repaint(tmp_path / "in.mp4", tmp_path / target, 12, 36)
    before, after = (packets_of(tmp_path / name, "audio") for name in ("in.mp4", target))
    times = [time - 0.5 for time, data in before if data in {data for _, data in after}]
    assert [time for time, _ in after] == pytest.approx(times, abs=0.002)
    assert -0.03 < after[0][0] <= 0
    assert 0.95 < after[-1][0] < 1.0
    assert len(packets_of(tmp_path / target, "video")) == 24


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.webm"])
def test_chapters_language_and_title_stay(target, tmp_path):
    make(tmp_path / "in.mkv", "libopus")
    repaint(tmp_path / "in.mkv", tmp_path / target, 12, 36)
    with av.open(str(tmp_path / target)) as container:
        chapters = [
            (
                chapter["metadata"]["title"],
                float(chapter["start"] * chapter["time_base"]),
                float(chapter["end"] * chapter["time_base"]),
            )
            for chapter in container.chapters()
        ]
        metadata = {key.lower(): value for key, value in container.metadata.items()}
        assert container.streams.audio[0].metadata["language"] == "deu"
    assert chapters == [("One", 0, pytest.approx(0.5)), ("Two", pytest.approx(0.5), pytest.approx(1))]
    assert (metadata["title"], metadata["artist"]) == ("A title", "Somebody")


def test_sound_that_a_webm_cannot_hold_becomes_opus_and_that_is_said(tmp_path):
    make(tmp_path / "in.mp4")
    assert repaint(tmp_path / "in.mp4", tmp_path / "out.webm") == [
        "sound (aac) converted to Opus: this format does not hold the original"
    ]
    packets = packets_of(tmp_path / "out.webm", "audio")
    assert packets[0][0] == pytest.approx(0, abs=0.03)
    assert packets[-1][0] == pytest.approx(2, abs=0.06)
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].codec_context.name == "opus"
        loud = [abs(frame.to_ndarray()).max() for frame in container.decode(audio=0)]
    assert max(loud) == pytest.approx(0.3, abs=0.1)


def with_subtitles(folder, name="in.mkv"):
    text = "1\n00:00:00,500 --> 00:00:01,000\nHello <i>you</i>\n\n2\n00:00:01,200 --> 00:00:01,700\nWorld\n"
    (folder / "in.srt").write_text(text)
    make(folder / "plain.mkv", "libopus")
    with (
        av.open(str(folder / "plain.mkv")) as film,
        av.open(str(folder / "in.srt")) as texts,
        av.open(str(folder / name), "w") as out,
    ):
        copies = {
            id(stream): out.add_stream_from_template(stream, opaque=True) for stream in (*film.streams, *texts.streams)
        }
        for source in (texts, film):
            for packet in source.demux():
                if packet.size:
                    packet.stream = copies[id(packet.stream)]
                    out.mux(packet)
    return folder / name


def test_subtitles_are_copied(tmp_path):
    source = with_subtitles(tmp_path)
    assert repaint(source, tmp_path / "out.mkv") == []
    assert packets_of(tmp_path / "out.mkv", "subtitle") == packets_of(source, "subtitle") != []


@pytest.mark.parametrize(("target", "name"), [("out.mp4", "mov_text"), ("out.webm", "WebVTT")])
def test_subtitles_of_text_are_converted_and_that_is_said(target, name, tmp_path):
    notices = repaint(with_subtitles(tmp_path), tmp_path / target)
    assert notices == [f"subtitles (subrip) converted to {name}: this format does not hold the original"]
    shown = [(time, data) for time, data in packets_of(tmp_path / target, "subtitle") if len(data) > 2]
    assert [time for time, _ in shown] == pytest.approx([0.5, 1.2], abs=0.001)
    assert all(word in data for word, (_, data) in zip((b"Hello", b"World"), shown, strict=True))


def test_a_part_keeps_a_subtitle_that_began_before_it(tmp_path):
    repaint(with_subtitles(tmp_path), tmp_path / "out.mkv", 18, 36)
    ((time, _),) = [shown for shown in packets_of(tmp_path / "out.mkv", "subtitle") if b"Hello" in shown[1]]
    assert time == pytest.approx(0, abs=0.03)


def test_a_clip_without_sound_makes_a_film_without(tmp_path):
    make(tmp_path / "in.mp4", None)
    assert repaint(tmp_path / "in.mp4", tmp_path / "out.mp4") == []
    assert packets_of(tmp_path / "out.mp4", "audio") == []


def test_a_film_that_ends_early_has_no_sound_after_its_end(tmp_path):
    make(tmp_path / "in.mp4")
    clip = open_clip(tmp_path / "in.mp4")
    tracks = OtherTracks(tmp_path / "in.mp4")
    with open_film(tmp_path / "out.mp4", FilmSpec.of_clip(clip.info), tracks=tracks) as film:
        for picture in clip.frames(0, 24):
            film.write(picture)
    assert packets_of(tmp_path / "out.mp4", "audio")[-1][0] <= 1


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.webm"])
def test_one_lost_packet_of_a_broadcast_costs_no_film(target, tmp_path):
    whole = make(tmp_path / "in.ts").read_bytes()
    count = len(whole) // 188
    for lost in range(20, count - 5, count // 6):
        (tmp_path / "in.ts").write_bytes(whole[: 188 * lost] + whole[188 * (lost + 1) :])
        repaint(tmp_path / "in.ts", tmp_path / f"{lost}{target}")
        packets = packets_of(tmp_path / f"{lost}{target}", "audio")
        assert len(packets) > 65
        assert packets[-1][0] > 1.9


def test_packets_that_cannot_be_kept_are_counted_for_the_user(tmp_path):
    path = make(tmp_path / "in.ts")
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(audio=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place in places[10:13]:
        head = data.index(b"\xff\xf1", place, place + 188)
        data[head : head + 2] = b"\0\0"  # of a frame of AAC (ADTS)
    path.write_bytes(data)
    heard = repaint(path, tmp_path / "out.mp4")
    assert heard == ["3 damaged packets of the sound (aac) could not be kept"]
    assert len(packets_of(tmp_path / "out.mp4", "audio")) > 60


@pytest.mark.parametrize("target", ["out.mp4", "out.mkv", "out.webm"])
def test_two_recordings_in_one_file_keep_all_their_frames_and_sound(target, tmp_path):
    path = make(tmp_path / "in.ts")
    count = len(packets_of(path, "audio"))
    path.write_bytes(2 * path.read_bytes())
    clip = open_clip(path)
    whole = numbers_of(clip.frames())
    assert whole == 2 * [number % 28 for number in range(48)]
    assert numbers_of(clip.frames(50, 53)) == whole[50:53]
    assert float(clip.info.end) == pytest.approx(4, abs=1 / RATE)
    heard = repaint(path, tmp_path / target)
    assert not any("could not be kept" in notice for notice in heard)
    packets = packets_of(tmp_path / target, "audio")
    assert len(packets) == 2 * count if target != "out.webm" else packets[-1][0] > 3.9
    assert max(np.diff([time for time, _ in packets])) < 0.06


@pytest.mark.parametrize(
    ("source", "sound", "target", "codec"),
    [
        ("in.mkv", "pcm_s16le", "out.mp4", "aac"),
        ("in.avi", "pcm_s16le", "out.mp4", "aac"),
        ("in.avi", "pcm_s16le", "out.mov", "pcm_s16le"),
        ("in.mkv", "libopus", "out.mov", "aac"),
        ("in.mkv", "flac", "out.mov", "aac"),
        ("in.mkv", "flac", "out.webm", "opus"),
    ],
)
def test_sound_that_a_format_does_not_hold_is_converted(source, sound, target, codec, tmp_path):
    make(tmp_path / source, sound)
    heard = repaint(tmp_path / source, tmp_path / target)
    assert len(heard) == (0 if codec == sound else 1)
    with av.open(str(tmp_path / target)) as container:
        assert container.streams.audio[0].codec_context.name == codec
        frames = list(container.decode(audio=0))
    assert float(frames[-1].pts * frames[-1].time_base) == pytest.approx(2, abs=0.06)
    assert max(abs(frame.to_ndarray().astype(float)).max() for frame in frames) > 0.2


@pytest.mark.parametrize(
    ("sound", "layout", "becomes"),
    [("ac3", "5.1(side)", "5.1"), ("eac3", "5.1(side)", "5.1"), ("aac", "4.0", "quad"), ("aac", "2.1", "stereo")],
)
def test_surround_sound_stays_surround_in_a_webm(sound, layout, becomes, tmp_path):
    make(tmp_path / "in.mkv", sound, layout=layout)
    repaint(tmp_path / "in.mkv", tmp_path / "out.webm")
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].codec_context.layout.name == becomes
        assert float(list(container.decode(audio=0))[-1].pts / 1000) > 1.9


def test_a_broadcast_that_goes_from_stereo_to_mono_keeps_its_sound(tmp_path):
    stereo, mono = (make(tmp_path / f"{layout}.ts", "ac3", layout=layout).read_bytes() for layout in ("stereo", "mono"))
    (tmp_path / "in.ts").write_bytes(stereo + mono)
    repaint(tmp_path / "in.ts", tmp_path / "out.webm")
    with av.open(str(tmp_path / "out.webm")) as container:
        loud = [
            float(frame.pts * frame.time_base)
            for frame in container.decode(audio=0)
            if abs(frame.to_ndarray()).max() > 0.1
        ]
    assert (min(loud), max(loud)) == (pytest.approx(0, abs=0.06), pytest.approx(4, abs=0.1))


def test_sound_that_is_gone_is_said_and_animations_and_folders_have_none(tmp_path):
    Image.new("RGB", (64, 48)).save(tmp_path / "in.gif")
    for name, words in (
        ("gone.mp4", ["the film has no sound and no subtitles: gone.mp4 cannot be read"]),
        ("in.gif", []),
        ("", []),
        ("f%03d.png", []),
    ):
        heard = []
        spec = FilmSpec((64, 48), (Fraction(0),), Fraction(1, RATE))
        tracks = OtherTracks(tmp_path / name)
        with open_film(tmp_path / "out.mp4", spec, tracks=tracks, notice=heard.append, overwrite=True) as film:
            film.write(Picture(frame_of(0)))
        assert [line.replace(f"{tmp_path}/", "").split(" (")[0] for line in heard] == words


@pytest.mark.parametrize("target", ["out.mkv", "out.mp4", "out.webm"])
def test_a_part_cuts_a_subtitle_that_stays_beyond_its_end(target, tmp_path):
    repaint(with_subtitles(tmp_path), tmp_path / target, 6, 18)
    with av.open(str(tmp_path / target)) as container:
        texts = [packet for packet in container.demux(subtitles=0) if packet.size > 2]
    ((begin, end),) = [
        (float(text.pts * text.time_base), float((text.pts + text.duration) * text.time_base)) for text in texts
    ]
    assert (begin, end) == (pytest.approx(0.25, abs=0.01), pytest.approx(0.5, abs=0.01))
    assert open_clip(tmp_path / target).info.problem == ""


def test_what_is_left_out_is_listed_in_one_line(tmp_path):
    with av.open(str(tmp_path / "in.mp4"), "w") as container:
        cover = add_video(container, "png", (20, 10), "rgb24")
        cover.disposition = av.stream.Disposition.attached_pic
        film = add_video(container)
        container.mux(cover.encode(av.VideoFrame(20, 10, "rgb24")))
        encode(container, film, (frame_of(number) for number in range(4)))
    (heard,) = repaint(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert heard == "left out: cover art"


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sound"), [("in.ts", "aac"), ("in.mkv", "ac3"), ("in.flv", "aac"), ("in.avi", "mp2")])
def test_a_damaged_film_is_copied_as_far_as_it_goes_or_refused_in_a_line(name, sound, tmp_path):
    whole, noise, written = make(tmp_path / name, sound).read_bytes(), random.Random(3), 0
    for number in range(40):
        data = bytearray(whole)
        for _ in range(40):
            data[noise.randrange(len(data))] = noise.randrange(256)
        (tmp_path / name).write_bytes(data)
        with contextlib.suppress(ImageError):
            repaint(tmp_path / name, tmp_path / f"{number}.mkv")
            written += 1
    assert written > 15
