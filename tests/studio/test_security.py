"""Each attack on the studio's list, refused."""

import asyncio
import json
import sqlite3

import pytest
from studios import enqueue, png, upload

from impasto.studio.errors import SlowError
from impasto.studio.limits import Limits
from impasto.studio.server import serve
from impasto.studio.server.security import SecurityMiddleware
from impasto.studio.server.uploads import UploadService

JSON_TYPE = {"content-type": "application/json"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "10.0.0.1"])
def test_a_foreign_host_name_is_refused(client, host):
    answer = client.get("/api/about", headers={"host": host})
    assert answer.status_code == 421
    assert set(answer.json()) == {"problem", "hint"}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:7860", "127.0.0.1:1", "[::1]:7860"])
def test_loopback_host_names_are_accepted(client, host):
    assert client.get("/api/about", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "address"), [("POST", "/api/jobs"), ("POST", "/api/pictures"), ("DELETE", "/api/jobs/1")]
)
def test_another_sites_page_changes_nothing(client, headers, method, address):
    assert client.request(method, address, headers=headers, content=png()).status_code == 403
    assert client.get("/api/jobs").json()["jobs"] == []


def test_the_pages_own_requests_pass(client):
    headers = {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}
    assert client.post("/api/pictures", content=png(), headers=headers).status_code == 201


def test_beyond_loopback_every_request_needs_the_token(opened):
    client = opened(token="secret", hosts=["studio.example"])
    for host in ("studio.example", "10.0.0.7:7860", "127.0.0.1"):
        assert client.get("/api/about", headers={"host": host}).status_code == 401
        assert client.get("/", headers={"host": host}).status_code == 401
    for wrong in ("", "secre", "secret2", "Secret"):
        assert client.get("/api/about", headers={"authorization": f"Bearer {wrong}"}).status_code == 401
        assert (
            client.get(
                "/api/about", headers={"cookie": f"{SecurityMiddleware(client.app, (), 'secret').cookie}={wrong}"}
            ).status_code
            == 401
        )
        assert client.get("/", params={"token": wrong}).status_code == 401
    assert (
        client.get("/api/about", headers={"host": "evil.example", "authorization": "Bearer secret"}).status_code == 421
    )
    assert client.get("/api/about", headers={"authorization": "Bearer secret"}).status_code == 200


