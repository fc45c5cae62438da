"""What leaves gzipped, and what does not."""

from app.web.templating import static

GZIP = {"accept-encoding": "gzip"}


def test_pages_and_static_files_are_packed_for_whoever_takes_it(boss, study):
    for path in (f"/projects/{study}", static("base.css")):
        packed, plain = boss.get(path, headers=GZIP), boss.get(path, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"].lower().count("accept-encoding") == 1
        assert "content-encoding" not in plain.headers
        assert packed.text == plain.text
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
        assert packed.headers["content-security-policy"] == plain.headers["content-security-policy"]


def test_what_machines_ask_for_is_not(admin):
    answer = admin.get("/openapi.json", headers=GZIP)
    assert len(answer.content) > 10_000
    assert "content-encoding" not in answer.headers
