"""The password of the demo's databases: other users of the machine reach their ports, too."""

import os
import secrets
from pathlib import Path


class Password:
    def __init__(self, file: Path) -> None:
        self.file = file

    def exists(self) -> bool:
        return self.file.exists()

    def make(self) -> None:
        """Makes a new one, in a file that its owner alone may read."""
        self.file.unlink(missing_ok=True)
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(secrets.token_hex(16))

    def read(self) -> str:
        return self.file.read_text()
