"""A studio that may take little memory paints large pictures in tiles, and says so before."""

import pytest
from studios import enqueue, upload


@pytest.mark.slow
def test_a_picture_that_needs_more_memory_than_it_may_take_is_painted_in_tiles(starts, tmp_path):
    studio = starts(tmp_path / "small", "--memory", "800MB")
    photo, painting = upload(studio.client, 1), upload(studio.client, 2)
    small = enqueue(studio.client, photo, painting)
    studio.wait_for(small["id"], "finished")
    settings = {"recipe": "fast", "size": 640, "iterations": 2, "scales": 2}
    body = {"photo": photo, "paintings": [painting], "settings": settings}
    said = studio.client.post("/api/jobs/estimate", json=body).json()
    assert said["tiles"] > 1
    assert said["memory"] <= 800e6
    job = studio.client.post("/api/jobs", json=body).json()
    done = studio.wait_for(job["id"], "finished", "failed")
    assert (done["state"], done["width"]) == ("finished", 640)
    again = studio.client.post(f"/api/jobs/{job['id']}/retry")
    assert again.status_code == 201, again.text
    too_small = studio.client.post("/api/jobs/estimate", json=body | {"settings": {"size": 4096}})
    assert too_small.status_code == 422
    assert "memory" in too_small.json()["problem"]
