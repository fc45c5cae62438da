"""Texts of ours as cells of a table that somebody opens in a spreadsheet."""


def cell(text: str) -> str:
    """The text; marked when it begins like a formula, for which a spreadsheet would take it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
