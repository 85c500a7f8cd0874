"""Downloads against a server of this machine that cuts, lies and changes its mind."""

import functools
import hashlib
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import numpy as np
import pytest

from impasto import weights
from impasto.errors import DownloadError, OutputError, StorageError, WeightsError
from impasto.weights import download, importers, registry
from impasto.weights.importers import isolated
from impasto.weights.registry import Checksum

BODY = np.random.default_rng(0).bytes(1_000_000)
PROMISE = Checksum("sha256", hashlib.sha256(BODY).hexdigest())


@dataclass
class Site:
    """What the server holds and how it behaves."""

    body: bytes = BODY
    etag: str | None = '"one"'
    date: str | None = None
    cuts: list[int] = field(default_factory=list)
    """Bytes after which each of the next answers is cut off."""
    statuses: list[int] = field(default_factory=list)
    """Answers to the next requests instead of the file."""
    ranges: bool = True
    if_range: bool = True
    declared: int | None = None
    """Length that the header claims, instead of the true one."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range of every request."""
    url: str = ""

    @property
    def asked_ranges(self):
        return [span for _, span in self.asked]


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self):
        site = self.site
        span = self.headers.get("Range")
        site.asked.append((self.path, span))
        if site.statuses:
            self.send_error(site.statuses.pop(0))
            return
        same = not site.if_range or self.headers.get("If-Range") in {site.etag, site.date}
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span and site.ranges and same else None
        if start is not None and start >= len(site.body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(site.body)}")
            self.end_headers()
            return
        self.send_file(start)

    def send_file(self, start):
        site = self.site
        body = site.body[start or 0 :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{len(site.body) - 1}/{len(site.body)}")
        self.send_header("Content-Length", str(site.declared if site.declared and start is None else len(body)))
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.date:
            self.send_header("Last-Modified", site.date)
        self.end_headers()
        self.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch):
    """Start no process for each of hundreds of files; test_hostile_networks has the real thing."""
    monkeypatch.setattr(isolated, "read", importers.read)


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "BACKOFF", (0.0, 0.0, 0.0))
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}/folder/sample.h5"
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def part(tmp_path):
    return tmp_path / "sample.part"


def get(site, part, **options):
    download.download(site.url, part, PROMISE, **options)


def leftovers(part):
    return sorted(file.name for file in part.parent.iterdir())


def test_a_download_arrives_whole_and_tells_how_far_it_is(site, part):
    told = []
    get(site, part, progress=lambda done, total: told.append((done, total)))
    assert part.read_bytes() == BODY
    assert told == sorted(told)
    assert told[-1] == (len(BODY), len(BODY))


def test_a_cut_connection_goes_on_where_it_stopped(site, part):
    site.cuts = [300_000, 200_000]
    get(site, part)
    assert part.read_bytes() == BODY
    assert site.asked_ranges == [None, "bytes=300000-", "bytes=500000-"]


def test_a_date_is_enough_to_go_on(site, part):
    site.etag, site.date, site.cuts = 'W/"weak"', formatdate(0, usegmt=True), [300_000]
    get(site, part)
    assert site.asked_ranges == [None, "bytes=300000-"]


def test_without_any_validator_a_cut_download_starts_over(site, part):
    site.etag, site.cuts = None, [300_000]
    get(site, part)
    assert part.read_bytes() == BODY
    assert site.asked_ranges == [None, None]


def test_a_line_that_cuts_every_time_still_gets_there(site, part):
    site.cuts = [90_000] * 11
    get(site, part)
    assert part.read_bytes() == BODY


def test_a_server_that_never_gets_further_is_given_up_and_the_start_is_kept(site, part):
    site.cuts = [300_000, *[0] * 9]
    with pytest.raises(DownloadError, match="was cut off after 300000 of 1000000 bytes") as caught:
        get(site, part)
    assert "resumes where it stopped" in caught.value.hint
    assert part.stat().st_size == 300_000
    site.cuts.clear()
    site.asked.clear()
    get(site, part)
    assert site.asked_ranges == ["bytes=300000-"]
    assert part.read_bytes() == BODY


def test_ctrl_c_keeps_what_has_come_for_the_next_call(site, part):
    def interrupt(done, _total):
        if done > 400_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(site, part, progress=interrupt)
    kept = part.stat().st_size
    assert 400_000 < kept < len(BODY)
    told = []
    get(site, part, progress=lambda done, _: told.append(done))
    assert site.asked_ranges == [None, f"bytes={kept}-"]
    assert told[0] > kept
    assert part.read_bytes() == BODY


def test_a_server_that_ignores_ranges_is_read_from_the_start(site, part):
    site.ranges, site.cuts = False, [300_000]
    get(site, part)
    assert part.read_bytes() == BODY


def test_a_server_that_ignores_ranges_and_always_cuts_is_given_up(site, part):
    site.ranges, site.cuts = False, [300_000] * 20
    with pytest.raises(DownloadError, match="cut off"):
        get(site, part)
    assert len(site.asked) < 8


