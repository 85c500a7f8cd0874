"""Which pictures are compared, and what is shown beside them."""

from pathlib import Path

import pytest
from judging import save, save_candidates, save_references

from impasto.errors import ImageError, InputError
from impasto.judge.comparisons import compare_folders, find_references


def named(material):
    return [(it.picture, *(side.name for side in it.sides)) for it in material.comparisons]


def test_pictures_of_one_name_are_compared_whatever_their_format(tmp_path):
    save(tmp_path / "a" / "cat.png", 1)
    save(tmp_path / "b" / "cat.jpg", 2)
    material = compare_folders([str(tmp_path / "a"), str(tmp_path / "b")])
    assert named(material) == [("cat", "a", "b")]
    assert material.remarks == []


def test_pictures_without_a_partner_are_named_in_one_line(tmp_path):
    folders = save_candidates(tmp_path)
    for number in range(5):
        save(tmp_path / "newlook" / f"lonely{number}.png", number)
    (remark,) = compare_folders(folders).remarks
    assert remark == "5 left out, in one folder only: lonely0, lonely1, lonely2 and 2 more"


def test_of_three_candidates_every_two_are_compared(tmp_path):
    folders = save_candidates(tmp_path, ["cat"], ["a", "b", "c"])
    save(tmp_path / "a" / "dog.png", 5)
    save(tmp_path / "c" / "dog.png", 6)
    expected = [("cat", "a", "b"), ("cat", "a", "c"), ("cat", "b", "c"), ("dog", "a", "c")]
    assert named(compare_folders(folders)) == expected


def test_contact_sheets_of_a_batch_are_no_candidates(tmp_path):
    folders = save_candidates(tmp_path, ["cat", "contact-sheet", "contact-sheet-2"])
    assert [it.picture for it in compare_folders(folders).comparisons] == ["cat"]


def test_folders_with_the_same_last_name_are_told_apart(tmp_path):
    folders = save_candidates(tmp_path, ["cat"], ["today/out", "new/out"])
    assert {side.name for side in compare_folders(folders).comparisons[0].sides} == set(folders)


def test_references_are_found_and_those_that_are_missing_named(tmp_path):
    folders, references = save_candidates(tmp_path, ["cat-wave", "dog-wave"]), save_references(tmp_path)
    material = compare_folders(folders, **references)
    cat, dog = material.comparisons
    assert (cat.photo.name, cat.painting.name, dog.photo, dog.painting.name) == (
        "cat.png",
        "wave.png",
        None,
        "wave.png",
    )
    assert material.remarks == [f"no photograph in {references['photos']} goes with dog-wave"]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("cat-wave", ("cat", "wave")),
        ("cat+wave", ("cat", "wave")),
        ("my-cat-great-wave", ("my-cat", "great-wave")),
        ("cat-great-wave", ("cat", "great-wave")),
        ("other-wave", (None, "wave")),
        ("cat-other", ("cat", None)),
        ("cat", ("cat", None)),
        ("wave", (None, "wave")),
        ("other", (None, None)),
    ],
)
def test_a_result_goes_with_the_longest_names_that_make_its_own(stem, expected):
    photos, paintings = ({name: Path(name) for name in names} for names in (("cat", "my-cat"), ("wave", "great-wave")))
    found = find_references(stem, photos, paintings)
    assert tuple(path and path.name for path in found) == expected


def test_folders_that_cannot_be_compared_are_refused_in_one_line(tmp_path):
    one, other = save_candidates(tmp_path)
    (tmp_path / "empty").mkdir()
    save(tmp_path / "apart" / "dog.png", 1)
    save(tmp_path / "twice" / "cat-wave.png", 1)
    save(tmp_path / "twice" / "cat-wave.jpg", 1)
    link = tmp_path / "link"
    link.symlink_to(one)
    cases = {
        (one,): "not two folders",
        (one, str(tmp_path / "nothing")): "nothing does not exist",
        (one, str(tmp_path / "apart" / "dog.png")): "is a file, not a folder",
        (one, str(tmp_path / "empty")): "no picture in the folder",
        (one, str(tmp_path / "apart")): "have no names of pictures in common",
        (one, str(tmp_path / "twice")): "two pictures named cat-wave",
        (one, other, str(link)): "link is given twice",
        (one, one): "is given twice",
    }
    for folders, words in cases.items():
        with pytest.raises(InputError, match=words):
            compare_folders(folders)


@pytest.mark.parametrize("data", [b"", b"no picture", None])
def test_a_picture_that_cannot_be_read_is_refused_before_anybody_votes(tmp_path, data):
    folders = save_candidates(tmp_path)
    damaged = tmp_path / "newlook" / "tower-night.png"
    damaged.write_bytes(damaged.read_bytes()[:900] if data is None else data)
    with pytest.raises(ImageError, match=r"tower-night\.png"):
        compare_folders(folders)
