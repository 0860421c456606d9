"""All heavy measurements in one go: `make bench`, or one of them: `make bench ARGS=speed`."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("speed", "bars", "styles", "charts", "edits", "videos", "models", "locks")


def main() -> int:
    """Run each part as a program of its own, so that none warms another up."""
    wanted = [part for part in sys.argv[1:] if part in PARTS] or PARTS
    unknown = [part for part in sys.argv[1:] if part not in PARTS]
    if unknown:
        print(f"There is no {unknown[0]!r}; known: {', '.join(PARTS)}.", file=sys.stderr)  # noqa: T201
        return 2
    for part in wanted:
        print(f"\n== {part} ==", flush=True)  # noqa: T201
        code = subprocess.run([sys.executable, "-m", f"tests.bench.{part}"]).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
