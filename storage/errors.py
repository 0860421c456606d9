"""What can go wrong in the store; jobs and bot turn these into what people see."""

from __future__ import annotations


class StoreError(Exception):
    """The store did not do what was asked."""


class Missing(StoreError):
    """There is nothing under that key or id (any more)."""


class Down(StoreError):
    """The database or the blob store does not answer; a later try may work."""


class Full(StoreError):
    """A limit on waiting jobs is reached; `.which` says whose: "person", "chat", "queue" or "day"."""

    def __init__(self, which: str, most: int) -> None:
        super().__init__(f"{which}: {most}")
        self.which = which
        self.most = most
