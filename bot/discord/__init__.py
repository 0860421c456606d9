"""The Discord front end, on discord.py; start reading at front.py."""
