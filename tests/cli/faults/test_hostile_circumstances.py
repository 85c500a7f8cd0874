"""Closed streams, signals, full disks and names that are no text: the picture is written, or the reason is said."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import PIL.Image
import pytest
from fork_server import CLOSED
from quick import QUICK, listing

from impasto import Settings

ENDLESS = [*QUICK[:-1], "100000", "--tolerance", "0"]
GIVEN = {"photo.jpg", "painting.jpg"}


def is_whole(path):
    with PIL.Image.open(path) as picture:
        picture.load()
        return picture.size == (64, 48)


def open_once_read(fifo, process):
    """Open a fifo for writing as soon as the command reads it, or fail if it has ended."""
    while process.poll() is None:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it yet
            time.sleep(0.01)
    raise AssertionError(process.communicate())


def shell(line, folder):
    """Run a line of shell in which `impasto` is the real command."""
    command = f'impasto() {{ exec "{sys.executable}" -m impasto "$@"; }}; {line}'
    return subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, check=False, timeout=120)


@pytest.mark.parametrize("closed", [pytest.param(["stderr"], marks=pytest.mark.slow), ["stdin", "stdout", "stderr"]])
def test_S11_closed_streams_do_not_keep_a_picture_from_being_written(impasto_process, folder, closed):
    process = impasto_process("photo.jpg", "painting.jpg", *QUICK, **dict.fromkeys(closed, CLOSED))
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert is_whole(folder / "photo-painting.png")
    assert out in (None, b"", b"photo-painting.png\n")
    assert set(listing(folder)) == GIVEN | {"photo-painting.png"}


@pytest.mark.slow
@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
def test_S11_a_shell_may_close_any_stream(folder, closed):
    done = shell(f"impasto photo.jpg painting.jpg {' '.join(QUICK)} {closed}", folder)
    assert done.returncode == 0, done.stderr
    assert is_whole(folder / "photo-painting.png")


def test_S11_what_a_command_without_streams_starts_has_them_open():
    """Else the first file that the child opens would get what it prints, as its parent's would."""
    code = (
        "import os, subprocess, sys; from impasto.cli.terminal import prepare_streams; prepare_streams()\n"
        "child = 'import sys; sys.exit(None in (sys.stdin, sys.stdout, sys.stderr))'\n"
        "os._exit(subprocess.run([sys.executable, '-c', child]).returncode)\n"
    )
    line = f'exec "{sys.executable}" -c "$1" <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", line, "sh", code], check=False).returncode == 0


def test_S11_a_picture_for_a_closed_stdout_is_refused_before_any_work(impasto_process):
    process = impasto_process("photo.jpg", "painting.jpg", "-o", "-", *QUICK, stdout=CLOSED)
    _, err = process.communicate()
    assert process.returncode == 2
    assert b"stdout is closed" in err
    assert b"iterations" not in err


