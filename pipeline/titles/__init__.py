"""Titles: the lyrics on the picture.

sheet.py writes the subtitles that ffmpeg draws. What is drawn where is decided here and not there: text is made
harmless (wording.py), every piece of it gets a font that has it and is measured with the shaper that libass uses too
(faces.py), pieces become rows (rows.py) inside what the platforms leave free (safe.py), rows come and go with the
singing (slots.py), in one of the styles (line.py, karaoke.py, pop.py), after a card with the song's name (card.py).
"""
