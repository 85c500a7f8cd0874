"""Settings over time: what a keyframe may say, and what holds between two of them."""

from fractions import Fraction

import pytest

from impasto.cli.commands.video import join_keyframes
from impasto.errors import SettingsError
from impasto.settings import Settings
from impasto.video.timeline import BLENDED, FIXED, SWITCHED, Keyframe, Timeline, parse_keyframes
from impasto.video.times import choose_part, parse_time
from impasto.wording import COMMAND

BASE = Settings(recipe="fast", strength=0.5)


def timeline(*words, base=BASE, **options):
    return Timeline(base, parse_keyframes(words), **options)


def strengths(line, *times):
    return [line.settings_at(Fraction(time)).strength for time in times]


def test_every_setting_is_blended_switched_or_fixed_and_no_two_of_them():
    tables = [BLENDED, SWITCHED, FIXED.keys()]
    assert set().union(*tables) == set(Settings.model_fields)
    assert sum(map(len, tables)) == len(Settings.model_fields)
    for name in BLENDED - {"style_blend"}:
        assert isinstance(getattr(BASE, name), int | float)


def test_times_are_seconds_clocks_or_frames():
    times = [Fraction(number, 25) for number in range(200)]
    assert parse_time("3") == parse_time("00:03") == parse_time("0:0:3") == 3
    assert parse_time("1:02:03.5") == Fraction("3723.5")
    assert parse_time("120f", times) == Fraction(120, 25)
    for wrong in ("", "three", "1:2:3:4", "-1", "1e3", "5s", "nan", "12.f"):
        with pytest.raises(SettingsError, match="is not a time in a clip"):
            parse_time(wrong)
    with pytest.raises(SettingsError, match="there is no frame 200 in a clip of 200 frames"):
        parse_time("200f", times)


def test_a_number_goes_from_the_base_at_the_start_to_each_keyframe_and_stays():
    line = timeline("2", "strength=0.3", "4", "strength=0.9", ease="linear")
    assert strengths(line, 0, 1, 2, 3, 4, 99) == pytest.approx([0.5, 0.4, 0.3, 0.6, 0.9, 0.9])
    held = timeline("2", "strength=0.5", "4", "strength=0.9", ease="linear")
    assert strengths(held, 0, 1, 2, 3) == pytest.approx([0.5, 0.5, 0.5, 0.7])


def test_the_course_is_slow_at_both_ends_even_or_a_step():
    words = ("0", "strength=0", "4", "strength=1")
    smooth = strengths(timeline(*words), 0, 1, 2, 3, 4)
    assert smooth == pytest.approx([0, 0.15625, 0.5, 0.84375, 1])
    assert strengths(timeline(*words, ease="linear"), 1, 2) == pytest.approx([0.25, 0.5])
    assert strengths(timeline(*words, ease="step"), 0, "3.99", 4) == [0, 0, 1]


def test_two_paintings_crossfade_weight_by_weight():
    line = timeline("0", "style-blend=1,0", "5", "style-blend=0,1", paintings=2, ease="linear")
    assert line.settings_at(Fraction(0)).style_blend == (1, 0)
    assert line.settings_at(Fraction(2)).style_blend == pytest.approx((0.6, 0.4))
    assert line.settings_at(Fraction(5)).style_blend == (0, 1)
    from_equal = timeline("2", "style-blend=0,1", paintings=2, ease="linear")
    assert from_equal.settings_at(Fraction(1)).style_blend == pytest.approx((0.5, 1))


def test_choices_switch_at_their_time():
    line = timeline("1", "faces=keep", ease="linear")
    assert line.settings_at(Fraction(1, 2)).faces == BASE.faces
    assert line.settings_at(Fraction(1)).faces == "keep"


def test_each_setting_has_its_own_keyframes():
    line = timeline("1", "strength=0.1", "2", "fill=0", ease="linear")
    found = line.settings_at(Fraction(1))
    assert (found.strength, found.fill) == pytest.approx((0.1, 0.5))


