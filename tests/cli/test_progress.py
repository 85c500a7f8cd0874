"""What a person sees at a terminal while a picture is painted."""

import os
import pty
import re

from quick import QUICK

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SHALLOW = ["--style-layers", "relu1_1", "--content-layers", "relu2_1", "--precision", "float32"]
COLOR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")


def on_terminal(impasto_process, *options):
    """Everything that a run writes to a terminal on stderr, and its stdout."""
    terminal, stderr = pty.openpty()
    process = impasto_process("photo.jpg", "painting.jpg", *options, stderr=stderr)
    os.close(stderr)
    written = b""
    try:
        while part := os.read(terminal, 4096):
            written += part
    except OSError:  # Linux's way to say that nobody holds the other end any more
        pass
    os.close(terminal)
    out = process.stdout.read().decode()
    assert process.wait() == 0, written
    return written.decode(), out


def test_a_terminal_shows_a_bar_for_each_scale(impasto_process, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("TERM", "xterm")
    two_scales = ["--size", "256", "--scales", "2", "--iterations", "2", "--tolerance", "0"]
    shown, out = on_terminal(impasto_process, *two_scales, *SHALLOW)
    text = CONTROL.sub("", shown)
    assert "scale 1/2  128 x 96" in text
    assert "scale 2/2  256 x 192" in text
    assert re.search(r"2/2 loss [\d.e+]+  [\d.]+ it/s  [\d.]+ s, [\d.]+ s left", text)
    assert "finished: loss" in text
    assert out == "photo-painting.png\n"
    assert COLOR.search(shown)


def test_no_color_is_honored(impasto_process, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    shown, _ = on_terminal(impasto_process, *QUICK)
    assert "finished: loss" in shown
    assert not COLOR.search(shown)


def test_a_quiet_terminal_stays_empty(impasto_process):
    assert on_terminal(impasto_process, "--quiet", *QUICK) == ("", "")
