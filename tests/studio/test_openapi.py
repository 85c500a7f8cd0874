"""The OpenAPI is true: whatever is asked by it is answered as it says, and never with a 5xx."""

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
from studios import HOME, asked, given

from impasto.studio import jobs

STREAMS = r"/events$"
"""These do not end; tests of their own read them."""


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_every_answer_is_documented_and_none_is_a_failure(client, folder):
    picture = given(client)
    for _ in range(3):
        asked(client, picture, picture)
    jobs.take(folder)
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", client.app, headers={"host": "localhost"})
    asked_for = 0
    for found in schema.exclude(path_regex=STREAMS).get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        @hypothesis.given(case=operation.as_strategy())
        def holds(case):
            case.call_and_validate(base_url=HOME, checks=CHECKS)

        holds()
        asked_for += 1
    documented = client.get("/api/openapi.json").json()["paths"]
    assert asked_for == sum(len(methods) for path, methods in documented.items() if not path.endswith("/events"))


def test_the_page_is_made_for_this_openapi(client):
    kept = Path(__file__).parents[2] / "web" / "openapi.json"
    if not kept.exists():
        pytest.fail("web/openapi.json is missing: run `make web`")
    assert json.loads(kept.read_text()) == client.get("/api/openapi.json").json(), "run `make web`"
