"""Files that hold secrets of the demo."""

import os
from pathlib import Path


def write_private(file: Path, text: str) -> None:
    """Writes a file, whole or not at all, that its owner alone may read."""
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    new.replace(file)