def test_without_keyframes_the_settings_are_those_that_were_given():
    assert timeline().settings_at(Fraction(7)) is BASE
    assert timeline().describe() == {}


@pytest.mark.parametrize("name", sorted(FIXED))
def test_what_is_measured_or_built_once_cannot_change(name):
    with pytest.raises(SettingsError, match="cannot change within a clip, since"):
        Timeline(BASE, [Keyframe("3", {name: "1"})])


REFUSED = {
    ("strength=0.2",): "--at has strength=0.2 without a time",
    ("3",): "--at names no setting at 3",
    ("3", "strength=2"): "--at 3: --strength takes a number from 0 to 1, not 2",
    ("3", "strenth=0.2"): "--at 3: there is no setting 'strenth'. Did you mean 'strength'?",
    ("soon", "strength=0.2"): "--at: 'soon' is not a time in a clip",
    ("3", "style-blend=1,2,3"): "--at 3: --style-blend has 3 weights for 1 painting",
    ("3", "size=64"): "--at 3: --size cannot change within a clip, since all frames have one size",
    ("3", "strength=0.1", "00:03", "strength=0.2"): "--strength has two values at 00:03",
    ("3", "strength=0.1", "strength=0.2"): "--strength has two values at 3",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_a_keyframe_that_says_nothing_or_something_wrong_is_refused_in_one_line(words):
    with pytest.raises(SettingsError) as caught:
        timeline(*words)
    message = caught.value.message_for(COMMAND)
    assert message.startswith(REFUSED[words])
    assert "\n" not in message


def test_what_is_kept_of_it_tells_other_keyframes_apart():
    lines = [
        timeline("1", "strength=0.1"),
        timeline("1", "strength=0.2"),
        timeline("2", "strength=0.1"),
        timeline("1", "strength=0.1", ease="linear"),
    ]
    assert len({str(line.describe()) for line in lines}) == len(lines)
    assert timeline("00:01", "strength=.1").describe() == lines[0].describe()


TIMES = [Fraction(number, 2) for number in range(10)]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", range(10)),
        ("2:5", range(2, 5)),
        ("4:", range(4, 10)),
        (":4", range(4)),
        ("7", range(7, 8)),
        ("8:99", range(8, 10)),
        ("1-3", range(2, 6)),
        ("00:01-00:02.5", range(2, 5)),
        ("2-", range(4, 10)),
        ("-2", range(4)),
        ("4f-99", range(4, 10)),
    ],
)
def test_a_part_is_named_by_numbers_as_in_python_or_by_times(text, part):
    assert choose_part(text, TIMES) == part


@pytest.mark.parametrize(
    "text", ["10", "5:5", "6:2", "a", "1:2:3", ":", "-3:", "1.5", "-", "3-2", "9-10", "1-2-3", "1-99f"]
)
def test_a_part_that_has_no_frame_is_refused(text):
    with pytest.raises(SettingsError):
        choose_part(text, TIMES)


def test_a_time_after_the_end_of_the_clip_is_refused_and_its_end_is_not():
    assert parse_time("5", TIMES, Fraction(5)) == 5
    with pytest.raises(SettingsError, match=r"5\.01 is after the end of the clip, which has 5 seconds"):
        parse_time("5.01", TIMES, Fraction(5))


def test_the_time_and_the_values_of_a_keyframe_are_one_word_of_the_command():
    words = ["video", "--at", "00:03", "strength=0.2", "fill=0", "clip.mp4", "--at", "5", "style-blend=0,1", "a.jpg"]
    joined = ["video", "--at", "00:03 strength=0.2 fill=0", "clip.mp4", "--at", "5 style-blend=0,1", "a.jpg"]
    assert join_keyframes(words) == joined
    assert join_keyframes(["video", "--at=3", "fill=0", "a=b.mp4"]) == ["video", "--at=3 fill=0 a=b.mp4"]
    assert join_keyframes(["video", "--at", "--json", "a=b.mp4"]) == ["video", "--at", "--json", "a=b.mp4"]
    assert parse_keyframes(joined[2:3]) == [Keyframe("00:03", {"strength": "0.2", "fill": "0"})]
