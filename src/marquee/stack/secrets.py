"""Secret files of the embedded stack, made at the first start."""

import os
import secrets
from pathlib import Path

POSTGRES_PASSWORD = "postgres_password"  # noqa: S105  the name of a file, not a password
NAMES = (POSTGRES_PASSWORD, "mlflow_password", "mlflow_secret_key", "session_key")


def ensure_secrets(folder: Path) -> None:
    """Make each secret that is not there: 32 random URL-safe bytes in a file that only its owner may read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in NAMES:
        path = folder / name
        if not path.exists():
            write_private(path, new_secret())


def new_secret() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read; it appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
