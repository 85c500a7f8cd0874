"""`impasto sweep`: every combination on one sheet, each as if it had been painted alone."""

import contextlib
import io
import json
import os
import pty
import re
import shutil
import signal

import numpy as np
import PIL.Image
import pytest
from quick import QUICK, listing, run_once

from impasto import images, weights
from impasto.cli import sweep_axes
from impasto.cli.display.sweep import SweepBar, SweepCell
from impasto.core.optim.base import divergence
from impasto.engine.estimate import Estimate
from impasto.errors import InputError
from impasto.settings import Settings

PAIR = ["photo.jpg", "painting.jpg"]
TWO_BY_TWO = ["--over", "content-weight=1,100", "--over", "style-scale=0.5,2"]
GRID = "photo-painting-sweep.png"


def cells_of(sheet):
    """What the sheet tells of its pictures, row by row."""
    return json.loads(images.read_metadata(sheet)["impasto:sweep"])["cells"]


def cut_out(sheet, cell):
    """The pixels of one picture on a sheet."""
    left, top, width, height = cell["box"]
    return pixels_of(sheet)[top : top + height, left : left + width]


def pixels_of(path):
    with PIL.Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def is_gray(pixels):
    return len(np.unique(pixels.reshape(-1, 3), axis=0)) == 1


@pytest.fixture(scope="module")
def painted_grid(tmp_path_factory):
    """The folder of a sweep of two by two pictures, and its lines of JSON: painted once for all tests that read it."""
    return run_once(tmp_path_factory, "sweep", *PAIR, *TWO_BY_TWO, "--json", "--save-dir", "cells", *QUICK)


@pytest.fixture
def grid(painted_grid, folder):
    """The lines of JSON of a sweep of two by two pictures, and what it wrote in the current folder."""
    written, lines = painted_grid
    shutil.copytree(written, folder, dirs_exist_ok=True)
    return lines


@pytest.fixture
def refused(impasto, folder):
    """Run a sweep that must fail; gives its one line after seeing that nothing was written."""

    def run(*arguments):
        before = listing(folder)
        done = impasto("sweep", *arguments)
        assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
        assert "unexpected" not in done.err
        assert listing(folder) == before
        return done.err

    return run


@pytest.mark.usefixtures("grid")
def test_each_cell_is_what_painting_alone_with_its_settings_gives(impasto, folder):
    cells = cells_of("photo-painting-sweep.png")
    assert [[cell["over"] for cell in row] for row in cells] == [
        [{"content_weight": weight, "style_scale": scale} for scale in ("0.5", "2")] for weight in ("1", "100")
    ]
    seen = set()
    for row, column in np.ndindex(2, 2):
        on_sheet = cut_out("photo-painting-sweep.png", cells[row][column])
        alone = f"alone-{row}-{column}.png"
        choices = ["--content-weight", ("1", "100")[row], "--style-scale", ("0.5", "2")[column]]
        impasto(*PAIR, "-o", alone, *choices, *QUICK)
        assert np.array_equal(on_sheet, pixels_of(alone))
        saved = folder / "cells" / f"{row + 1}-{column + 1}.png"
        assert saved.read_bytes() == (folder / alone).read_bytes()
        seen.add(on_sheet.tobytes())
    assert len(seen) == 4


@pytest.mark.usefixtures("grid")
def test_rows_lie_under_one_another_and_columns_side_by_side():
    boxes = np.array([[cell["box"] for cell in row] for row in cells_of(GRID)])
    lefts, tops, widths, heights = np.moveaxis(boxes, -1, 0)
    height, width = pixels_of(GRID).shape[:2]
    assert (lefts[:, 1] >= lefts[:, 0] + widths[:, 0]).all()
    assert (tops[1] >= tops[0] + heights[0]).all()
    assert (lefts[0] == lefts[1]).all()
    assert (tops[:, 0] == tops[:, 1]).all()
    assert lefts.min() > 0
    assert tops.min() > 0
    assert (lefts + widths).max() < width
    assert (tops + heights).max() < height


