"""The pages that say what the code says still say it, and the examples still run."""

import importlib.util
import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
PHOTO, PAINTING, OTHER = (
    str(ROOT / "examples" / "pictures" / name) for name in ("cat.jpg", "great_wave.jpg", "water_lilies.jpg")
)


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "page", ["settings.md", "recipes.md", "cli.md", "studio.md", "cluster.md", "benchmarks.md", "scorecard.md"]
)
def test_generated_pages_are_up_to_date(generator, page):
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == generator.PAGES[page](), "run `make docs`"


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        pytest.param("paint.py", [PHOTO, PAINTING, "{out}", "64"], marks=pytest.mark.slow),
        ("watch.py", [PHOTO, PAINTING, "{out}", "3", "64"]),
        ("own_recipe.py", [PHOTO, PAINTING, OTHER, "{out}", "64"]),
    ],
)
def test_the_examples_run_and_leave_a_picture(script, arguments, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out.png"
    monkeypatch.setattr(sys, "argv", [script, *(part.format(out=out) for part in arguments)])
    runpy.run_path(str(ROOT / "examples" / script), run_name="__main__")
    assert str(out) in capsys.readouterr().out
    with Image.open(out) as picture:
        assert picture.size == (64, 43)


def markdown_files():
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("file", markdown_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(file):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"", file.read_text(encoding="utf-8"))
    for link in ("".join(pair) for pair in links):
        if not link.startswith(("http", "mailto")):
            assert (file.parent / link).exists(), f"{file.name} links to {link}"