@pytest.mark.parametrize("honest", [True, False])
def test_a_file_that_changed_meanwhile_is_fetched_anew(site, part, honest):
    other = bytes(reversed(BODY))
    site.body, site.etag, site.cuts = other, '"old"', [300_000]

    def change(_done, _total):
        site.body, site.etag, site.if_range = BODY, '"new"', honest

    get(site, part, progress=change)
    assert part.read_bytes() == BODY


def test_another_address_does_not_go_on_with_the_first_ones_bytes(site, part):
    site.cuts = [300_000, *[0] * 9]
    with pytest.raises(DownloadError):
        get(site, part)
    site.cuts.clear()
    site.asked.clear()
    site.url = site.url.replace("folder", "mirror")
    get(site, part)
    assert site.asked_ranges == [None]


def test_a_finished_download_is_not_sent_again(site, part):
    get(site, part)
    get(site, part)
    assert site.asked_ranges == [None, "bytes=1000000-"]
    assert part.read_bytes() == BODY


def test_a_part_longer_than_the_file_starts_over(site, part):
    get(site, part)
    part.write_bytes(BODY + b"more")
    get(site, part)
    assert part.read_bytes() == BODY


@pytest.mark.parametrize("position", [0, 500_000, len(BODY) - 1])
def test_one_flipped_bit_is_refused_and_not_kept(site, part, position):
    damaged = bytearray(BODY)
    damaged[position] ^= 1
    site.body = bytes(damaged)
    with pytest.raises(DownloadError, match="refused and not kept"):
        get(site, part)
    assert leftovers(part) == []


def test_bytes_damaged_on_disk_between_two_calls_are_refused_and_then_fetched_anew(site, part):
    site.cuts = [300_000, *[0] * 9]
    with pytest.raises(DownloadError):
        get(site, part)
    site.cuts.clear()
    part.write_bytes(bytes(300_000))
    with pytest.raises(DownloadError, match="refused and not kept"):
        get(site, part)
    get(site, part)
    assert part.read_bytes() == BODY


def test_the_first_digits_of_a_checksum_are_compared_where_no_more_are_published(site, part):
    download.download(site.url, part, replace(PROMISE, digits=PROMISE.digits[:8]))
    wrong = replace(PROMISE, digits="00000000")
    with pytest.raises(DownloadError, match="expected 00000000"):
        download.download(site.url, part, wrong)


def test_a_server_that_declares_too_little_is_refused(site, part):
    site.declared = 999_000
    with pytest.raises(DownloadError, match="refused and not kept"):
        get(site, part)
    assert leftovers(part) == []


def test_a_server_that_declares_too_much_does_not_spoil_a_good_file(site, part):
    site.declared = 2_000_000
    get(site, part)
    assert part.read_bytes() == BODY


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_reported_at_once(site, part, status):
    site.statuses = [status]
    with pytest.raises(DownloadError, match=f"answers {status}") as caught:
        get(site, part)
    assert "IMPASTO_MIRROR" in caught.value.hint
    assert len(site.asked) == 1
    assert leftovers(part) == []


def test_a_busy_server_is_asked_again(site, part):
    site.statuses = [503, 429]
    get(site, part)
    assert part.read_bytes() == BODY
    site.statuses = [503] * 20
    with pytest.raises(DownloadError, match="answers 503"):
        get(site, part)


def test_a_server_that_is_not_there_is_named(part, monkeypatch):
    monkeypatch.setattr(download, "BACKOFF", (0.0,))
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(DownloadError, match=r"http://127.0.0.1:9/net.h5 cannot be reached"):
        download.download("http://127.0.0.1:9/net.h5", part, PROMISE)


def test_a_server_that_falls_silent_counts_as_cut(site, part, monkeypatch):
    silent = threading.Event()
    monkeypatch.setattr(Handler, "send_file", lambda _self, _start: silent.wait(10))
    monkeypatch.setattr(download, "TIMEOUT", 0.05)
    try:
        with pytest.raises(DownloadError, match="timed out"):
            get(site, part)
    finally:
        silent.set()


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://host/net.h5", "net.h5", "http://", "http://[", "http://a b/", "http://host:99999/"],
)
def test_only_web_addresses_are_fetched(url, part):
    with pytest.raises(WeightsError, match="is not an address"):
        download.download(url, part, PROMISE)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_a_full_disk_says_so(site, part):
    part.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left on device"):
        get(site, part)


# Whole networks, through `fetch`.


@pytest.fixture(scope="module")
def network():
    """A Keras file of the real structure."""
    random = np.random.default_rng(1)
    with h5py.File("sample.h5", "w", driver="core", backing_store=False) as file:
        for at, before, after in registry.ARCHITECTURES["vgg16"].convolutions():
            layer = f"block{at.block}_conv{at.index}"
            kernel = random.standard_normal((3, 3, before, after), dtype=np.float32).astype(np.float16)
            file[f"{layer}/{layer}_W_1:0"] = kernel
            file[f"{layer}/{layer}_b_1:0"] = np.ones(after, np.float16)
        file.flush()
        return file.id.get_file_image()


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    return tmp_path / "weights"


