"""Jobs that could never be painted are refused when they are added, in one line."""

import pytest
from studios import SMALL, enqueue, upload

from impasto.settings import recipes

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


@pytest.mark.parametrize("recipe", recipes.shipped())
def test_every_recipe_that_is_listed_can_be_used_and_used_again(client, recipe):
    listed = next(it for it in client.get("/api/about").json()["recipes"] if it["name"] == recipe)
    photo = upload(client, 1) if listed["needs_photo"] else None
    body = {"photo": photo, "paintings": [upload(client, 2)] if listed["needs_painting"] else []}
    for settings in ({"recipe": recipe}, listed["values"]):
        added = client.post("/api/jobs", json={**body, "settings": settings})
        assert added.status_code == 201, added.text
    again = client.post("/api/jobs/1/retry")
    assert again.status_code == 201, again.text
    assert again.json()["settings"] == added.json()["settings"]


def test_what_belongs_to_the_machine_is_refused_only_where_the_client_asks_for_it(client):
    photo = upload(client, 1)
    added = client.post("/api/jobs", json={"photo": photo, "paintings": [photo], "settings": {"recipe": "coursera"}})
    assert added.json()["settings"]["save_every"] == 0
    asked = {"recipe": "coursera", "save_every": 5}
    refused = client.post("/api/jobs", json={"photo": photo, "paintings": [photo], "settings": asked})
    assert (refused.status_code, "for a single picture" in refused.json()["problem"]) == (422, True)