@pytest.mark.usefixtures("grid")
def test_labels_stand_beside_rows_and_above_columns_and_nowhere_else():
    cells = cells_of(GRID)
    ink = pixels_of(GRID).min(axis=-1) < 160
    (left, top, width, height), (next_left, next_top, *_) = cells[0][0]["box"], cells[1][1]["box"]
    for row in (cells[0][0]["box"], cells[1][0]["box"]):
        assert ink[row[1] : row[1] + row[3], : left - 2].any()
    assert ink[:top, left : left + width].any()
    assert ink[:top, next_left : next_left + width].any()
    assert not ink[top + height : next_top, left:].any()
    assert ink[next_top + height :].any()  # the caption


def test_one_setting_makes_a_row(impasto):
    assert impasto("sweep", *PAIR, "--over", "recipe=gatys,painterly,tf-adam", "-o", "sheet.png", *QUICK).code == 0
    (row,) = cells_of("sheet.png")
    assert [cell["settings"]["recipe"] for cell in row] == ["gatys", "painterly", "tf-adam"]
    assert len({cell["box"][1] for cell in row}) == 1


@pytest.mark.slow
def test_a_third_setting_repeats_the_grid_beneath(impasto):
    layout = sweep_axes.arrange_cells(sweep_axes.parse_axes(["seed=1,2", "size=64,96", "clip=yes,no"], given=()))
    assert layout.columns == ("size 64", "size 96")
    assert layout.rows == ("seed 1", "seed 2") * 2
    assert layout.headings == {0: "clip yes", 2: "clip no"}
    assert [cell.choice for cell in layout.cells[4:6]] == [
        {"seed": "1", "clip": "no", "size": size} for size in ("64", "96")
    ]
    over = [part for text in ("seed=1,2", "size=64,96", "clip=yes,no") for part in ("--over", text)]
    assert impasto("sweep", *PAIR, *over, "-o", "sheet.png", "--iterations", "1", "--margin", "0").code == 0
    cells = cells_of("sheet.png")
    assert [cell["settings"]["clip"] for row in cells for cell in row] == [True] * 4 + [False] * 4
    between = [cells[row + 1][0]["box"][1] - cells[row][0]["box"][1] for row in range(3)]
    assert between[1] > between[0] == between[2]
    assert [cell["box"][2] for cell in cells[0]] == [64, 96]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("content-weight=0.3,1, 3", ("0.3", "1", "3")),
        ("style-layers=relu1_1,relu2_1=2;relu3_1", ("relu1_1,relu2_1=2", "relu3_1")),
        ("init=a;b.png|noise", ("a;b.png", "noise")),
        ("--style_blend=1,2;2,1", ("1,2", "2,1")),
        ("size-rule=64x64", ("64x64",)),
    ],
)
def test_values_with_commas_in_them_can_be_told_apart(text, values):
    (axis,) = sweep_axes.parse_axes([text], given=())
    assert axis.values == values


def test_labels_read_like_words():
    assert sweep_axes.format_choice({"content_weight": "0.3", "style_layers": "relu1_1,relu2_1"}) == (
        "content weight 0.3, style layers relu1_1, relu2_1"
    )


def test_labels_on_a_sheet_do_not_tell_where_files_lay():
    axes = ["init=/home/me/start.jpg,noise", "mask=/home/me/a.png|/home/me/b.png", "recipe=/home/me/own.toml"]
    layout = sweep_axes.arrange_cells(sweep_axes.parse_axes(axes, given=()))
    assert layout.rows == ("init start.jpg", "init noise")
    assert layout.columns == ("mask a.png", "mask b.png")
    assert layout.headings == {0: "recipe own.toml"}
    assert layout.cells[0].choice["init"] == "/home/me/start.jpg"


def test_an_axis_that_means_nothing_to_a_sweep_is_no_setting():
    with pytest.raises(InputError, match="'save-every' names no setting"):
        sweep_axes.parse_axes(["save-every=1,2"], given=(), without={"save_every"})


SHORTEST = ["--iterations", "1", "--scales", "1", "--margin", "0"]