@pytest.fixture
def mirror(site, network, home, monkeypatch):
    """The sample network is published under the name `sample`, and mirrored by the server."""
    site.body = network
    monkeypatch.setenv("IMPASTO_MIRROR", site.url.rpartition("/")[0] + "/")
    entry = replace(
        registry.ENTRIES["vgg16-keras"],
        name="sample",
        url="https://example.invalid/far/away/sample.h5",
        checksum=Checksum("md5", hashlib.md5(network, usedforsecurity=False).hexdigest()),
    )
    monkeypatch.setattr(registry, "ENTRIES", {**registry.ENTRIES, "sample": entry})
    assert not home.exists()
    return site


def visible(home):
    return sorted(file.name for file in home.iterdir() if not file.name.endswith(".lock"))


def test_a_fetched_network_is_verified_converted_and_loads_by_its_name(mirror, home):
    stored = weights.fetch("sample")
    assert [path for path, _ in mirror.asked] == ["/folder/sample.h5"]
    assert stored == weights.path("sample") == home / "sample.safetensors"
    assert visible(home) == ["sample.safetensors"]
    assert weights.load("sample").architecture.blocks == (2, 2, 3, 3, 3)
    (status,) = [status for status in weights.available() if status.name == "sample"]
    assert (status.state, status.path) == ("fetched", stored)
    umask = os.umask(0)
    os.umask(umask)
    assert stored.stat().st_mode & 0o777 == 0o666 & ~umask


def test_what_is_here_is_not_fetched_again_unless_forced(mirror):
    weights.fetch("sample")
    weights.fetch("sample")
    assert len(mirror.asked) == 1
    weights.fetch("sample", force=True)
    assert len(mirror.asked) == 2


@pytest.mark.parametrize("name", ["vgg16", "vgg19-8bit"])
def test_a_bundled_network_needs_no_fetching(home, name):
    assert weights.fetch(name) == registry.ENTRIES[name].bundled
    assert not home.exists()


def test_an_unknown_network_is_not_looked_for(home):
    with pytest.raises(WeightsError, match="Did you mean 'vgg19'"):
        weights.fetch("vgg91")
    assert not home.exists()


def test_a_wrong_file_under_the_right_name_leaves_nothing_behind(mirror, home):
    mirror.body = mirror.body[:-1] + bytes([mirror.body[-1] ^ 1])
    with pytest.raises(DownloadError, match="refused and not kept"):
        weights.fetch("sample")
    assert visible(home) == []
    with pytest.raises(WeightsError, match=r'weights\.fetch\("sample"\)'):
        weights.load("sample")


def test_an_interrupted_fetch_goes_on_in_the_next_call_and_is_no_network_until_then(mirror, home):
    def interrupt(done, _total):
        if done > 5_000_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        weights.fetch("sample", progress=interrupt)
    kept = (home / "sample.part").stat().st_size
    assert visible(home) == ["sample.part", "sample.part.json"]
    assert {status.name: status.state for status in weights.available()}["sample"] == "not fetched"
    weights.fetch("sample")
    assert mirror.asked_ranges == [None, f"bytes={kept}-"]
    assert visible(home) == ["sample.safetensors"]


def test_an_address_of_the_callers_is_held_to_the_same_checksum(mirror):
    other = mirror.url.replace("sample.h5", "copy.h5")
    weights.fetch("sample", url=other)
    assert [path for path, _ in mirror.asked] == ["/folder/copy.h5"]
    mirror.body = BODY
    with pytest.raises(DownloadError, match="refused"):
        weights.fetch("sample", url=other, force=True)
    assert weights.load("sample").architecture.blocks == (2, 2, 3, 3, 3)


def test_a_promised_file_that_is_no_network_is_not_kept(mirror, home, monkeypatch):
    mirror.body = BODY
    entries = {**registry.ENTRIES, "sample": replace(registry.ENTRIES["sample"], checksum=PROMISE)}
    monkeypatch.setattr(registry, "ENTRIES", entries)
    with pytest.raises(WeightsError, match=r"sample\.part is not a weights file"):
        weights.fetch("sample")
    assert visible(home) == []


def test_a_folder_that_cannot_be_made_is_named(mirror, monkeypatch, tmp_path):
    (tmp_path / "taken").touch()
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "taken"))
    with pytest.raises(OutputError, match="IMPASTO_HOME"):
        weights.fetch("sample")
    assert mirror.asked == []


PROGRAM = """
import sys
from dataclasses import replace
from impasto import weights
from impasto.weights import registry
entry = replace(registry.ENTRIES["vgg16-keras"], name="sample", checksum=registry.Checksum("md5", sys.argv[1]))
registry.ENTRIES = {**registry.ENTRIES, "sample": entry}
print(weights.fetch("sample", url=sys.argv[2]))
"""


@pytest.mark.slow
def test_two_processes_that_fetch_at_once_download_once_and_both_succeed(mirror, home):
    digits = registry.ENTRIES["sample"].checksum.digits
    command = [sys.executable, "-c", PROGRAM, digits, mirror.url]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = [process.communicate(timeout=60)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert printed == [str(home / "sample.safetensors")] * 2
    assert len(mirror.asked) == 1
    assert weights.load("sample").architecture.blocks == (2, 2, 3, 3, 3)
