"""Looks: recipes of one's own, as the page saves, renames, deletes, exports and imports them."""

import tomllib
from pathlib import Path

import pytest
from studios import upload

from impasto import Settings
from impasto.settings import recipes
from impasto.studio.limits import Limits

LOOK = {"recipe": "ink", "strength": 0.7, "style_layers": {"relu2_1": 2.0}}


def save(client, name="dusk", status=201, **choices):
    answer = client.post("/api/recipes", json={"name": name, "settings": LOOK, **choices})
    assert answer.status_code == status, answer.text
    return answer.json()


def import_toml(client, text, name="mine"):
    return client.post("/api/recipes/import", params={"name": name}, content=text)


def listed(client):
    return {recipe["name"]: recipe for recipe in client.get("/api/about").json()["recipes"]}


def home(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "recipes"


@pytest.mark.usefixtures("quick_uploads")
def test_a_saved_look_paints_as_the_settings_did_that_it_was_saved_from(client):
    saved = save(client, description="  For the\n evening ")
    assert (saved["description"], saved["own"], saved["thumbnail"]) == ("For the evening", True, None)
    assert listed(client)["dusk"] == saved
    photo, painting = upload(client, 1), upload(client, 2)
    jobs = [
        client.post("/api/jobs", json={"photo": photo, "paintings": [painting], "settings": settings}).json()
        for settings in (LOOK, {"recipe": "dusk"})
    ]
    one, other = (job["settings"] | {"recipe": ""} for job in jobs)
    assert one == other
    assert one["faces"] == "gentle", "as painterly has it, on which ink is based"
    assert save(client, "noon")["description"] == "Saved from ink"


def test_a_look_is_saved_as_the_command_saves_it(client):
    save(client, description="Evening")
    settings = Settings(**LOOK)
    stated = recipes.read("dusk")
    assert stated["description"] == "Evening"
    assert "recipe" not in stated
    assert "seed" not in stated
    own = Settings(recipe="dusk").model_copy(update={"recipe": "ink"})
    assert own == settings
    save(client, "seeded", settings={"recipe": "fast", "seed": 7})
    assert Settings(recipe="seeded").seed == 7


@pytest.mark.parametrize(
    ("name", "status"),
    [("../../outside", 422), ("/tmp/outside.toml", 422), ("Dusk", 422), ("a" * 81, 422), ("", 422), ("ink", 409)],
)
def test_a_look_has_a_name_that_is_no_path_and_no_other_recipes(client, name, status, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert save(client, name, status)["problem"]
    save(client)
    assert client.post("/api/recipes/dusk/rename", json={"name": name}).status_code == status
    assert save(client, "dusk", 409)["problem"] == "there is a look 'dusk' already"
    client.delete("/api/recipes/dusk")
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []


@pytest.mark.parametrize(
    "settings",
    [{"mask": ["/etc/passwd"]}, {"init": "/etc/passwd"}, {"recipe": "x.toml"}, {"device": "cuda"}, {"size": 9000}],
)
def test_what_no_job_may_have_is_not_saved(client, settings):
    save(client, status=422, settings=settings)
    assert "dusk" not in listed(client)


def test_a_look_is_renamed_and_deleted_with_its_picture_and_shipped_recipes_are_not(client, folder):
    thumbnail = folder.result_thumbnail(3)
    thumbnail.write_bytes(b"RIFF of a picture")
    before = save(client, job=3)["thumbnail"]
    thumbnail.unlink()  # the job is deleted, and the look keeps its picture
    assert client.get(before).content == b"RIFF of a picture"
    renamed = client.post("/api/recipes/dusk/rename", json={"name": "dawn"}).json()
    assert renamed["name"] == "dawn"
    assert client.get(renamed["thumbnail"]).content == b"RIFF of a picture"
    assert "dusk" not in listed(client)
    assert client.get(before).status_code == 404
    assert client.delete("/api/recipes/dawn").status_code == 204
    assert client.delete("/api/recipes/dawn").status_code == 404
    assert not folder.look_thumbnails()
    assert save(client, "dawn")["thumbnail"] is None, "a new look of that name has not the former's picture"
    for shipped in ("ink", "painterly"):
        assert client.delete(f"/api/recipes/{shipped}").status_code == 409
        assert client.post(f"/api/recipes/{shipped}/rename", json={"name": "x"}).status_code == 409
        assert client.get(listed(client)[shipped]["thumbnail"]).status_code == 200


def test_the_picture_of_a_job_that_is_not_finished_is_none(client):
    assert save(client, job=99)["thumbnail"] is None


def test_a_recipe_that_another_is_based_on_is_neither_deleted_nor_renamed(client):
    save(client)
    recipes.save("by-hand", {"recipe": "dusk", "strength": 0.9})
    for answer in (client.delete("/api/recipes/dusk"), client.post("/api/recipes/dusk/rename", json={"name": "x"})):
        assert (answer.status_code, answer.json()["problem"]) == (422, "recipe 'by-hand' is based on 'dusk'")
    assert listed(client)["by-hand"]["values"]["strength"] == 0.9


@pytest.mark.parametrize("name", recipes.shipped())
def test_an_exported_recipe_can_be_imported_and_means_the_same(client, name):
    exported = client.get(f"/api/recipes/{name}/toml")
    assert f'filename="{name}.toml"' in exported.headers["content-disposition"]
    assert exported.headers["content-type"].startswith("application/toml")
    assert tomllib.loads(exported.text)["description"]
    imported = import_toml(client, exported.text)
    assert imported.status_code == 201, imported.text
    shipped = listed(client)[name]
    assert imported.json()["values"] | {"recipe": name} == shipped["values"]
    assert imported.json()["description"] == shipped["description"]


def test_only_recipes_are_exported(client):
    for name in ("nothing", "..%2f..%2fsecret", "%2fetc%2fpasswd"):
        assert client.get(f"/api/recipes/{name}/toml").status_code == 404


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (b"strength = ", "not valid TOML"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"strength = " + b"9" * 9000, ""),
        (b"style_layers = " + b"[" * 9000, "nested too deep"),
        (b"style_layers" + b".a" * 9000 + b" = 1", "nested too deep"),
        (b"a = [" + b"{" * 4000, ""),
        (b'mask = ["/etc/passwd"]', "cannot use mask"),
        (b'keep_mask = "/etc/passwd"', "cannot use keep_mask"),
        (b'init = "/etc/passwd"', "cannot start from"),
        (b'network = "/etc/passwd"', "no network"),
        (b'recipe = "/etc/passwd"', "not a recipe of this studio"),
        (b'recipe = "mine.toml"', "not a recipe of this studio"),
        (b'recipe = "mine"', "not a recipe of this studio"),
        (b"recipe = ['ink']", "not a recipe of this studio"),
        (b"brush = 3", "unknown key 'brush'"),
        (b"keep = 'last'\noutput_iterate = 'last'", "are one setting"),
        (b"x" * 9000 + b" = 3", "unknown key"),
        (b"strength = 7", "Strength takes"),
        (b"strength = inf", "Strength takes"),
        (b"strength = 1979-05-27", "Strength takes"),
        (b"description = 7", "a description that is no text"),
        (b"description = '" + b"x" * 300 + b"'", "at most 200 letters"),
        (b"size = 20000", "too large for the studio"),
    ],
)
def test_a_hostile_file_is_refused_in_a_line_and_nothing_is_written(client, text, part, monkeypatch, tmp_path):
    kept = home(monkeypatch, tmp_path)
    answer = import_toml(client, text)
    assert answer.status_code == 422, answer.text
    problem = answer.json()["problem"]
    assert part in problem
    assert "\n" not in problem
    assert len(problem) < 250
    assert not kept.exists()
    assert import_toml(client, b"strength = 0.7").status_code == 201


