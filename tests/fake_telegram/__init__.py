"""A Telegram Bot API of our own on loopback, for tests: held to aiogram's method and type models."""

from tests.fake_telegram.chats import Chat, ChatMessage, Press, User
from tests.fake_telegram.faults import Fault, Rates
from tests.fake_telegram.files import Stored
from tests.fake_telegram.server import FakeTelegram
from tests.fake_telegram.wire import Call

__all__ = ["Call", "Chat", "ChatMessage", "FakeTelegram", "Fault", "Press", "Rates", "Stored", "User"]
