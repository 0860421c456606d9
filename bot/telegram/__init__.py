"""Reelscore on Telegram: clips come in from chats, films go back to them."""
