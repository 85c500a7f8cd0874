"""The OpenAPI is correct: every documented request is answered as documented, and never with a 5xx."""

import json
from pathlib import Path

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from studios import HOME, enqueue, upload

from impasto.studio.store import queue

STREAMS = r"/events$"
"""These do not end; other tests read them."""


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_every_response_is_documented_and_none_is_a_server_error(client, folder):
    picture = upload(client)
    for _ in range(3):
        enqueue(client, picture, picture)
    queue.claim(folder)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", client.app, headers={"host": "localhost"})
    tested = 0
    for found in schema.exclude(path_regex=STREAMS).get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        @hypothesis.given(case=operation.as_strategy())
        def holds(case):
            case.call_and_validate(base_url=HOME, checks=CHECKS)

        holds()
        tested += 1
    documented = client.get("/api/openapi.json").json()["paths"]
    assert tested == sum(len(methods) for path, methods in documented.items() if not path.endswith("/events"))


def test_the_page_is_built_for_this_openapi(client):
    stored = Path(__file__).parents[2] / "web" / "openapi.json"
    if not stored.exists():
        pytest.fail("web/openapi.json is missing: run `make web`")
    assert json.loads(stored.read_text()) == client.get("/api/openapi.json").json(), "run `make web`"
