"""The commands beside the default one: losses, recipes, weights, doctor."""

import json
import threading
import tomllib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from quick import QUICK
from safetensors.torch import load_file, save_file

from impasto import images, weights
from impasto.cli.commands import doctor_checks


def test_losses_judges_a_picture_without_changing_it(impasto, folder):
    before = (folder / "photo.jpg").read_bytes()
    done = impasto("losses", "photo.jpg", "--content", "photo.jpg", "--style", "painting.jpg", "--json")
    found = json.loads(done.out)
    assert set(found) == {"total", "terms"}
    assert [set(term) for term in found["terms"]] == [{"kind", "layer", "weight", "value"}] * 7
    assert found["total"] == pytest.approx(sum(term["value"] for term in found["terms"]))
    assert found["terms"][0] == {"kind": "content", "layer": "relu4_2", "weight": 10.0, "value": 0.0}
    assert found["terms"][-1]["layer"] is None
    assert (folder / "photo.jpg").read_bytes() == before


def test_painting_lowers_the_losses_that_the_command_then_reports(impasto):
    def total(picture):
        out = impasto("losses", picture, "--content", "photo.jpg", "--style", "painting.jpg", "--json").out
        return json.loads(out)["total"]

    impasto("photo.jpg", "painting.jpg", "-o", "out.png", "--size", "96", "--iterations", "10", "--margin", "0")
    assert total("out.png") < total("photo.jpg") * 2 / 3


def test_losses_beyond_numbers_are_still_json(impasto):
    options = ["--content", "photo.jpg", "--style", "painting.jpg", "--style-weight", "1e37", "--json"]
    out = impasto("losses", "photo.jpg", *options).out
    assert json.loads(out, parse_constant=pytest.fail)["total"] is None


def test_losses_shows_a_table_to_people(impasto):
    out = impasto("losses", "photo.jpg", "--content", "photo.jpg", "--style", "painting.jpg").out
    assert "relu3_1" in out
    assert "total" in out


def test_recipes_are_listed_shown_saved_and_used(impasto, folder):
    assert "painterly" in impasto("recipes", "list").out
    assert tomllib.loads(impasto("recipes", "show", "gatys").out)["pooling"] == "average"
    saved = impasto("recipes", "save", "my-look", "--content-weight", "3", "--description", "bold", *QUICK)
    assert saved.code == 0
    assert "my-look" in impasto("recipes", "list").out
    assert "bold" in impasto("recipes", "list").out
    stated = tomllib.loads(impasto("recipes", "show", "my-look").out)
    assert (stated["content_weight"], stated["faces"]) == (3, "gentle"), (
        "what is given, and the rest as painterly has it"
    )
    assert not {"seed", "device", "mask", "recipe"} & set(stated)
    assert impasto("photo.jpg", "painting.jpg", "--recipe", "my-look", "-o", "out.png").code == 0
    assert (folder / "out.png").exists()


def test_a_recipe_can_be_saved_from_a_picture(impasto, folder):
    impasto("photo.jpg", "painting.jpg", "-o", "out.png", "--style-weight", "77", *QUICK)
    assert impasto("recipes", "save", "look.toml", "--settings-from", "out.png").code == 0
    assert tomllib.loads((folder / "look.toml").read_text())["style_weight"] == 77


def test_weights_names_the_authors_and_the_license(impasto):
    out = impasto("weights", "list").out
    assert "Karen Simonyan and Andrew Zisserman" in out
    assert "CC BY 4.0" in out
    assert "8 bits a weight, which changes its features by about 1 to 7 %" in out
    assert impasto("weights", "path", "vgg16").out.strip() == str(weights.path("vgg16"))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["tf-adam", "coursera", "keras-lbfgs", "painterly"])
def test_recipes_paint_at_once_on_the_vgg19_that_ships(recipe, impasto, folder):
    options = ["--recipe", recipe, "--size", "64", "--iterations", "2"]
    for name in ("vgg16", "vgg19-8bit"):
        done = impasto("photo.jpg", "painting.jpg", "-o", f"{name}.png", "--network", name, *options)
        assert done.code == 0, done.err
    assert not np.array_equal(*(images.read(folder / f"{name}.png").rgb for name in ("vgg16", "vgg19-8bit")))


def test_imported_weights_paint(impasto, folder):
    tensors = {name: tensor.float() for name, tensor in load_file(weights.path("vgg16")).items()}
    save_file(tensors, folder / "mine.safetensors", metadata={"convention": "caffe"})
    assert impasto("weights", "import", "mine.safetensors", "--convention", "caffe").code == 0
    assert "mine: imported" in impasto("weights", "list").out
    options = QUICK
    impasto("photo.jpg", "painting.jpg", "-o", "a.png", "--network", "mine", *options)
    impasto("photo.jpg", "painting.jpg", "-o", "b.png", *options)
    ours, theirs = (weights.load(name).tensors["conv3_1.weight"] for name in ("mine", "vgg16"))
    assert torch.equal(ours.float(), theirs.float())
    assert (folder / "a.png").exists()


def test_a_network_that_is_not_there_says_how_to_get_it(impasto):
    done = impasto("photo.jpg", "painting.jpg", "--network", "vgg19", *QUICK)
    assert done.code == 2
    assert "impasto weights fetch vgg19" in done.err


def test_doctor_finds_what_matters_and_proves_it(impasto, monkeypatch):
    done = impasto("doctor", "--json")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["self-test"]["passed"]
    assert found["self-test"]["loss after"] < found["self-test"]["loss before"]
    assert found["versions"]["torch"] == torch.__version__
    assert found["weights"]["vgg16"] == "bundled"
    engine = found["engine"]
    assert [key for part in found.values() if isinstance(part, dict) for key in part if "precision" in key] == [
        "precision"  # U9: one, and it is the one that a run uses
    ]
    assert engine["convolutions"] in ("oneDNN, with the ReLU", "torch's own")
    assert engine["seconds a step of 96 px in float32"] > 0
    monkeypatch.setattr(doctor_checks, "run_checks", lambda: found)  # which took seconds
    shown = impasto("doctor").out
    assert "self-test" in shown
    assert f"torch: {torch.__version__}" in shown


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server on loopback that has a file of the right name and the wrong bytes."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5").write_bytes(b"not those weights" * 1000)
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("IMPASTO_MIRROR", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()
        thread.join()


@pytest.mark.usefixtures("mirror")
def test_a_download_that_is_not_the_promised_file_is_refused_and_not_kept(impasto_process, tmp_path):
    process = impasto_process("weights", "fetch", "vgg19")
    out, err = process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert b"refused and not kept" in err
    kept = [path.name for path in (tmp_path / "home").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == []
