"""Directs by rules: from the words' images, the wish, the look and the music; needs nobody, costs nothing."""

from __future__ import annotations

from pipeline.backends import Session, Vendors
from pipeline.imagery.compositions import choose_compositions
from pipeline.imagery.direction import write_by_rules
from pipeline.storyboard import Storyboard


class Rules:
    """The same board gives the same film."""

    def direct(self, board: Storyboard, session: Session | None = None) -> Storyboard:
        """Return the board with style sheet, pictures and moves decided, and pictures that do not look alike."""
        return choose_compositions(write_by_rules(board))


def load(variant: str = "", vendors: Vendors | None = None) -> Rules:
    """Rules have no variants and need no vendor."""
    return Rules()
