"""Many clients at once: each stream has every step and the end, and the server's memory does not grow."""

import pytest
import studio_load


@pytest.mark.slow
def test_every_stream_ends_with_its_result_and_the_servers_memory_stays_flat(tmp_path):
    with studio_load.studio(tmp_path) as (address, process):
        load = studio_load.run(address, process, clients=4, jobs=8, watchers=10)
    assert len(load.watched) == 18
    for one in load.watched:
        assert one["event"] == "end"
        assert one["job"]["state"] == "finished"
        assert one["steps"] == list(range(1, len(one["steps"]) + 1))
        assert len(one["steps"]) >= 20
    assert len(load.milliseconds) > 30
    before, after = load.memory
    assert after - before < 40, "MiB"
