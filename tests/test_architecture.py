"""The structure that the code promises, read off its syntax trees."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from impasto.settings import Settings

PACKAGE = Path(__file__).parent.parent / "src" / "impasto"
FIELDS = set(Settings.model_fields)


def trees(folder):
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((PACKAGE / folder).rglob("*.py"))}


def reads_settings(tree):
    """Whether a module reads a field of something called settings, by name or by `getattr`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in FIELDS and is_settings(node.value):
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "getattr" and is_settings(node.args[0]):
            return True
    return False


def is_settings(node):
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.strip("_") in {"settings", "chosen"}


def test_the_engine_reads_settings_in_at_most_two_modules_and_the_core_in_none():
    readers = [str(path.relative_to(PACKAGE)) for path, tree in trees("engine").items() if reads_settings(tree)]
    assert readers, "the test sees no reader: it looks for the wrong thing"
    assert len(readers) <= 2, readers
    assert [str(path) for path, tree in trees("core").items() if reads_settings(tree)] == []


def test_no_two_classes_of_the_package_have_one_name():
    places = defaultdict(list)
    for path, tree in trees(".").items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_algorithm_stands_in_one_file_in_the_order_of_the_paper():
    text = (PACKAGE / "core" / "transfer.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 260
    steps = ["# 1. Targets", "# 2. Start", "# 3. Scales", "# 4. Iterate", "# 5. Hand on"]
    assert [text.index(step) for step in steps] == sorted(text.index(step) for step in steps)


def test_the_studios_server_holds_no_torch():
    """It answers from 80 MB; the workers, which are processes of their own, paint."""
    program = "import sys, impasto.studio.server.serve; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_film_holds_no_torch_beside_its_workers():
    program = "import sys, impasto.cli.commands.video_runner; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_batch_holds_no_torch_beside_its_workers():
    """They are processes of their own, each with a network; the one that hands out the jobs answers at once."""
    program = "import sys, impasto.cli.commands.batch_runner; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
