"""Tables and the few statements that need care; knows no rule."""