@pytest.mark.slow
def test_pictures_are_small_unless_a_size_is_named(impasto):
    done = impasto("sweep", *PAIR, "--over", "seed=1", "-o", "small.png", *SHORTEST)
    assert "1 picture of 256 x 192 px; roughly " in done.err
    assert " of memory; --size makes them larger or smaller" in done.err
    assert cells_of("small.png")[0][0]["box"][2:] == [256, 192]
    impasto("sweep", *PAIR, "--over", "size-rule=64x48,80x60", "-o", "frames.png", "--iterations", "1", "--margin", "0")
    assert [cell["box"][2:] for cell in cells_of("frames.png")[0]] == [[64, 48], [80, 60]]


@pytest.mark.slow
def test_a_cell_can_be_painted_again_from_the_sheet(impasto, folder):
    impasto("sweep", *PAIR, "--over", "seed=1,2", "--over", "init=noise,gray", "-o", "sheet.png", *QUICK)
    assert impasto(*PAIR, "-o", "again.png", "--settings-from", "sheet.png#2,1").code == 0
    assert np.array_equal(pixels_of("again.png"), cut_out("sheet.png", cells_of("sheet.png")[1][0]))
    stored = images.read_metadata("again.png")["impasto:settings"]
    assert Settings.model_validate_json(stored).seed == 2
    (folder / "sheet.png#2,1").write_bytes((folder / "again.png").read_bytes())
    assert impasto(*PAIR, "-o", "file.png", "--settings-from", "sheet.png#2,1").code == 0


@pytest.mark.slow
def test_a_cell_of_a_single_row_needs_only_its_column(impasto):
    impasto("sweep", *PAIR, "--over", "seed=4,5", "-o", "row.png", *QUICK)
    assert impasto(*PAIR, "-o", "again.png", "--settings-from", "row.png#2").code == 0
    assert json.loads(images.read_metadata("again.png")["impasto:settings"])["seed"] == 5
    done = impasto("sweep", *PAIR, "--over", "history=3,4", "--settings-from", "row.png#1", "-o", "next.png", *QUICK)
    assert done.code == 0, done.err
    assert [cell["settings"]["seed"] for cell in cells_of("next.png")[0]] == [4, 4]


@pytest.mark.usefixtures("grid")
def test_a_sheet_asks_which_of_its_pictures_is_meant(folder, refused):
    (folder / GRID).rename("sheet.png")
    PIL.Image.new("RGB", (64, 64)).save(folder / "plain.png")
    example = "sheet.png#2,2 (row 2, column 2)"
    for place, problem, remedy in (
        ("sheet.png", "holds the settings of 4 pictures", example),
        ("sheet.png#3", "sheet.png has 2 rows of pictures", example),
        ("sheet.png#3,1", "no picture in row 3, column 1", example),
        ("sheet.png#0,1", "no picture in row 0, column 1", example),
        ("plain.png#1,1", "plain.png is not the sheet of a sweep", "without #"),
        ("gone.png#1,1", "gone.png does not exist", "Check the path"),
        ("sheet.png#a", "sheet.png#a does not exist", "Check the path"),
    ):
        line = refused(*PAIR, "--over", "seed=1", "--settings-from", place)
        assert problem in line
        assert remedy in line


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": []}', '{"cells": [[]]}', '{"cells": [[{}]]}', '{"cells": 3}'])
def test_a_damaged_sheet_is_named(folder, refused, text):
    info = PIL.PngImagePlugin.PngInfo()
    info.add_itxt("impasto:sweep", text)
    PIL.Image.new("RGB", (64, 64)).save(folder / "sheet.png", pnginfo=info)
    assert "sheet.png holds settings that are damaged" in refused(
        *PAIR, "--over", "seed=1", "--settings-from", "sheet.png#1,1"
    )


def test_the_network_is_loaded_once(impasto, monkeypatch):
    loaded = []
    load = weights.load
    monkeypatch.setattr(weights, "load", lambda name: (loaded.append(name), load(name))[1])
    options = ["-o", "sheet.png", *QUICK[:-1], "1"]
    assert impasto("sweep", *PAIR, "--over", "seed=1,2,3", *options).code == 0
    assert loaded == ["vgg16-pruned"]


