"""`touchstone web`, whole or broken: python -m tests.torture.web MUTATION --port N, where - is no mutation."""

import sys

from app.cli import main
from app.supervisor import end_with_parent
from tests.torture.mutations import break_code

if __name__ == "__main__":
    mutation = sys.argv.pop(1)
    sys.argv.insert(1, "web")
    if mutation != "-":
        break_code(mutation)
    end_with_parent()
    main()
