"""Writing files: whole or not at all."""

import pytest

from impasto.errors import OutputError
from impasto.storage.atomic import check_folder, make_folder, replace_file


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    target = tmp_path / "out.bin"
    for content in (b"first", b"second"):
        replace_file(target, content)
        assert target.read_bytes() == content
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_in_place_of_a_folder_is_told_in_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"precious")
    with pytest.raises(OutputError, match=r"out.bin cannot be written: Not a directory"):
        replace_file(blocked / "out.bin", b"")
    with pytest.raises(OutputError, match="cannot be made"):
        make_folder(blocked)
    with pytest.raises(OutputError, match="may not be written"):
        check_folder(blocked)
    assert blocked.read_bytes() == b"precious"


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "out.bin"
    replace_file(target, b"old")
    with pytest.raises(TypeError):
        replace_file(target, "not bytes")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