def test_the_address_with_the_token_opens_the_page_and_is_not_kept_in_the_browsers_history(opened):
    client = opened(token="secret")
    answer = client.get("/", params={"token": "secret"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "secret" not in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    others = f'foo={{"x": 1}}; b\u00e4r=1; {name}={value}'
    client.cookies.clear()
    assert client.get("/api/about", headers={"cookie": others.encode()}).status_code == 200


def test_a_host_name_needs_a_token_even_on_loopback(tmp_path, monkeypatch):
    announced = []
    monkeypatch.setattr("uvicorn.Server.run", lambda _self, sockets: sockets)
    for hosts in ((), ("studio.example:8443",)):
        config = serve.ServerConfig(tmp_path, "127.0.0.1", 0, None, hosts, Limits(), ("cpu",))
        serve.serve(config, browser=False, announce=announced.append)
    assert "token" not in announced[0]
    assert "?token=" in announced[1]


def test_pictures_are_not_for_other_sites_pages(client):
    headers = {"sec-fetch-site": "cross-site"}
    assert client.get("/api/jobs", headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 200, "a link may lead here"


def test_a_body_without_end_is_refused(client):
    answer = client.post("/api/jobs", content=b" " * (Limits.body_bytes + 1), headers=JSON_TYPE)
    assert answer.status_code == 413
    assert set(answer.json()) == {"problem", "hint"}


def test_every_answer_forbids_guessing_its_type_and_scripts_from_elsewhere(client):
    for address in ("/", "/api/about", "/api/nothing", "/assets/nothing", "/api/samples/cat/thumbnail"):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "access-control-allow-origin" not in headers


def test_no_file_of_the_machine_is_reached_by_its_name(client, tmp_path):
    (tmp_path / "secret.png").write_bytes(png())
    photo = upload(client)
    names = ["../../secret.png", "/etc/passwd", "..\\..\\secret", "a/b\0c\n.png", "", "." * 300, "💥.png"]
    for name in names:
        answer = client.post("/api/pictures", params={"name": name}, content=png(7))
        assert answer.status_code == 201
        assert "/" not in answer.json()["name"]
    for address in (
        "/api/pictures/..%2F..%2Fsecret.png/display",
        "/api/samples/..%2F..%2Fpyproject/display",
        "/api/recipes/..%2Ffast/thumbnail",
        "/api/jobs/1%2F..%2F2/result",
        "/assets/..%2F..%2F__init__.py",
        "/assets/../../__init__.py",
    ):
        assert client.get(address).status_code in {404, 422}, address
    secret = str(tmp_path / "secret.png")
    for settings in (
        {"init": secret},
        {"mask": [secret]},
        {"mask": secret},
        {"keep_mask": secret},
        {"recipe": str(tmp_path / "own.toml")},
        {"recipe": "../fast"},
        {"recipe": ["fast"]},
        {"network": secret},
        {"network": "/etc/passwd"},
        {"size_rule": "long:60000"},
        {"size_rule": "60000x60000"},
        {"self": 1},
    ):
        answer = client.post("/api/jobs", json={"photo": photo, "paintings": [photo], "settings": settings})
        assert answer.status_code == 422, settings
        assert set(answer.json()) == {"problem", "hint"}


def test_an_upload_of_too_many_bytes_is_refused_before_it_is_all_there(opened, folder):
    client = opened(Limits(upload_bytes=1000))
    answer = client.post("/api/pictures", content=(b"x" * 600 for _ in range(50)))
    assert answer.status_code == 413
    assert list(folder.incoming.iterdir()) == []


def test_a_picture_of_too_many_pixels_is_refused_by_its_header(opened):
    client = opened(Limits(pixels=1000))
    answer = client.post("/api/pictures", params={"name": "big.png"}, content=png())
    assert answer.status_code == 422
    assert answer.json()["problem"] == "big.png has 64 x 48 pixels, more than 0 million"


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n", png()[:-30], b"PK\3\4" * 99])
def test_a_file_that_is_no_picture_is_refused_and_nothing_is_stored(client, folder, content):
    answer = client.post("/api/pictures", params={"name": "bad.png"}, content=content)
    assert answer.status_code == 422
    assert answer.json()["problem"].startswith("bad.png ")
    assert [*folder.incoming.iterdir(), *(folder.root / "pictures").iterdir()] == []


def test_an_upload_that_does_not_end_is_aborted(folder, opened):
    opened()

    async def endless():
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    async def upload():
        await UploadService(folder, Limits(upload_seconds=0.3)).receive("slow.png", endless())

    with pytest.raises(SlowError, match=r"slow\.png took too long to upload"):
        asyncio.run(upload())
    assert list(folder.incoming.iterdir()) == []


def test_only_so_many_uploads_at_once(opened):
    client = opened(Limits(uploads=1))
    # The test's client hands over a body only when it is whole; so the server's own count is set for it.
    client.app.state.context.uploads._active = 1
    answer = client.post("/api/pictures", content=png())
    assert answer.status_code == 429
    client.app.state.context.uploads._active = 0
    assert client.post("/api/pictures", content=png()).status_code == 201


def test_a_full_folder_is_reported_with_a_hint(opened):
    photo = upload(opened())
    client = opened(Limits(folder_bytes=1))
    answer = client.post("/api/pictures", content=png(1))
    assert answer.status_code == 507
    assert "history" in answer.json()["hint"]
    assert client.post("/api/jobs", json={"photo": photo, "paintings": [photo]}).status_code == 507


def test_an_invalid_request_gets_an_error_of_one_line(client):
    photo = upload(client)
    for body in (
        b"{",
        b"[]",
        json.dumps({"photo": "x"}).encode(),
        json.dumps({"photo": photo, "paintings": [photo] * 17}).encode(),
        json.dumps({"photo": photo, "settings": {"size": 10**9}}).encode(),
        json.dumps({"photo": photo, "settings": {"size": 9999}}).encode(),
        json.dumps({"photo": photo, "settings": {"color": "<script>"}}).encode(),
        json.dumps({"photo": photo, "settings": {"nothing": 1}}).encode(),
        json.dumps({"photo": photo, "unknown": 1}).encode(),
        json.dumps({}).encode(),
    ):
        answer = client.post("/api/jobs", content=body, headers=JSON_TYPE)
        assert answer.status_code == 422, body
        assert set(answer.json()) == {"problem", "hint"}, body
        assert "\n" not in answer.json()["problem"]


def test_text_from_users_is_never_a_statement_of_sql(client, folder):
    name = "'); DROP TABLE pictures; --.png"
    picture = client.post("/api/pictures", params={"name": name}, content=png()).json()
    assert picture["name"] == name
    enqueue(client, picture["id"], picture["id"])
    with sqlite3.connect(folder.database) as connection:
        assert connection.execute("SELECT count(*) FROM pictures").fetchone() == (1,)


def test_only_loopback_hosts_need_no_token():
    assert all(serve._is_loopback(host) for host in ("127.0.0.1", "localhost", "::1"))
    assert not any(serve._is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.2", "example.org"))


@pytest.mark.usefixtures("quick_uploads")
@pytest.mark.parametrize(
    ("width", "settings", "cause"),
    [
        (600, {"size_rule": "rows:4096"}, "409600 x 4096 pixels"),
        (64, {"size": 4096, "style_scale": 8}, "the painting is to be seen at 32768 x 24576"),
    ],
)
def test_S8_a_size_that_no_worker_could_paint_is_refused_when_the_job_is_posted(client, width, settings, cause):
    data = png(width=width, height=6 if width == 600 else 48)
    photo = client.post("/api/pictures", content=data).json()["id"]
    painting = client.post("/api/pictures", content=png(1)).json()["id"]
    answer = client.post("/api/jobs", json={"photo": photo, "paintings": [painting], "settings": settings})
    assert answer.status_code == 422
    assert cause in answer.json()["problem"]
    assert client.get("/api/jobs").json()["jobs"] == []
