"""Short texts that people type."""


def plain(text: str, longest: int) -> str:
    """The text without blanks around it, without NUL (which PostgreSQL does not store), cut to `longest` characters."""
    return text.replace("\x00", "").strip()[:longest]
