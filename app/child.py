"""A `touchstone` command that ends with its parent: what `touchstone up` starts."""

import os
import signal
import threading
import time

from app.cli import main
from app.supervisor import GRACE


def end_with_parent() -> None:
    """Ends this process when its standard input closes: as by SIGTERM, and after the grace by SIGKILL."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


if __name__ == "__main__":
    end_with_parent()
    main()
