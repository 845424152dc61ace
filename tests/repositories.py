"""A real git repository that tests fill."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada Author",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05+00:00",
    "GIT_COMMITTER_NAME": "Carl Committer",
    "GIT_COMMITTER_EMAIL": "carl@example.org",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05+00:00",
}


class GitRepository:
    """A repository in a temporary folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, **environment: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env=ENVIRONMENT | environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(
        self,
        files: dict[str, str | bytes] | None = None,
        message: str = "change",
        at: str = ENVIRONMENT["GIT_COMMITTER_DATE"],
    ) -> str:
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, GIT_COMMITTER_DATE=at)
        return self.git("rev-parse", "HEAD")


SHOP = {
    "shop/cart.py": '''"""The shopping cart."""

from shop.prices import total_price


class Cart:
    """Things that a customer wants to buy."""

    def __init__(self):
        self.items = []

    def add_item(self, name, price):
        """Put one more thing into the cart."""
        self.items.append((name, price))

    def checkout(self):
        """Ask for payment of everything in the cart."""
        return total_price(self.items)
''',
    "shop/prices.py": '''"""Prices and taxes."""

VAT = 0.19


def total_price(items):
    """Add up prices with value added tax."""
    return sum(price for _, price in items) * (1 + VAT)
''',
    "shop/retry.py": '''"""Try again after a failure."""

import time


def retry_request(send, attempts=3):
    """Send a request again until it succeeds, waiting longer each time."""
    for attempt in range(attempts):
        try:
            return send()
        except ConnectionError:
            time.sleep(2**attempt)
    raise ConnectionError
''',
    "tests/test_cart.py": """from shop.cart import Cart


def test_checkout():
    cart = Cart()
    cart.add_item("tea", 2)
    assert cart.checkout() > 2
""",
    "web/app.ts": """export interface User { id: number; name: string }

export function renderUser(user: User): string {
  return `<b>${user.name}</b>`;
}
""",
    "README.md": "# Shop\n\nA shop that sells tea.\n",
}
