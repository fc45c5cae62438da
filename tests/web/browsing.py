"""Someone in front of a browser, and the words that they read."""

import html
import re

from starlette.testclient import TestClient

HOSTILE = "<script>alert(1)</script>"


def by(*strengths):
    """Imported judgements of ann, ben, …"""
    return [
        {"annotator": name, "strength": strength} for name, strength in zip(("ann", "ben"), strengths, strict=False)
    ]


class Browser(TestClient):
    """Someone who is signed in, and goes where they are sent."""

    def text(self, path, status=200):
        """The words of a page, its tags and spaces taken away."""
        return words(self.get(path), status)

    def submit(self, path, status=200, files=None, **fields):
        """The words of the page that a form leads to."""
        return words(self.post(path, data=fields, files=files), status)


def words(answer, status=200):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"<[a-z][^>]* on\w+=", answer.text)
    main = re.sub(r"</(td|th|dt|dd|li|p|small)>|<small>", " ", answer.text[answer.text.index("<main") :])
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", main)).split())
