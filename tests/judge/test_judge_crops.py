"""The crop test: where crops are taken, and at which scale the painting is seen."""

import json

import numpy as np
import pytest
from judging import ANN, save

from impasto import images
from impasto.errors import InputError
from impasto.judge.crops import crop_test, find_spots
from impasto.judge.session import Session
from impasto.judge.votes import VoteFile
from impasto.settings import METADATA_KEY


@pytest.fixture
def folders(tmp_path):
    """Two results of one painting, 96 pixels wide, and the painting with twice as many."""
    for number, photo in enumerate(("cat", "dog")):
        save(tmp_path / "results" / f"{photo}-wave.png", number, size=(96, 64))
    save(tmp_path / "paintings" / "wave.png", 5, size=(192, 160))
    return str(tmp_path / "results"), str(tmp_path / "paintings")


def boxes(material, name, side):
    spots = [one.spot for it in material.comparisons for one in it.sides if one.name == name]
    return [(x, y, x + side, y + side) for x, y in spots]


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_no_two_crops_are_of_one_spot_whichever_result_they_are_beside(folders):
    material = crop_test(*folders, side=16, trials=4, seed=0)
    assert [(it.picture, it.trial) for it in material.comparisons] == [
        (stem, trial) for trial in (1, 2, 3, 4) for stem in ("cat-wave", "dog-wave")
    ]
    painter = boxes(material, "painter", 16)
    for place, one in enumerate(painter):
        assert not any(overlap(one, other) for other in painter[:place])
    for start in (0, 1):
        own = boxes(material, "result", 16)[start::2]
        assert not any(overlap(own[i], own[j]) for i in range(4) for j in range(i))


def test_the_painting_is_seen_at_the_results_long_side(folders, tmp_path):
    painter, result = crop_test(*folders, side=16, trials=1, seed=0).comparisons[0].sides
    (x, y), whole = painter.spot, images.resize(images.read(tmp_path / "paintings" / "wave.png"), 96, 80)
    assert np.array_equal(painter.load().rgb, whole.rgb[y : y + 16, x : x + 16])
    (x, y), whole = result.spot, images.read(tmp_path / "results" / "cat-wave.png")
    assert np.array_equal(result.load().rgb, whole.rgb[y : y + 16, x : x + 16])


@pytest.mark.parametrize(
    ("settings", "part", "size"),
    [
        ({"style_scale": 1.5}, (slice(None), slice(None)), (144, 120)),
        ({"style_scale": 1.5, "style_fit": "squash"}, (slice(None), slice(None)), (144, 96)),
        ({"style_scale": 1, "style_crop": "10,20,100,50"}, (slice(20, 70), slice(10, 110)), (96, 48)),
        ({"style_scale": "many"}, (slice(None), slice(None)), (96, 80)),
    ],
)
def test_settings_in_a_result_say_how_large_its_painting_was_seen(tmp_path, settings, part, size):
    save(tmp_path / "results" / "cat-wave.png", 1, size=(96, 64), text={METADATA_KEY: json.dumps(settings)})
    save(tmp_path / "paintings" / "wave.png", 5, size=(192, 160))
    material = crop_test(str(tmp_path / "results"), str(tmp_path / "paintings"), side=16, trials=1, seed=0)
    painter = material.comparisons[0].sides[0]
    whole = images.resize(images.read(tmp_path / "paintings" / "wave.png").cut(*part), *size)
    x, y = painter.spot
    assert np.array_equal(painter.load().rgb, whole.rgb[y : y + 16, x : x + 16])


def test_crops_are_taken_where_the_texture_is_middling():
    gray = np.zeros((96, 192), np.float32)
    noise = np.random.default_rng(0).standard_normal((96, 192))
    gray[:, 48:144] = 10 * noise[:, 48:144]
    gray[:, 144:] = 100 * noise[:, 144:]
    spots = find_spots(gray, 16, np.random.default_rng(1))
    assert len(spots) > 50
    assert all(48 - 16 < x < 144 for x, _ in spots), "neither in the empty quarter nor in the busiest"


def test_a_picture_of_one_color_and_one_that_is_just_as_large_as_a_crop_have_places():
    assert len(find_spots(np.zeros((64, 64), np.float32), 16, np.random.default_rng(0))) > 50
    assert find_spots(np.zeros((16, 16), np.float32), 16, np.random.default_rng(0)) == [(0, 0)]
    assert find_spots(np.zeros((16, 15), np.float32), 16, np.random.default_rng(0)) == []


def test_a_painting_with_room_for_few_crops_is_shared_among_its_results(folders):
    material = crop_test(*folders, side=26, trials=4, seed=0)
    assert {it.picture for it in material.comparisons if it.trial == 1} == {"cat-wave", "dog-wave"}
    assert len(material.comparisons) < 8
    crowded = crop_test(*folders, side=60, trials=4, seed=0)
    assert [it.picture for it in crowded.comparisons] == ["cat-wave"]
    assert crowded.remarks == ["left out, the painting has no room for another crop: dog-wave"]


def test_results_that_cannot_be_tested_are_left_out_and_named(folders, tmp_path):
    save(tmp_path / "results" / "bird-star.png", 1, size=(96, 64))
    save(tmp_path / "results" / "large-wave.png", 1, size=(288, 64))
    save(tmp_path / "results" / "small-wave.png", 1, size=(12, 10))
    material = crop_test(*folders, side=16, trials=1, seed=0)
    assert {it.picture for it in material.comparisons} == {"cat-wave", "dog-wave"}
    assert set(material.remarks) == {
        "left out, no painting: bird-star",
        "left out, the painting is smaller than it was painted from: large-wave",
        "left out, smaller than a crop of 16 px: small-wave",
    }


def test_nothing_to_test_is_refused_with_the_reason(folders):
    with pytest.raises(InputError, match="smaller than a crop of 100 px"):
        crop_test(*folders, side=100, trials=1, seed=0)


def test_votes_on_crops_of_another_seed_or_size_are_refused(folders, tmp_path):
    def session(seed, side=16):
        material = crop_test(*folders, side=side, trials=2, seed=seed)
        return Session(material.comparisons, VoteFile(tmp_path / "votes.jsonl"), ANN, seed=seed, crop=side)

    first = session(0)
    assert [task.question.question for task in first.pending()] == ["painter"] * 4
    first.vote(first.pending()[0].id, "recognized")
    assert len(session(0).pending()) == 3
    with pytest.raises(InputError, match="Use the same seed"):
        session(1)
    with pytest.raises(InputError, match="votes on other crops"):
        session(0, side=20)
    with pytest.raises(InputError, match="is no answer"):
        first.vote(first.pending()[0].id, "tie")
