"""Jobs that could never be painted are refused when they are added, in one line."""

import pytest
from studios import SMALL, enqueue, upload

pytestmark = pytest.mark.usefixtures("quick_uploads")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"style_blend": [1, 2]}, "Style blend has 2 weights for 1 painting"),
        ({"style_blend": [0]}, "Style blend has no weight above 0"),
        ({"style_crop": "0,0,40,40;0,0,40,40"}, "has 2 crops for 1 painting"),
        ({"style_crop": ";" * 4000}, "has 4001 crops for 1 painting"),
    ],
)
def test_S4_weights_and_crops_must_be_as_many_as_the_paintings(client, settings, problem):
    photo, painting = upload(client, 1), upload(client, 2)
    answer = client.post("/api/jobs", json={"photo": photo, "paintings": [painting], "settings": {**SMALL, **settings}})
    assert answer.status_code == 422
    assert problem in answer.json()["problem"]
    assert len(answer.text) < 800
    assert client.get("/api/jobs").json()["jobs"] == []


def test_S4_weights_and_crops_for_each_painting_are_taken(client):
    assert enqueue(client, upload(client, 1), upload(client, 2), style_blend=[2], style_crop="0,0,40,40")["id"] == 1