def test_a_sweep_is_planned_without_a_trial_of_each_precision(impasto, monkeypatch):
    def refuse(*_arguments):
        raise AssertionError("a sweep that is not run tries nothing")

    monkeypatch.setattr("impasto.engine.stylizer.select_precision", refuse)
    assert impasto("sweep", *PAIR, "--over", "seed=1,2", "--dry-run", "--size", "64").code == 0


def test_progress_counts_cells_and_tells_the_time_left(impasto):
    err = impasto("sweep", *PAIR, "--over", "seed=1,2", "-o", "sheet.png", *QUICK).err.splitlines()
    assert err[0].startswith("2 pictures of 64 x 48 px")
    assert err[1].startswith("cell 1 of 2 (seed 1): ")
    assert err[1].endswith(" left")
    assert err[2].startswith("cell 2 of 2 (seed 2): ")
    assert err[2].endswith(", 0.0 s left")
    assert err[3].startswith("finished: 2 of 2 pictures, ")


@pytest.mark.slow
def test_a_terminal_shows_a_bar_over_all_cells(impasto_process, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TERM", "xterm")
    terminal, stderr = pty.openpty()
    process = impasto_process("sweep", *PAIR, "--over", "seed=1,2", "--over", "clip=no", *QUICK, stderr=stderr)
    os.close(stderr)
    shown = b""
    with contextlib.suppress(OSError):  # Linux's way to say that nobody holds the other end any more
        while part := os.read(terminal, 4096):
            shown += part
    os.close(terminal)
    assert process.wait() == 0, shown
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "2 pictures of 64 x 48 px" in text
    assert re.search(r"cell 1 of 2 \(seed 1, clip no\) .* [\d.]+ s left", text)
    assert re.search(r"cell 2 of 2 \(seed 2, clip no\) .* 0\.0 s left", text)
    assert "finished: 2 of 2 pictures" in text
    assert process.stdout.read() == b"photo-painting-sweep.png\n"


def test_quiet_says_nothing(impasto):
    done = impasto("sweep", *PAIR, "--over", "seed=1", "-q", "-o", "sheet.png", *QUICK)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_tells_of_each_cell_and_at_last_of_the_sheet(grid, folder):
    first, *cells, last = (json.loads(line) for line in grid.splitlines())
    assert (first["event"], first["cells"], first["estimate"]["width"]) == ("started", 4, 64)
    assert [(cell["event"], cell["cell"], cell["cells"]) for cell in cells] == [("cell", k, 4) for k in range(1, 5)]
    assert [(cell["row"], cell["column"]) for cell in cells] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert cells[1]["over"] == {"content_weight": 1.0, "style_scale": 2.0}
    assert all((folder / cell["path"]).exists() for cell in cells)
    assert all(sum(cell["terms"].values()) == pytest.approx(cell["loss"], rel=1e-4) for cell in cells)
    assert cells[3]["settings"]["content_weight"] == 100
    assert (last["event"], last["path"], last["painted"], last["cells"], last["stopped"]) == (
        "finished", "photo-painting-sweep.png", 4, 4, False,
    )  # fmt: skip


@pytest.mark.slow
def test_ctrl_c_leaves_a_sheet_of_the_finished_cells(impasto_process, folder):
    over = ["--over", "iterations=2,1000000", "--tolerance", "0", "--size", "64", "--scales", "1"]
    process = impasto_process("sweep", *PAIR, *over, "--json", "-o", "sheet.png")
    assert json.loads(process.stdout.readline())["event"] == "started"
    assert json.loads(process.stdout.readline())["event"] == "cell"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    last = json.loads(out.splitlines()[-1])
    assert (last["painted"], last["cells"], last["stopped"]) == (1, 2, True)
    ((first, second),) = cells_of(folder / "sheet.png")
    assert (first["painted"], second["painted"]) == (True, False)
    assert not is_gray(cut_out(folder / "sheet.png", first))
    assert is_gray(cut_out(folder / "sheet.png", second))


@pytest.mark.slow
def test_ctrl_c_before_any_cell_is_finished_writes_nothing(impasto_process, folder):
    before = listing(folder)
    process = impasto_process(
        "sweep", *PAIR, "--over", "iterations=1000000", "--tolerance", "0", "--size", "64", "--save-dir", "cells"
    )
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, b""), err
    assert b"0 of 1 pictures" in err
    assert listing(folder) == before


