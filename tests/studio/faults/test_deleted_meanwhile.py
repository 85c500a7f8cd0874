"""Files that are deleted while they are requested: 404 or the whole file, never an error of the server."""

import contextlib
import shutil
import threading

import pytest
from hostile_clients import StudioProcess, make_result, request
from studios import upload

from impasto.studio.store.folder import Folder

pytestmark = pytest.mark.usefixtures("quick_uploads")


@pytest.fixture
def stored(folder, opened):
    """A studio with a finished job and a picture, and the picture's id."""
    make_result(folder.root, 64, 48)
    client = opened()
    return client, upload(client, 1)


@pytest.mark.parametrize("left", ["nothing", "a folder"])
@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/jobs/1/result"),
        ("GET", "/api/jobs/1/result?format=jpeg"),
        ("GET", "/api/jobs/1/thumbnail"),
        ("GET", "/api/jobs/1/previews/1"),
        ("POST", "/api/jobs/1/use"),
        ("GET", "/api/pictures/{picture}/thumbnail"),
        ("GET", "/api/pictures/{picture}/display"),
    ],
)
def test_S6_a_file_that_is_gone_is_not_found(stored, folder, method, address, left):
    client, picture = stored
    for path in (
        folder.result(1),
        folder.result_thumbnail(1),
        folder.preview(1, 1),
        folder.thumbnail(picture),
        folder.display(picture),
    ):
        path.unlink(missing_ok=True)
        if left == "a folder":
            path.mkdir(parents=True)
    answer = client.request(method, address.format(picture=picture))
    assert answer.status_code == 404
    assert set(answer.json()) == {"problem", "hint"}


@pytest.mark.slow
def test_S6_a_result_that_is_deleted_while_it_is_sent_arrives_whole(tmp_path):
    make_result(tmp_path / "studio", 2000, 1500)
    file = Folder(tmp_path / "studio").result(1)
    size = file.stat().st_size
    with StudioProcess(tmp_path / "studio") as studio:
        with contextlib.closing(studio.connect(request("/api/jobs/1/result"), window=4096)) as reader:
            received = reader.recv(4096)
            file.unlink()
            reader.settimeout(10)
            size += received.index(b"\r\n\r\n") + 4
            while len(received) < size and (part := reader.recv(65536)):
                received += part
        assert len(received) == size
        assert received.startswith(b"HTTP/1.1 200")
        assert studio.get("/api/jobs/1/result")[0] == 404
        assert studio.errors.read_text() == ""


def test_S6_a_file_that_comes_and_goes_is_whole_or_not_found(stored, folder):
    client, _ = stored
    file, ended = folder.result(1), threading.Event()
    whole, copy = file.read_bytes(), folder.root / "copy"
    copy.write_bytes(whole)

    def churn():
        while not ended.is_set():
            file.unlink(missing_ok=True)
            shutil.copyfile(copy, folder.root / "next")
            (folder.root / "next").replace(file)

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        answers = [client.get("/api/jobs/1/result") for _ in range(60)]
    finally:
        ended.set()
        churning.join()
    assert {answer.status_code for answer in answers} <= {200, 404}
    assert all(answer.content == whole for answer in answers if answer.status_code == 200)