@pytest.mark.slow
def test_S11_a_stdout_that_cannot_encode_the_name_gets_its_bytes(impasto_process, folder, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    (folder / "photo.jpg").rename(folder / "\N{OGHAM LETTER BEITH}.jpg")
    process = impasto_process("\N{OGHAM LETTER BEITH}.jpg", "painting.jpg", *QUICK)
    out, err = process.communicate()
    assert (process.returncode, out) == (0, "\N{OGHAM LETTER BEITH}-painting.png\n".encode()), err


@pytest.mark.slow
def test_S11_a_reader_of_messages_that_went_away_does_not_end_the_run(impasto_process, folder):
    read, write = os.pipe()
    os.close(read)
    process = impasto_process("photo.jpg", "painting.jpg", *QUICK, stderr=write)
    os.close(write)
    process.communicate()
    assert process.returncode == 0
    assert is_whole(folder / "photo-painting.png")


@pytest.mark.slow
def test_S11_a_terminal_that_closes_leaves_the_picture_as_it_is(impasto_process, folder):
    process = impasto_process("photo.jpg", "painting.jpg", "--json", *ENDLESS)
    while json.loads(process.stdout.readline())["event"] != "step":
        pass
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGHUP, err
    assert json.loads(out.splitlines()[-1])["stopped"]
    assert is_whole(folder / "photo-painting.png")


def test_S11_a_run_on_a_terminal_survives_its_end(impasto_process, folder):
    """The terminal itself is gone, not only the signal sent: whatever is written to it fails."""
    ours, theirs = os.openpty()
    process = impasto_process("photo.jpg", "painting.jpg", *ENDLESS, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while b"loss" not in seen:  # the bar of a step
        seen += os.read(ours, 4096)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGHUP
    assert is_whole(folder / "photo-painting.png")


def test_S11_a_run_that_was_to_outlive_its_terminal_does():
    """As under nohup: a signal that is ignored stays ignored."""
    code = (
        "import signal; from impasto.cli.signals import stop_on_signal\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "with stop_on_signal(quiet=True) as stop:\n"
        "    stop.begin(); signal.raise_signal(signal.SIGHUP); print(stop())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stdout == b"False\n", done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow), signal.SIGINT])
def test_S11_a_run_that_ends_before_its_first_step_writes_nothing_and_says_so(impasto_process, folder, number):
    (folder / "photo.jpg").unlink()
    os.mkfifo(folder / "photo.jpg")  # which the command waits for
    process = impasto_process("photo.jpg", "painting.jpg", *QUICK)
    writer = open_once_read(folder / "photo.jpg", process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == 128 + number, err
    assert b"nothing was painted" in err
    assert err.count(b"\n") == 1
    assert set(listing(folder)) == GIVEN


@pytest.mark.slow
def test_S11_a_run_that_is_stopped_at_its_start_writes_nothing(impasto_process, folder):
    """The signal comes between the setting up and the first step, which takes longer than the signal."""
    big = ["--size", "192", "--scales", "1", "--iterations", "5"]
    process = impasto_process("photo.jpg", "painting.jpg", *big)
    assert b"iterations at most" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert b"nothing was painted" in err
    assert set(listing(folder)) == GIVEN


def stepped(process):
    """Wait for the first step."""
    while json.loads(process.stdout.readline())["event"] != "step":
        pass


def finished(process):
    """End a run with the picture as it is; returns where it says that the picture is, and stderr."""
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    return json.loads(out.splitlines()[-1])["path"], err.decode()


def test_F15_a_picture_whose_folder_is_gone_is_put_among_the_temporary_files(impasto_process, folder, monkeypatch):
    (folder.parent / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder.parent / "tmp"))
    (folder / "out").mkdir()
    process = impasto_process("photo.jpg", "painting.jpg", "-o", "out/made.jpg", "--json", *ENDLESS)
    stepped(process)
    (folder / "out").rmdir()
    place, err = finished(process)
    assert is_whole(place)
    assert place.startswith(str(folder.parent / "tmp"))
    assert f"the folder out does not exist: the picture is in {place}" in err


@pytest.mark.slow
def test_F15_a_picture_whose_name_may_not_be_written_is_put_beside_it(impasto_process, folder):
    process = impasto_process("photo.jpg", "painting.jpg", "-o", "made.png", "-f", "--json", *ENDLESS)
    stepped(process)
    (folder / "made.png").mkdir()
    place, err = finished(process)
    assert (place, is_whole(folder / "made-2.png")) == ("made-2.png", True)
    assert "the picture is in made-2.png" in err


@pytest.mark.slow
def test_F15_a_disk_that_is_full_at_the_end_does_not_cost_the_picture(impasto_process, folder, monkeypatch):
    (folder.parent / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder.parent / "tmp"))
    disk = folder / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this user may mount no disk")
    try:
        process = impasto_process("photo.jpg", "painting.jpg", "-o", "disk/made.png", "--json", *ENDLESS)
        stepped(process)
        with contextlib.suppress(OSError), (disk / "other").open("wb", buffering=0) as other:
            while True:  # until the disk is full
                other.write(bytes(4096))
        place, err = finished(process)
        assert is_whole(place)
        assert "No space left on device" in err
        assert {path.name for path in disk.iterdir()} == {"other"}
    finally:
        subprocess.run(["umount", disk], check=True)


def test_S13_a_damaged_tiff_is_told_once_and_in_our_words(impasto, folder):
    """What libtiff itself says goes to the descriptor, past Python."""
    with PIL.Image.open(folder / "photo.jpg") as photo:
        photo.save(folder / "photo.tif", compression="tiff_adobe_deflate")
    data = bytearray((folder / "photo.tif").read_bytes())
    data[100:140] = bytes(40)
    (folder / "photo.tif").write_bytes(data)
    done = impasto("photo.tif", "painting.jpg", *QUICK)
    assert done.code == 2
    assert done.err.startswith("impasto: error: photo.tif is damaged")
    assert done.err.count("\n") == 1


def test_S13_a_plot_is_drawn_in_silence_where_the_home_may_not_be_written():
    """Matplotlib would tell of its cache, as soon as it is imported."""
    home = {"HOME": "/dev/null/nowhere", "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "MPLCONFIGDIR": ""}
    code = "import impasto.cli.display.plot"
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **home}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_S13_a_lack_of_memory_is_not_called_a_damaged_network():
    code = (
        "from impasto import weights; from impasto.storage.limits import limit_resources\n"
        "import impasto.weights.importers.isolated, impasto.weights.importers.from_safetensors\n"
        "limit_resources(memory_bytes=1_000_000, cpu_seconds=60)\n"
        "try: weights.load('vgg16')\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stdout == b"OutOfMemoryError\n", done.stderr


def test_S13_more_threads_than_the_machine_can_use_are_refused(impasto):
    done = impasto("photo.jpg", "painting.jpg", "--threads", "1024", *QUICK)
    assert done.code == 2
    assert "--threads 1024" in done.err
    assert "core" in done.err


def test_S13_weights_that_are_0_by_their_layers_are_named_so(impasto):
    layers = ["--content-layers", "relu4_2=0", "--style-layers", "relu1_1=0,relu2_1=0"]
    done = impasto("photo.jpg", "painting.jpg", *layers, *QUICK)
    assert done.code == 2
    assert "--content-layers" in done.err
    assert "--style-layers" in done.err
    texture = impasto("texture", "painting.jpg", "--style-layers", "relu1_1=0", *QUICK)
    assert texture.code == 2
    assert "--style-layers" in texture.err


UNBOUNDED = [
    *(f"--{name.replace('_', '-')}=1e300" for name in Settings.model_fields if name.endswith("_weight")),
    "--content-layers=relu4_2=1e300",
    "--style-layers=relu1_1=1e300",
    "--style-blend=1e300",
    "--epsilon=1e300",
]


@pytest.mark.parametrize("option", UNBOUNDED)
def test_S13_a_number_that_no_tensor_holds_is_refused_with_its_option(impasto, option):
    done = impasto("photo.jpg", "painting.jpg", option, "--optimizer", "adam", *QUICK)
    assert done.code == 2
    assert option.split("=")[0] in done.err
    assert "1e+38" in done.err


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--strength", "1e-300"], "finished"),
        (["--content-weight", "1e38", "--content-layers", "relu4_2=1e38"], "multiply to more than float32 holds"),
    ],
)
def test_S13_extremes_within_the_ranges_paint_or_say_why_not(impasto, options, cause):
    done = impasto("photo.jpg", "painting.jpg", *options, *QUICK)
    assert (done.code, cause in done.err) == (0 if cause == "finished" else 1, True), done.err
