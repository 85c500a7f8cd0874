"""What is beside the pictures of a film comes through untouched: sound, subtitles, chapters, metadata."""

from fractions import Fraction

import av
import pytest
from filming import RATE, add_sound, add_video, encode, encode_sound, frame_of, packets_of

from impasto.video.film import FilmSpec, OtherTracks, open_film
from impasto.video.sources import open_clip

CHAPTERS = [
    {"id": 1, "start": 0, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "One"}},
    {"id": 2, "start": 1000, "end": 2000, "time_base": Fraction(1, 1000), "metadata": {"title": "Two"}},
]


def make(path, sound="aac", start=0.0, first=0, codec="libx264", count=48, subtitles=None):
    with av.open(str(path), "w") as container:
        video = add_video(container, codec)
        audio = add_sound(container, sound) if sound else None
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
    part = {} if (start, stop) == (0, None) else {"start": times[start], "stop": times[stop]}
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
        "the sound (aac) cannot be copied to this format, and became Opus"
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


@pytest.mark.parametrize(("target", "name"), [("out.mp4", "MP4's own"), ("out.webm", "WebVTT")])
def test_subtitles_of_text_are_converted_and_that_is_said(target, name, tmp_path):
    notices = repaint(with_subtitles(tmp_path), tmp_path / target)
    assert notices == [f"the subtitles (subrip) cannot be copied to this format, and became {name}"]
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