def test_a_cell_that_fails_leaves_the_others(impasto):
    done = impasto("sweep", *PAIR, "--over", "style-weight=1e38,100", "-o", "sheet.png", *QUICK)
    assert done.code == 3
    assert "cell 1 of 2 (style weight 1e38): left gray: " in done.err
    assert "not a finite number" in done.err
    assert "or use --precision float32" in done.err
    ((first, second),) = cells_of("sheet.png")
    assert is_gray(cut_out("sheet.png", first))
    assert not is_gray(cut_out("sheet.png", second))


def test_json_tells_a_cell_that_fails_from_a_run_that_does(impasto):
    options = ["-o", "sheet.png", *QUICK]
    done = impasto("sweep", *PAIR, "--over", "style-weight=1e38,100", "--json", *options)
    _, failed, *_, last = told = [json.loads(line) for line in done.out.splitlines()]
    assert [it["event"] for it in told] == ["started", "cell_failed", "cell", "finished"]
    assert (failed["cell"], "not a finite number" in failed["error"]) == (1, True)
    assert (done.code, last["painted"], last["path"]) == (3, 1, "sheet.png")
    done = impasto("sweep", *PAIR, "--over", "style-weight=1e38", "--json", "-o", "none.png", *QUICK)
    last = json.loads(done.out.splitlines()[-1])
    assert (done.code, last["event"], last["path"]) == (1, "finished", None)


def test_the_bar_of_a_sweep_says_in_the_words_of_the_shell_why_a_cell_failed(capfd):
    layout = sweep_axes.arrange_cells([sweep_axes.SweepAxis("seed", ("1",))])
    cell = SweepCell(1, layout.cells[0], Settings(), (64, 48))
    with SweepBar([cell], Estimate(64, 48, seconds=1.0, memory=1, rough=False)) as bar:
        bar.on_failed(cell, divergence())
    assert "cell 1 of 1 (seed 1): left gray: " in (said := capfd.readouterr().err)
    assert "or use --precision float32" in said


def test_a_sweep_of_which_nothing_came_out_writes_nothing(impasto, folder):
    before = listing(folder)
    done = impasto("sweep", *PAIR, "--over", "style-weight=1e38,9e37", "-q", *QUICK)
    assert (done.code, done.out) == (1, "")
    assert done.err.count("not a finite number") == 2
    assert listing(folder) == before


@pytest.mark.slow
def test_a_sheet_goes_through_pipes_and_has_any_format(impasto, impasto_process, folder):
    process = impasto_process("sweep", "-", "painting.jpg", "--over", "seed=1", "-o", "-", "-q", *QUICK, stdin=-1)
    out, err = process.communicate((folder / "photo.jpg").read_bytes())
    assert process.returncode == 0, err
    assert "impasto:sweep" in images.read_metadata(io.BytesIO(out))
    assert impasto("sweep", *PAIR, "--over", "seed=1", "-o", "sheet.webp", *QUICK).code == 0
    with PIL.Image.open(folder / "sheet.webp") as sheet:
        assert sheet.format == "WEBP"


def test_a_sheet_does_not_tell_where_its_inputs_lay(impasto, folder):
    impasto("sweep", folder / "photo.jpg", "painting.jpg", "--over", "seed=1", "-o", "sheet.png", *QUICK)
    texts = images.read_metadata("sheet.png")
    assert [entry["name"] for entry in json.loads(texts["impasto:inputs"])] == PAIR
    assert str(folder) not in "".join(texts.values())
    assert "impasto:settings" not in texts


def words(command):
    return ["" if word == "''" else word for word in command.split()]


