"""How long a run takes and how much memory is said before it begins."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from quick import QUICK, listing

from impasto import Finished, Settings, Started, Stylizer
from impasto.core import ResumePoint
from impasto.engine import calibrate
from impasto.engine.estimate import BEGINNING, Processor, SpeedHistory, Workload, estimate_seconds
from impasto.engine.memory import PROCESS_BYTES, MemoryPlan
from impasto.errors import OutOfMemoryError, SettingsError
from impasto.layers import Layer
from impasto.sizing import Scale
from impasto.storage.home import cache

PAIR = ("photo.jpg", "painting.jpg")
RUN = [*QUICK[:-1], "6", "--tolerance", "0"]


def test_U7_the_first_line_says_time_and_memory_and_after_a_run_from_what_it_took(impasto):
    guessed = impasto(*PAIR, *RUN)
    first = guessed.err.splitlines()[0]
    assert re.search(r"; roughly [\d.:]+ (s|min), a guess before the first run here; \d+ MB of memory$", first)
    elapsed = float(re.search(r"finished: loss \S+ ([\d.]+) s", guessed.err)[1])
    started = json.loads(impasto(*PAIR, "--json", "--dry-run", *RUN).out)
    assert started["event"] == "started"
    assert not started["estimate"]["rough"]
    assert started["estimate"]["seconds"] == pytest.approx(elapsed, rel=0.5, abs=0.2)
    line = impasto(*PAIR, "--dry-run", *RUN).out
    assert re.search(r"; about [\d.:]+ s; \d+ MB of memory$", line.strip())


def test_U7_a_dry_run_paints_nothing(impasto, folder):
    before = listing(folder)
    done = impasto(*PAIR, "--dry-run", "--sheet", "s.png", "--save-every", "1", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("painterly: 1 photograph, 1 painting; 64 x 48 px")
    assert listing(folder) == before
    assert impasto(*PAIR, "--dry-run", "-q", *QUICK).out == ""
    assert impasto("texture", "painting.jpg", "--dry-run", *QUICK).out.startswith("texture: 1 painting; 64 x 48 px")


def test_U7_a_dry_run_of_a_sweep_says_what_the_whole_would_take(impasto, folder):
    sweep = ["sweep", *PAIR, "--over", "iterations=10,20", "--over", "seed=1,2", "--tolerance", "0", *QUICK[:-2]]
    before = listing(folder)
    done = impasto(*sweep, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        r"4 pictures of 64 x 48 px; roughly [\d.]+ s, a guess .*; \d+ MB of memory; --size makes .*\n", done.out
    )
    told = json.loads(impasto(*sweep, "--dry-run", "--json").out)
    assert (told["event"], told["cells"]) == ("started", 4)
    single = json.loads(impasto(*PAIR, *QUICK[:-2], "--iterations", "66", "--dry-run", "--json").out)["estimate"]
    assert told["estimate"] == {**single, "seconds": pytest.approx(single["seconds"])}
    assert listing(folder) == before
    assert impasto(*sweep, "--dry-run", "-q").out == ""
    assert impasto(*sweep, "--dry-run", "-o", "photo.jpg", "-f").code == 2


def test_U7_a_sweep_of_pictures_of_several_sizes_names_the_largest(impasto):
    done = impasto("sweep", *PAIR, "--over", "size=32,64", "--dry-run", "--json", *QUICK[2:])
    small, large = (
        json.loads(impasto(*PAIR, "--size", size, "--dry-run", "--json", *QUICK[2:]).out)["estimate"]
        for size in ("32", "64")
    )
    assert json.loads(done.out)["estimate"] == {**large, "seconds": pytest.approx(small["seconds"] + large["seconds"])}


def test_U7_a_dry_run_refuses_what_a_run_would(impasto):
    assert impasto(*PAIR, "--dry-run", "--style-blend", "1,2").code == 2
    assert impasto(*PAIR, "--dry-run", "--size-rule", "99999x99999").code == 1
    assert impasto(*PAIR, "--dry-run", "-o", "photo.jpg", "-f").code == 2


DAMAGES = [
    b"", b"{", b"[]", b'{"a": 1}', b"[" * 100_000, b"\xff", b" " * 200_000, b'{"a": {"0": 1e999}}',
    b'{"a": {"16": "fast", "x": 1, "9": -1, "8": null, "7": 1' + b"0" * 400 + b"}}",
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=range(len(DAMAGES)))
def test_U7_a_damaged_history_is_ignored_and_replaced(tmp_path, damage):
    file = tmp_path / "speed.json"
    file.write_bytes(damage)
    history = SpeedHistory(file)
    assert history.rate("a", 1000) is None
    history.record("a", pixels=1_000_000, iterations=10, seconds=1.0)
    assert history.rate("a", 1000) == pytest.approx(0.1)


def test_U7_a_history_that_cannot_be_written_stops_no_run(tmp_path):
    (tmp_path / "file").touch()
    for file in (tmp_path / "file" / "cache" / "speed.json", tmp_path):
        history = SpeedHistory(file)
        history.record("a", pixels=1_000_000, iterations=10, seconds=1.0)
        assert history.rate("a", 1000) is None


def test_U7_the_nearest_size_of_the_past_tells_and_the_latest_run_counts_most(tmp_path):
    file = tmp_path / "speed.json"
    history = SpeedHistory(file)
    assert history.rate("a", 1_000_000) is None
    history.record("a", pixels=10_000, iterations=10, seconds=1.0)
    history.record("a", pixels=1_000_000, iterations=10, seconds=20.0)
    assert SpeedHistory(file).rate("a", 12_000) == pytest.approx(10.0)
    assert SpeedHistory(file).rate("a", 30_000_000) == pytest.approx(2.0)
    assert SpeedHistory(file).rate("b", 12_000) is None
    for _ in range(3):
        history.record("a", pixels=1_000_000, iterations=10, seconds=40.0)
    assert 3.5 < SpeedHistory(file).rate("a", 1_000_000) < 4
    for number in range(200):
        history.record(f"machine {number}", pixels=1_000_000, iterations=10, seconds=40.0)
    assert file.stat().st_size < 10_000
    assert SpeedHistory(file).rate("machine 199", 5) == pytest.approx(4.0)


@pytest.mark.usefixtures("folder")
def test_U7_python_asks_for_an_estimate_with_the_arguments_of_a_run():
    stylizer = Stylizer()
    small = {"iterations": 6, "scales": 1, "margin": 0, "precision": "float32", "tolerance": 0}
    estimate = stylizer.estimate("photo.jpg", ["painting.jpg"], size=64, **small)
    assert (estimate.width, estimate.height, estimate.rough) == (64, 48, True)
    larger = stylizer.estimate(*PAIR, Settings(size=192, **small))
    assert larger.seconds == pytest.approx(9 * estimate.seconds)
    assert larger.memory - PROCESS_BYTES == pytest.approx(9 * (estimate.memory - PROCESS_BYTES), rel=0.05)
    assert stylizer.estimate(*PAIR, size=64, strength=0, **small).seconds == 0
    with pytest.raises(SettingsError):
        stylizer.estimate(*PAIR, size=3)


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_the_first_estimate_of_a_kind_is_measured_where_it_is_worth_the_time(monkeypatch):
    stylizer, small = Stylizer(), {"scales": 1, "precision": "float32", "size": 96}
    assert stylizer.estimate(*PAIR, iterations=2, **small).rough
    monkeypatch.setattr(calibrate, "WORTHWHILE", 0.0)
    measured = stylizer.estimate(*PAIR, iterations=20, tolerance=0, **small)
    assert not measured.rough
    assert not stylizer.check(*PAIR, Settings(iterations=2, **small)).rough  # the same kind
    shallow = Settings(iterations=2, style_layers={"relu3_1": 1.0}, content_layers={"relu2_1": 1.0}, **small)
    assert stylizer.check(*PAIR, shallow).rough
    *_, finished = stylizer.run(*PAIR, Settings(iterations=20, tolerance=0, **small))
    assert measured.seconds / 3 < finished.elapsed < 3 * measured.seconds  # on a machine that is busy with other tests


def test_speeds_in_tiles_are_kept_apart_from_those_in_one_piece(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    processor = Processor("cpu", "float32", 1)
    whole = Workload([Scale(1000, 1000, 10)], 0, "vgg16", (Layer.parse("relu5_1"),) * 2, "lbfgs", processor)
    tiled = replace(whole, memory=MemoryPlan(0, 0, side=320, keep=(3, 4), whole=500_000))
    SpeedHistory().record(whole.kind(1_000_000), pixels=1_000_000, iterations=1, seconds=8.0)
    assert estimate_seconds(whole) == (pytest.approx(8.0 * (10 + BEGINNING)), False)
    guessed, rough = estimate_seconds(tiled)
    assert not rough
    assert 120 < guessed < 200
    SpeedHistory().record(tiled.kind(1_000_000), pixels=1_000_000, iterations=1, seconds=13.0)
    assert estimate_seconds(tiled) == (pytest.approx(13.0 * (10 + BEGINNING)), False)
    assert estimate_seconds(whole) == (pytest.approx(8.0 * (10 + BEGINNING)), False)
    assert tiled.kind(400_000) == whole.kind(400_000)  # which is seen in one piece


def test_the_speed_of_a_cluster_is_a_guess_until_a_run_on_one_has_told(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    processor = Processor("cpu", "float32", 1)
    whole = Workload([Scale(1000, 1000, 10)], 0, "vgg16", (Layer.parse("relu5_1"),) * 2, "lbfgs", processor)
    remote = replace(whole, memory=MemoryPlan(0, 0, remote_tile_side=500))
    SpeedHistory().record(whole.kind(1_000_000), pixels=1_000_000, iterations=1, seconds=8.0)
    assert estimate_seconds(remote) == (pytest.approx(8.0 * 1.9 * (10 + BEGINNING)), True)
    SpeedHistory().record(remote.kind(1_000_000), pixels=1_000_000, iterations=1, seconds=3.0)
    assert estimate_seconds(remote) == (pytest.approx(3.0 * (10 + BEGINNING)), False)


@pytest.mark.usefixtures("folder")
def test_a_run_that_resumes_is_estimated_by_what_is_left():
    opened = Stylizer().open(*PAIR, Settings(size=256, scales=2, iterations=40, iterations_decay=1.0))
    whole, half = opened.estimate().seconds, opened.estimate(ResumePoint(2, 20, torch.zeros(1))).seconds
    left = replace(opened.work, scales=[replace(opened.work.scales[1], iterations=20)])
    assert whole > half == pytest.approx(estimate_seconds(left)[0])


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_U7_what_a_caller_does_with_the_events_is_not_taken_for_the_machine_s_speed():
    stylizer, nap, naps = Stylizer(), 0.2, 0
    settings = Settings(size=64, iterations=6, scales=1, margin=0, precision="float32", tolerance=0)
    start = time.perf_counter()
    events = stylizer.run(*PAIR, settings, preview_every=2)
    time.sleep(nap)
    for event in events:
        if isinstance(event, Finished):
            assert event.elapsed > naps * nap  # as the caller's clock has it
        time.sleep(nap)
        naps += 1
    own = time.perf_counter() - start - (1 + naps) * nap
    estimate = stylizer.estimate(*PAIR, settings)
    assert not estimate.rough
    assert estimate.seconds < own


@pytest.mark.usefixtures("folder")
def test_U7_what_is_estimated_is_what_a_run_is_refused_for():
    stylizer = Stylizer()
    settings = Settings(size=64, margin=0, precision="float32")
    started, opened = next(stylizer.run(*PAIR, settings)), stylizer.open(*PAIR, settings)
    assert isinstance(started, Started)
    assert started.estimate == stylizer.estimate(*PAIR, settings)
    assert started.estimate.memory == opened.memory.needed
    with pytest.raises(OutOfMemoryError, match="smaller size"):
        stylizer.estimate(*PAIR, size_rule="99999x99999")


def test_U7_the_cache_is_in_the_home_that_is_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "mine"))
    assert cache() == tmp_path / "mine" / "cache"
    monkeypatch.delenv("IMPASTO_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache().name == "impasto"
    assert isinstance(cache(), Path)


def test_runs_that_read_fine_scales_less_deep_have_speeds_of_their_own():
    processor = Processor("cpu", "float32", 1)
    deep, shallow = (
        Workload([], 0, "vgg16", (Layer.parse("relu5_1"), Layer.parse(finest)), "lbfgs", processor)
        for finest in ("relu5_1", "relu4_1")
    )
    assert "relu5_1 by" in deep.kind(1000)
    assert "relu5_1 and relu4_1 by" in shallow.kind(1000)