def test_recipes_that_are_based_on_each_other_are_one_error_and_hide_no_other(client):
    recipes.save("one", {"recipe": "two"})
    recipes.save("two", {"recipe": "one"})
    answer = import_toml(client, b'recipe = "one"')
    assert answer.status_code == 422
    assert "is its own base" in answer.json()["problem"]
    assert "painterly" in listed(client)
    assert not {"one", "two", "mine"} & set(listed(client))


def test_a_large_file_and_too_many_looks_are_refused(opened):
    client = opened(Limits(recipes=2, recipe_bytes=100))
    assert import_toml(client, b"#" * 101).status_code == 413
    assert import_toml(client, b"#" * 100).status_code == 201
    save(client)
    assert "2 looks already" in save(client, "third", 409)["problem"]
    assert import_toml(client, b"", name="third").status_code == 409


def test_a_file_of_the_command_is_imported_without_what_belongs_to_its_machine(client):
    text = b'strength = 0.25\nsize = "2x"\ndevice = "cuda:3"\nsave_every = 5\nthreads = 2\n'
    values = import_toml(client, text).json()["values"]
    assert (values["strength"], values["size"], values["device"], values["save_every"]) == (0.25, None, "auto", 0)
    assert values["content_weight"] == Settings.model_fields["content_weight"].default, "it names no base"


def test_every_control_says_its_level_and_when_it_has_an_effect(client):
    controls = {control["name"]: control for control in client.get("/api/about").json()["controls"]}
    assert controls["faces"]["level"] == "look"
    assert controls["history"]["level"] == "laboratory"
    assert controls["learning_rate"]["applies"] == [[{"setting": "optimizer", "values": ["adam"], "negated": False}]]
    assert controls["content_weight"]["applies"] == []
    names = {it["setting"] for control in controls.values() for group in control["applies"] for it in group}
    assert names <= set(controls)