@pytest.mark.parametrize(
    ("options", "problem", "remedy"),
    [
        ("", "--over is missing", "impasto sweep --help"),
        ("--over content-wieght=1,2", "--over 'content-wieght' names no setting", "Did you mean 'content-weight'?"),
        ("--over brush=1,2", "--over 'brush' names no setting", "impasto sweep --help"),
        ("--over content-weight", "--over content-weight has no values", "--over content-weight=V1,V2"),
        ("--over content-weight=", "has no values", "--over content-weight=V1,V2"),
        ("--over content-weight=1,,2", "has an empty value", "--over content-weight=V1,V2"),
        ("--over style-layers=relu1_1;", "has an empty value", "--over style-layers=V1;V2"),
        ("--over seed=1,2 --over seed=3", "--over seed is given twice", "one --over"),
        ("--over seed=1,2 --seed 3", "--seed is given beside --over seed", "Leave out --seed"),
        ("--over seed=1,-2", "--seed takes a whole number from 0 to below 9223372036854775808", "--seed 0"),
        ("--over seed=1 --over size=64,8", "--size takes a whole number from 32 to 20000", "--size 512"),
        ("--over optimizer=adam,sgd", "'scipy-lbfgsb', not 'sgd'", "Try --optimizer lbfgs"),
        ("--over recipe=gatys,gaty", "no recipe 'gaty'", "Did you mean 'gatys'?"),
        ("--over recipe=gatys --settings-from photo.jpg", "--recipe and --settings-from", "one of the two"),
        ("--over init=noise,noize", "--init noize is neither a start nor a file", "Choose one of content"),
        ("--over init=noise,-", "--init - is neither a start nor a file", "Choose one of content"),
        ("--over content-layers=relu4_2,relu5_4", "no layer relu5_4", "ends at relu5_3"),
        ("--over content-layers=relu4_2,pool4", "'pool4' is not a layer", "relu4_2"),
        ("--over style-blend=1;1,2", "--style-blend has 2 weights for 1", "one weight for each"),
        ("--over network=vgg16,vgg19", "'vgg19' is not on this machine", "impasto weights fetch vgg19"),
        ("--over style-scale=1,0.1", "painting.jpg: 6 x 4 pixels is too small", "--style-scale"),
        ("--over size=64,20000 --history 100", "megapixels need about", "smaller --size"),
        ("--over seed=1 --save-every 2", "unknown option: --save-every", "Did you mean"),
        ("--over seed=1 -o taken.png", "taken.png exists", "--force"),
        ("--over seed=1 -o photo.jpg -f", "photo.jpg is one of the inputs", "another name"),
        ("--over seed=1 -o out.xyz", "ends in '.xyz'", "Choose .png"),
        ("--over seed=1 --save-dir full", "full is a folder with files in it", "--force"),
        ("--over seed=1 --save-dir gone/cells", "folder gone does not exist", "Create it first"),
    ],
)
def test_what_makes_no_sense_is_named_before_anything_is_painted(folder, impasto, options, problem, remedy):
    (folder / "taken.png").write_text("precious")
    (folder / "full").mkdir()
    (folder / "full" / "1-1.png").write_text("precious")
    before = listing(folder)
    quick = [] if "size" in options else QUICK
    done = impasto("sweep", *PAIR, *words(options), *quick)
    assert done.code == (1 if "megapixels" in problem else 2), done.err
    assert (done.out, done.err.count("\n")) == ("", 1), done.err
    assert problem in done.err
    assert remedy in done.err
    assert listing(folder) == before


@pytest.mark.slow
def test_a_sheet_that_its_format_cannot_hold_is_refused_before_anything_is_painted(refused):
    seeds = ",".join(map(str, range(17)))
    shallow = ["--content-layers", "relu1_1", "--style-layers", "relu1_1"]
    line = refused(*PAIR, "--over", f"seed={seeds}", "-o", "sheet.webp", *shallow, *QUICK[2:], "--size", "1024")
    assert ".webp file cannot hold this picture" in line
    assert "Choose .png" in line


def test_pictures_in_the_folder_of_cells_are_kept_unless_forced(impasto, folder):
    (folder / "cells").mkdir()
    (folder / "cells" / "1-1.png").write_text("precious")
    assert impasto("sweep", *PAIR, "--over", "seed=1", "--save-dir", "cells", "-f", *QUICK).code == 0
    assert pixels_of(folder / "cells" / "1-1.png").shape == (48, 64, 3)
