"""A `touchstone` command that ends with its parent: what `touchstone up` starts."""

from app.cli import main
from app.supervisor import end_with_parent

if __name__ == "__main__":
    end_with_parent()
    main()
