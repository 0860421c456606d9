"""The records: updates, jobs, deliveries, people, chats and ratings, in SQLite or PostgreSQL.

Every method is one transaction. Rows that come back are detached values. Every change of a job or a delivery that is
at work is fenced: it names the attempt and the owner that it believes in, and says False when somebody else has taken
over. `clock` can be set in tests; otherwise it is the machine's. Every method may raise storage.errors.Down.

The methods stand by meaning in inbox.py, orders.py (jobs, from the side of who asks), work.py (jobs, from the side of
who works), outbox.py, people.py and retention.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from storage.caps import Caps
from storage.orders import NewJob, Orders, Waiting
from storage.outbox import NewDelivery
from storage.people import People
from storage.retention import Retention
from storage.work import Work

__all__ = ["Caps", "NewDelivery", "NewJob", "Records", "Waiting"]


class Records(Orders, Work, People, Retention):
    """The one door to the database."""

    @classmethod
    async def open(cls, url: str, *, clock: Callable[[], float] | None = None) -> Records:
        """Connect, and bring the tables up to date (Alembic; one process does it, others wait). Raises Down.

        `url` is `sqlite:///path`, `postgresql://...` or the same with a driver; drivers are put in here.
        """
        from storage.migrations import upgrade  # takes half a second

        records = cls(url, clock=clock or time.time)
        try:
            await upgrade(records.url)
            await records.ping()
        except BaseException:
            await records.close()
            raise
        return records
