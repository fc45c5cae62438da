"""The description of API v1, by which programs are written."""

from jsonschema import Draft202012Validator

from tests.web.walking import routes


def description(nobody):
    answer = nobody.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def operations(found):
    return [(m, path, entry) for path, item in found["paths"].items() for m, entry in item.items()]


def test_everyone_may_read_it_and_it_is_what_it_says(nobody):
    found = description(nobody)
    assert found["openapi"].startswith("3.1")
    assert found["info"]["title"] == "Touchstone"
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    names = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}

    def references(value):
        if isinstance(value, dict):
            yield from ([value["$ref"]] if "$ref" in value else [])
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                yield from references(item)

    assert set(references(found)) <= names


def test_every_operation_of_the_api_is_in_it_and_no_page(app, nobody):
    found = {(method.upper(), path) for method, path, _ in operations(description(nobody))}
    there = {(m, path) for m, path, _ in routes(app) if path.startswith("/api/v1/") and m != "HEAD"}
    assert found == there - {("GET", "/api/v1/openapi.json")}


def test_every_operation_says_what_it_does_what_it_gives_and_how_it_fails(nobody):
    seen = set()
    for method, path, entry in operations(description(nobody)):
        where = (method, path)
        assert entry["summary"], where
        assert len(entry["description"]) > 5, where
        assert entry["tags"], where
        assert entry["operationId"] not in seen
        seen.add(entry["operationId"])
        given = entry["responses"]
        assert any(status.startswith("2") for status in given), where
        for status in ("401", "403", "404", "409", "422"):
            assert set(given[status]["content"]) == {"application/problem+json"}, (where, status)


def test_it_says_how_to_come_in(nobody):
    found = description(nobody)
    assert found["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
    assert found["security"] == [{"token": []}]


def test_what_is_not_json_is_described_as_what_it_is(nobody):
    paths = description(nobody)["paths"]
    project = "/api/v1/projects/{slug}"
    upload = paths[f"{project}/batches"]["post"]
    assert {"application/x-ndjson", "text/csv", "multipart/form-data"} <= set(upload["requestBody"]["content"])
    assert "413" in upload["responses"]
    assert "application/x-ndjson" in paths[f"{project}/export"]["get"]["responses"]["200"]["content"]
    errors = paths[f"{project}/batches/{{batch_id}}/errors.csv"]["get"]
    assert "text/csv" in errors["responses"]["200"]["content"]
