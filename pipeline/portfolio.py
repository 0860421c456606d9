"""Pictures that are taken from one film to the next: what was bought once is not bought again.

A film's folder lists its pictures in `pictures/made.json`: what each was drawn from, and where its files lie. Another
film of the same storyboard takes over those whose lines have not changed.
"""

from __future__ import annotations
