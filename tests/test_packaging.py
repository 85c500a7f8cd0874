"""What the package says of itself where it is offered, and the image for servers."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from impasto.errors import install_command

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"\]\(([^)]+)\)|<(?:a|img)[^>]+(?:href|src)=.([^\"']+)")


def test_U4_the_description_for_the_index_has_no_link_that_leads_nowhere():
    text = str(metadata("impasto")["Description"] or metadata("impasto").get_payload())
    assert "impasto photo.jpg painting.jpg" in text
    links = [link for found in LINK.findall(text) for link in found if link]
    assert [link for link in links if not link.startswith("https://")] == []
    assert "constraints.txt" not in text  # which an index does not offer


def test_U4_the_first_screen_of_the_readme_installs_paints_and_shows():
    screen = "\n".join((ROOT / "README.md").read_text().splitlines()[:32])
    places = [screen.index(word) for word in ("python3 -m venv", "pip install", "impasto photo.jpg", "hero.jpg")]
    assert places == sorted(places)
    assert "Windows: py -m venv" in screen
    assert "download.pytorch.org/whl/cpu" in screen
    readme = (ROOT / "README.md").read_text()
    assert readme.index("make test") > readme.index("## Reading on")


def test_U4_a_missing_extra_names_packages_that_an_index_has():
    assert install_command("studio").startswith('pip install "fastapi>=')
    assert "pillow-heif" in install_command("heic")
    assert "impasto[" not in install_command("onnx")


def test_U3_the_notebook_is_kept_without_outputs():
    notebook = json.loads((ROOT / "examples" / "notebook.ipynb").read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 3
    assert [cell for cell in cells if cell["outputs"] or cell["execution_count"]] == []


@pytest.mark.slow
def test_U3_the_notebook_runs_and_shows_the_picture_and_progress(tmp_path):
    tools = tmp_path / "tools"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", tools, "nbconvert", "ipykernel"]
    subprocess.run(install, check=True)
    places = {"PYTHONPATH": str(tools), "JUPYTER_PATH": str(tools / "share" / "jupyter")}
    run = [sys.executable, "-m", "nbconvert", "--to", "html", "--execute", "--output-dir", tmp_path]
    subprocess.run([*run, ROOT / "examples" / "notebook.ipynb"], check=True, env={**os.environ, **places})
    page = (tmp_path / "notebook.html").read_text()
    assert page.count("data:image/webp;base64,") >= 9  # photograph, painting and result, three times
    assert re.search(r"scale \d/\d, 224 x \d+ px: \d+/\d+, loss", page)


@pytest.mark.slow
def test_U10_the_steps_of_the_dockerfile_install_a_studio_that_answers(tmp_path):
    """In a virtual environment instead of a container; the index of PyTorch is the usual one, which has this build."""
    lines = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    copy = tmp_path / "impasto"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "node_modules"))
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    installs = [shlex.split(line)[1:] for line in lines if line.startswith("RUN pip install")]
    assert len(installs) == 2
    for arguments in installs:
        if "--index-url" in arguments:
            place = arguments.index("--index-url")
            del arguments[place : place + 2]
        subprocess.run([tmp_path / "venv" / "bin" / arguments[0], *arguments[1:]], cwd=copy, check=True)
    (command,) = [line.removeprefix("CMD ") for line in lines if line.startswith("CMD ")]
    words = [word.replace("/data", str(tmp_path / "data")) for word in re.findall(r'"([^"]+)"', command)]
    words[0] = str(tmp_path / "venv" / "bin" / words[0])
    with subprocess.Popen([*words, "--port", "0"], stdout=subprocess.PIPE, text=True) as studio:
        assert studio.stdout is not None
        line = studio.stdout.readline()
        studio.terminate()
    assert "The studio is at http://" in line
    assert "?token=" in line
