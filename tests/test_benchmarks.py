"""What the benchmarks make of what they measure."""

import json

import cluster
import large
import pytest

from impasto.batch.executor import TaskDone, TaskStarted


def done(number):
    return TaskDone(number, b"", "", "", (), (1, 1), 1.0)


def test_a_worker_that_starts_late_is_waited_for_before_time_is_counted():
    late = [TaskStarted(1), done(1), TaskStarted(2), done(2), TaskStarted(3), TaskStarted(4), done(3), TaskStarted(5)]
    updates = [*late, done(5), TaskStarted(6), done(6), done(4), TaskStarted(7), done(7)]
    assert cluster.count_first(updates, 1) == 1
    assert cluster.count_first(updates, 2) == 6  # all but the last: picture 4 is the first of the second worker
    with pytest.raises(RuntimeError, match="too few pictures"):
        cluster.count_first(updates, 3)


def test_times_that_are_kept_keep_what_is_said_of_them(tmp_path, monkeypatch, capsys):
    path = tmp_path / "large.json"
    monkeypatch.setattr("sys.argv", ["large.py", "--rounds", "0", "--megapixels", "-o", str(path)])
    with pytest.raises(SystemExit):
        large.main()
    assert "--rounds 0 keeps the times of" in capsys.readouterr().err
    about = {"machine": "another", "python": "3", "torch": "2", "rounds": 3}
    path.write_text(json.dumps({"about": about, "times": [{"seconds": 1}], "memory": []}))
    large.main()
    assert json.loads(path.read_text()) == {"about": about, "times": [{"seconds": 1}], "memory": []}
