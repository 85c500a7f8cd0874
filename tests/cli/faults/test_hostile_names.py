"""Names of files in what is written, and names that are no text."""

import json
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import numpy as np
import PIL.Image
import pytest
from quick import QUICK

from impasto import images
from impasto.errors import SettingsError
from impasto.settings.stored import find_files
from impasto.storage.names import json_fields

BYTES = b"caf\xe9"
"""A name in Latin-1: no UTF-8."""
takes_bytes = pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no names that are not UTF-8")


def texts(path):
    return images.read_metadata(str(path))


@pytest.fixture
def away(folder):
    """A folder elsewhere with a mask, a start and a recipe."""
    away = folder.parent / "away"
    away.mkdir()
    half = np.zeros((72, 96), np.uint8)
    half[:, :48] = 255
    PIL.Image.fromarray(half).save(away / "half.png")
    shutil.copy(folder / "photo.jpg", away / "start.jpg")
    (away / "own.toml").write_text("size = 64\n")
    return away


def test_F17_a_picture_says_nothing_of_the_folders_of_its_inputs(impasto, folder, away):
    shutil.copy(folder / "painting.jpg", away)
    files = ["--mask", away / "half.png", "--keep-mask", away / "half.png", "--init", away / "start.jpg"]
    done = impasto("photo.jpg", away / "painting.jpg", "-o", "x.png", *files, "--recipe", away / "own.toml", *QUICK)
    assert done.code == 0, done.err
    stored = texts(folder / "x.png")
    assert "half.png" in stored["impasto:settings"]
    assert not [key for key, text in stored.items() if "/" in text or "\\" in text]


@pytest.mark.slow
def test_F17_a_sweeps_sheet_says_nothing_of_them_either(impasto, folder, away):
    starts = f"init=content,{away / 'start.jpg'}"
    done = impasto("sweep", "photo.jpg", "painting.jpg", "-o", "x.png", "--over", starts, *QUICK)
    assert done.code == 0, done.err
    stored = texts(folder / "x.png")
    assert "start.jpg" in stored["impasto:sweep"]
    assert not [key for key, text in stored.items() if "/" in text or "\\" in text]


def test_F17_stored_names_are_found_here_first_then_beside_the_picture_that_stores_them(folder, away):
    values = {"mask": ["half.png"], "init": "palette", "network": "vgg16"}
    with pytest.raises(SettingsError, match=r"x.png was made with the file half.png.*another with mask"):
        find_files(values, "x.png", ())
    assert find_files(values, "x.png", ["mask"]) == values
    assert find_files(values, str(away / "x.png"), ()) == {**values, "mask": [str(away / "half.png")]}
    shutil.copy(away / "half.png", folder)
    assert find_files(values, str(away / "x.png"), ()) == values


@pytest.mark.slow
def test_F17_settings_from_a_picture_find_its_files_here_or_beside_it_or_say_what_is_missing(impasto, folder, away):
    done = impasto("photo.jpg", "painting.jpg", "-o", away / "x.png", "--keep-mask", away / "half.png", *QUICK)
    assert done.code == 0, done.err
    again = ["photo.jpg", "painting.jpg", "--settings-from", away / "x.png", "-q", "-f", "-o"]
    assert impasto(*again, "beside.png").code == 0
    shutil.move(away / "half.png", folder / "half.png")
    assert impasto(*again, "here.png").code == 0
    first = (away / "x.png").read_bytes()
    assert PIL.Image.open(folder / "here.png").tobytes() == PIL.Image.open(away / "x.png").tobytes()
    (folder / "half.png").rename(folder / "other.png")
    lost = impasto(*again, away / "x.png")
    assert lost.code == 2
    assert "half.png" in lost.err
    assert "--keep-mask" in lost.err
    assert (away / "x.png").read_bytes() == first
    assert impasto(*again, "given.png", "--keep-mask", "other.png").code == 0


@takes_bytes
def test_F9_a_name_that_is_no_text_is_painted_and_printed_as_its_own_bytes(impasto_process, folder):
    photo = os.fsdecode(BYTES + b".jpg")
    (folder / "photo.jpg").rename(folder / photo)
    process = impasto_process(photo, "painting.jpg", *QUICK)
    out, err = process.communicate()
    assert (process.returncode, out) == (0, BYTES + b"-painting.png\n"), err
    made = os.fsencode(folder) + b"/" + BYTES + b"-painting.png"
    stored = texts(os.fsdecode(made))
    for text in stored.values():
        text.encode()
        json.loads(text.encode()) if text.startswith(("{", "[")) else None
    assert json.loads(stored["impasto:inputs"])[0]["name"] == "caf\N{REPLACEMENT CHARACTER}.jpg"


def test_F9_a_path_that_is_no_text_has_a_uri_and_one_that_is_has_none(folder):
    assert json_fields(Path("out.png")) == {"path": "out.png"}
    assert json_fields(folder / os.fsdecode(BYTES)) == {
        "path": f"{folder}/caf\N{REPLACEMENT CHARACTER}",
        "path_uri": f"file://{folder}/caf%E9",
    }


@takes_bytes
@pytest.mark.slow
def test_F9_json_is_text_and_has_the_bytes_of_the_name(impasto_process, folder):
    painting = os.fsdecode(BYTES + b".jpg")
    (folder / "painting.jpg").rename(folder / painting)
    process = impasto_process("photo.jpg", painting, "--json", *QUICK)
    out, err = process.communicate()
    assert process.returncode == 0, err
    last = json.loads(out.splitlines()[-1])
    assert last["path"] == "photo-caf\N{REPLACEMENT CHARACTER}.png"
    place = unquote_to_bytes(urlsplit(last["path_uri"]).path)
    assert place.endswith(b"/photo-" + BYTES + b".png")
    assert Path(os.fsdecode(place)).exists()
    assert b"\\ud" not in out


@takes_bytes
@pytest.mark.slow
def test_F9_a_sweep_of_a_name_that_is_no_text_has_its_sheet(impasto, folder):
    photo = os.fsdecode(BYTES + b".jpg")
    (folder / "photo.jpg").rename(folder / photo)
    done = impasto("sweep", photo, "painting.jpg", "-o", "x.png", "--over", f"init=content,{photo}", *QUICK)
    assert done.code == 0, done.err


@takes_bytes
def test_F9_a_name_that_is_no_text_can_be_a_mask_a_start_and_part_of_an_error(impasto, folder):
    mask = os.fsdecode(BYTES + b".png")
    PIL.Image.new("L", (96, 72), 255).save(folder / mask)
    files = ["--mask", mask, "--init", mask]
    done = impasto("photo.jpg", "painting.jpg", "-o", "x.png", *files, *QUICK)
    assert done.code == 0, done.err
    gone = impasto(os.fsdecode(b"gone\xe9.jpg"), "painting.jpg")
    assert gone.code == 2
    assert gone.err == "impasto: error: gone\\udce9.jpg does not exist. Check the path.\n"
