"""People, chats and messages, as a test sees and moves them."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aiogram import types

from tests.fake_telegram.files import Kind, Stored, Upload, look, what_becomes_of

if TYPE_CHECKING:
    from tests.fake_telegram.server import FakeTelegram

#: who writes for an admin that hides, and who forwards a channel's posts into its discussion
ANONYMOUS = types.User(id=1087968824, is_bot=True, first_name="Group", username="GroupAnonymousBot")
FORWARDER = types.User(id=777000, is_bot=False, first_name="Telegram")

ChatType = Literal["private", "group", "supergroup", "channel"]


def utf16(text: str) -> int:
    """Count as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class Version:
    """What a message was before an edit."""

    text: str | None
    caption: str | None
    kind: Kind | None
    media: Stored | None
    labels: tuple[str, ...]
    until: float  #: when it was edited, by the monotonic clock


@dataclass(eq=False)
class ChatMessage:
    """A message as it stands in its chat now."""

    chat: Chat = field(repr=False)
    id: int
    sender: User | None  #: None: the bot, or a channel
    by_bot: bool
    text: str | None = None
    caption: str | None = None
    media: Stored | None = None
    kind: Kind | None = None  #: of the media, as the chat shows it
    keyboard: list[list[types.InlineKeyboardButton]] = field(default_factory=list)
    thread: int | None = None
    reply_to: ChatMessage | None = field(default=None, repr=False)
    album: str | None = None
    parse_mode: str | None = None
    edits: list[Version] = field(default_factory=list)  #: what it was before, oldest first
    reactions: list[str] = field(default_factory=list)  #: the bot's
    deleted: bool = False
    anonymous: bool = False
    forwarded_from: ChatMessage | None = None  #: a channel's post, forwarded into its discussion by Telegram
    service: dict[str, Any] = field(default_factory=dict)  #: fields of a service message
    sent_at: float = field(default_factory=time.monotonic)
    date: int = field(default_factory=lambda: int(time.time()))
    edit_date: int | None = None

    @property
    def words(self) -> str:
        """Text or caption."""
        return self.text or self.caption or ""

    @property
    def buttons(self) -> list[types.InlineKeyboardButton]:
        return [button for row in self.keyboard for button in row]

    @property
    def labels(self) -> list[str]:
        return [button.text for button in self.buttons]

    def button(self, wanted: str) -> types.InlineKeyboardButton:
        """Find a button by its label, a part of it, or the beginning of its data."""
        for fits in (
            lambda b: b.text == wanted,
            lambda b: (b.callback_data or "").startswith(wanted),
            lambda b: wanted.lower() in b.text.lower(),
        ):
            if found := [button for button in self.buttons if fits(button)]:
                return found[0]
        raise AssertionError(f"no button {wanted!r} among {[(b.text, b.callback_data) for b in self.buttons]}")

    def version(self) -> Version:
        return Version(self.text, self.caption, self.kind, self.media, tuple(self.labels), time.monotonic())

    def change(self, words: str) -> None:
        """Put other words under the same message."""
        self.edits.append(self.version())
        if self.media:
            self.caption = words
        else:
            self.text = words
        self.edit_date = int(time.time())
        self.chat.telegram.changed()

    def as_type(self, *, whole: bool = True) -> types.Message:
        """Return what the Bot API would say of it; without `whole` no reply hangs on it."""
        values: dict[str, Any] = {
            "message_id": self.id,
            "date": self.date,
            "edit_date": self.edit_date,
            "chat": self.chat.as_type(),
            "text": self.text,
            "entities": _entities(self.text),
            "caption": self.caption,
            "caption_entities": _entities(self.caption),
            "media_group_id": self.album,
            **self._senders(),
            **self._thread(),
            **self.service,
        }
        if self.media and self.kind:
            values[self.kind] = self.media.as_type(self.kind)
            if self.kind == "animation":  # Telegram fills both
                values["document"] = self.media.as_type("document")
        if self.keyboard:
            values["reply_markup"] = types.InlineKeyboardMarkup(inline_keyboard=self.keyboard)
        if whole and self.reply_to:
            values["reply_to_message"] = self.reply_to.as_type(whole=False)
        return types.Message(**{key: value for key, value in values.items() if value is not None})

    def _senders(self) -> dict[str, Any]:
        if self.forwarded_from:
            origin = self.forwarded_from
            return {
                "from_user": FORWARDER,
                "sender_chat": origin.chat.as_type(),
                "is_automatic_forward": True,
                "forward_origin": types.MessageOriginChannel(
                    date=origin.date, chat=origin.chat.as_type(), message_id=origin.id
                ),
            }
        if self.chat.type == "channel":
            return {"sender_chat": self.chat.as_type()}
        if self.by_bot:
            return {"from_user": self.chat.telegram.me}
        if self.anonymous:
            return {"from_user": ANONYMOUS, "sender_chat": self.chat.as_type()}
        return {"from_user": self.sender.as_type() if self.sender else None}

    def _thread(self) -> dict[str, Any]:
        if self.thread is not None:
            return {"message_thread_id": self.thread, "is_topic_message": True}
        if self.chat.type == "supergroup" and self.reply_to:  # a thread of replies: no topic that can be written to
            root = self.reply_to
            while root.reply_to:
                root = root.reply_to
            return {"message_thread_id": root.id}
        return {}


def _entities(text: str | None) -> list[types.MessageEntity] | None:
    if not text:
        return None
    found = []
    for kind, pattern in (("bot_command", r"(?<!\S)/\w+(@\w+)?"), ("url", r"https?://\S+")):
        for match in re.finditer(pattern, text):
            offset, length = utf16(text[: match.start()]), utf16(match.group())
            found.append(types.MessageEntity(type=kind, offset=offset, length=length))
    return sorted(found, key=lambda entity: entity.offset) or None


@dataclass(eq=False)
class Press:
    """A pressed button and what the person was shown for it."""

    id: str
    user: User
    message: ChatMessage
    data: str
    at: float = field(default_factory=time.monotonic)
    text: str = ""  #: the toast
    alert: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def as_type(self) -> types.CallbackQuery:
        return types.CallbackQuery(
            id=self.id,
            from_user=self.user.as_type(),
            chat_instance=str(-self.message.chat.id),
            message=self.message.as_type(),
            data=self.data,
        )


class Chat:
    """A chat with everything that was said in it."""

    def __init__(self, telegram: FakeTelegram, id_: int, type_: ChatType, title: str = "", *, user: User | None = None):
        self.telegram = telegram
        self.id = id_
        self.type: ChatType = type_
        self.title = title
        self.user = user  #: of a private chat
        self.username: str | None = None
        self.history: list[ChatMessage] = []  #: everything, deleted and service messages too
        self.topics: dict[int, str] | None = None  #: names by thread id; None: the chat has none
        self.members: dict[int, User] = {}
        self.admins: dict[int, dict[str, Any]] = {}  #: rights by person
        self.bot_status: Literal["member", "administrator", "left", "kicked"] = "member"
        self.bot_rights: dict[str, bool] = {}
        self.muted = False  #: the bot may not write
        self.gone = False
        self.migrated_to: Chat | None = None
        self.discussion: Chat | None = None  #: of a channel
        self.actions: list[str] = []  #: chat actions of the bot
        self.drafts: list[str] = []  #: texts the bot let grow in front of the person
        self._last_id = 0

    @property
    def messages(self) -> list[ChatMessage]:
        return [message for message in self.history if not message.deleted and not message.service]

    @property
    def from_bot(self) -> list[ChatMessage]:
        return [message for message in self.messages if message.by_bot]

    @property
    def videos(self) -> list[ChatMessage]:
        """The bot's messages that show a video with sound."""
        return [message for message in self.from_bot if message.kind == "video"]

    async def waits_for(
        self, wanted: Callable[[ChatMessage], object] = lambda message: message.by_bot, seconds: float = 10.0
    ) -> ChatMessage:
        """Return the first message of the bot that is as wanted, as soon as it is; else tell what is there."""
        found = await self.telegram.waits_until(
            lambda: next((message for message in self.from_bot if wanted(message)), None), seconds
        )
        if found is None:
            raise AssertionError(f"not within {seconds} s in {self.title!r}:\n{self.transcript()}")
        return found

    async def stays(self, wanted: Callable[[], object], seconds: float) -> None:
        """Fail as soon as something that shall hold does not, for so many seconds."""
        broken = await self.telegram.waits_until(lambda: not wanted(), seconds)
        assert not broken, self.transcript()

    def transcript(self) -> str:
        """Tell the chat in lines, for a person who reads a failed test."""
        lines = []
        for message in self.history:
            who = "bot" if message.by_bot else message.sender.name if message.sender else self.title
            marks = " deleted" * message.deleted + f" edited {len(message.edits)}x" * bool(message.edits)
            words = message.words or ", ".join(message.service)
            lines.append(f"{message.id} {who}: [{message.kind or 'text'}] {words!r} {message.labels or ''}{marks}")
        return "\n".join(lines) or "(nothing was said)"

    def message(self, id_: int | None) -> ChatMessage | None:
        """Find a message that is not deleted."""
        return next((message for message in self.history if message.id == id_ and not message.deleted), None)

    def topic(self, name: str) -> int:
        """Open a topic; return its thread id."""
        assert self.topics is not None, "a chat without topics"
        message = self.add(service={"forum_topic_created": types.ForumTopicCreated(name=name, icon_color=7322096)})
        message.thread = message.id
        self.topics[message.id] = name
        return message.id

    def make_admin(self, user: User, *, anonymous: bool = False, creator: bool = False, **rights: bool) -> None:
        """Make a person an admin; `anonymous` lets the chat write in their stead."""
        self.members[user.id] = user
        self.admins[user.id] = {"anonymous": anonymous, "creator": creator, **rights}

    def unmake_admin(self, user: User) -> None:
        self.admins.pop(user.id, None)

    def make_bot_admin(self, **rights: bool) -> None:
        """Let the bot see everything and post; `can_post_messages=False` takes that away again."""
        self.bot_rights = rights
        self._bot_becomes("administrator")

    def kick(self) -> None:
        """Throw the bot out."""
        self._bot_becomes("kicked")

    def add_bot(self) -> None:
        self._bot_becomes("member")

    def delete(self) -> None:
        """Let the chat be gone: the bot hears nothing of it."""
        self.gone = True
        self.telegram.changed()

    def migrate(self) -> Chat:
        """Upgrade a group to a supergroup under another id; return that."""
        new = Chat(self.telegram, self.telegram.new_group_id(), "supergroup", self.title)
        new.members, new.admins, new.bot_status = self.members, self.admins, self.bot_status
        new.bot_rights = self.bot_rights
        self.telegram.chats[new.id] = new
        self.telegram.updates.add(message=self.add(service={"migrate_to_chat_id": new.id}).as_type())
        self.migrated_to = new
        self.telegram.updates.add(message=new.add(service={"migrate_from_chat_id": self.id}).as_type())
        return new

    async def posts(self, text: str, *, reply_to: ChatMessage | None = None) -> ChatMessage:
        """Let a channel say something: nobody is named."""
        return self._post(self.add(text=text, reply_to=reply_to))

    async def posts_clip(
        self, clip: Path | bytes, as_: Kind | None = None, *, caption: str | None = None, name: str | None = None
    ) -> ChatMessage:
        """Let a channel show a clip."""
        return self._post(self.add(**self.telegram.clip(clip, as_, name), caption=caption))

    async def edits(self, message: ChatMessage, words: str) -> None:
        """Let a channel change a post of its own."""
        message.change(words)
        self.telegram.updates.add(edited_channel_post=message.as_type())

    def _post(self, message: ChatMessage) -> ChatMessage:
        assert self.type == "channel", "only a channel speaks for itself"
        if self.bot_status == "administrator":
            self.telegram.updates.add(channel_post=message.as_type())
        if self.discussion:
            forward = self.discussion.add(
                text=message.text,
                caption=message.caption,
                media=message.media,
                kind=message.kind,
                forwarded_from=message,
            )
            self.discussion.tell(forward)
        return message

    def add(self, **values: Any) -> ChatMessage:
        """Put a message into the chat, without telling the bot."""
        if self.type in ("private", "group"):  # all of them share one row of numbers
            number = self.telegram.next_message_id()
        else:
            number = self._last_id = self._last_id + 1
        message = ChatMessage(self, number, **{"sender": None, "by_bot": False} | values)
        self.history.append(message)
        self.telegram.changed()
        return message

    def tell(self, message: ChatMessage) -> None:
        """Let the bot hear of a message, if it may."""
        if self._heard(message):
            self.telegram.updates.add(message=message.as_type())

    def _heard(self, message: ChatMessage) -> bool:
        if self.type == "private":
            return True
        if self.bot_status in ("left", "kicked"):
            return False
        if self.bot_status == "administrator" or not self.telegram.privacy or message.service:
            return True
        name = self.telegram.me.username
        if command := re.match(r"/\w+(?:@(\w+))?", message.words):
            return command[1] in (None, name)
        return f"@{name}" in message.words or bool(message.reply_to and message.reply_to.by_bot)

    def _bot_becomes(self, status: Literal["member", "administrator", "left", "kicked"]) -> None:
        old, self.bot_status = self.bot_member(), status
        by = next(iter(self.members.values()), None) or self.user
        self.telegram.updates.add(
            my_chat_member=types.ChatMemberUpdated(
                chat=self.as_type(),
                from_user=by.as_type() if by else FORWARDER,
                date=int(time.time()),
                old_chat_member=old,
                new_chat_member=self.bot_member(),
            )
        )
        self.telegram.changed()

    def bot_member(self) -> Any:
        return member(self.bot_status, self.telegram.me, self.bot_rights)

    def member(self, user_id: int) -> Any:
        """Return aiogram's model of somebody's standing here; None for a stranger to Telegram."""
        if user_id == self.telegram.me.id:
            return self.bot_member()
        user = self.telegram.users.get(user_id)
        if user is None:
            return None
        if rights := self.admins.get(user_id):
            return member("creator" if rights["creator"] else "administrator", user.as_type(), rights)
        return member("member" if user_id in self.members or self.user is user else "left", user.as_type(), {})

    def as_type(self) -> types.Chat:
        names: dict[str, Any] = {"title": self.title}
        if self.user:
            names = {"first_name": self.user.name, "username": self.user.username}
        return types.Chat(id=self.id, type=self.type, is_forum=True if self.topics is not None else None, **names)


def member(status: str, user: types.User, rights: dict[str, Any]) -> Any:
    """Build aiogram's model of a member."""
    match status:
        case "creator":
            return types.ChatMemberOwner(user=user, is_anonymous=bool(rights.get("anonymous")))
        case "administrator":
            given = {
                name: True
                for name, info in types.ChatMemberAdministrator.model_fields.items()
                if name.startswith("can_") and info.is_required()
            }
            given |= {"can_be_edited": False, "can_promote_members": False, "can_post_messages": True}
            given |= {name: value for name, value in rights.items() if name.startswith("can_")}
            return types.ChatMemberAdministrator(user=user, is_anonymous=bool(rights.get("anonymous")), **given)
        case "kicked":
            return types.ChatMemberBanned(user=user, until_date=0)
        case "left":
            return types.ChatMemberLeft(user=user)
    return types.ChatMemberMember(user=user)


class User:
    """A person with a client in the hand."""

    def __init__(self, telegram: FakeTelegram, id_: int, name: str, language: str | None) -> None:
        self.telegram = telegram
        self.id = id_
        self.name = name
        self.username = f"{re.sub(r'[^a-z]', '', name.lower()) or 'person'}{id_}"
        self.language = language
        self.blocked = False
        self.deactivated = False
        self.started = True  #: has written to the bot before, so that it may write first
        self.chat = Chat(telegram, id_, "private", name, user=self)

    def as_type(self) -> types.User:
        return types.User(
            id=self.id, is_bot=False, first_name=self.name, username=self.username, language_code=self.language
        )

    async def says(
        self, text: str, *, chat: Chat | None = None, reply_to: ChatMessage | None = None, thread: int | None = None
    ) -> ChatMessage:
        """Write a message."""
        return self._send(chat, reply_to, thread, text=text)

    async def sends_clip(
        self,
        clip: Path | bytes,
        as_: Kind | None = None,
        *,
        caption: str | None = None,
        chat: Chat | None = None,
        reply_to: ChatMessage | None = None,
        thread: int | None = None,
        name: str | None = None,
    ) -> ChatMessage:
        """Send a file; without `as_` it becomes what a client makes of it (a sound-less MP4 an animation)."""
        assert not (as_ == "video_note" and caption), "a video note has no caption"
        return self._send(chat, reply_to, thread, caption=caption, **self.telegram.clip(clip, as_, name))

    async def sends_album(
        self,
        clips: Sequence[Path | bytes],
        *,
        caption: str | None = None,
        chat: Chat | None = None,
        as_: Kind = "video",
        spread_s: float = 0.1,
    ) -> list[ChatMessage]:
        """Send an album: a message each, one after the other over `spread_s`; the caption stands under the first."""
        album, sent = str(self.telegram.new_id()), []
        for number, clip in enumerate(clips):
            if number:
                await asyncio.sleep(spread_s / (len(clips) - 1))
            words = caption if not number else None
            sent.append(self._send(chat, None, None, caption=words, album=album, **self.telegram.clip(clip, as_, None)))
        return sent

    async def edits(self, message: ChatMessage, words: str) -> None:
        """Change text or caption of a message of one's own."""
        assert message.sender is self
        message.change(words)
        if message.chat._heard(message):
            self.telegram.updates.add(edited_message=message.as_type())

    async def deletes(self, message: ChatMessage) -> None:
        """Delete a message; the bot hears nothing of it."""
        message.deleted = True
        self.telegram.changed()

    async def taps(self, message: ChatMessage, button: str) -> Press:
        """Press a button by label or data and do not wait for what comes of it."""
        assert not message.deleted, "nobody can press what is not there any more"
        found = message.button(button)
        assert found.callback_data, f"{found.text!r} asks nothing of the bot"
        press = Press(str(self.telegram.new_id()), self, message, found.callback_data)
        self.telegram.presses[press.id] = press
        self.telegram.updates.add(callback_query=press.as_type())
        return press

    async def presses(self, message: ChatMessage, button: str, *, seconds: float = 10.0) -> Press:
        """Press a button and wait until the bot has answered; a spinner that hangs is a failure."""
        press = await self.taps(message, button)
        if not await self.telegram.waits_until(press.answered.is_set, seconds):
            raise AssertionError(f"nothing answered {press.data!r} within {seconds} s:\n{message.chat.transcript()}")
        return press

    async def stops(self, draft_id: int) -> None:
        """Press the stop button of a draft in the private chat."""
        self.telegram.updates.add(
            stopped_message_generation=types.MessageGenerationStopped(chat=self.chat.as_type(), draft_id=draft_id)
        )

    def block(self) -> None:
        """Block the bot."""
        self.blocked = True
        self.chat._bot_becomes("kicked")

    def unblock(self) -> None:
        self.blocked = False
        self.chat._bot_becomes("member")

    def _send(self, chat: Chat | None, reply_to: ChatMessage | None, thread: int | None, **values: Any) -> ChatMessage:
        chat = chat or self.chat
        assert chat.type != "channel", "a channel speaks for itself: channel.posts()"
        if chat.type != "private":
            chat.members[self.id] = self
        if reply_to and thread is None:
            thread = reply_to.thread
        if thread is not None and reply_to is None:  # so it comes: a message in a topic replies to the topic's first
            reply_to = chat.message(thread)
        anonymous = bool(chat.admins.get(self.id, {}).get("anonymous"))
        message = chat.add(sender=self, reply_to=reply_to, thread=thread, anonymous=anonymous, **values)
        self.started = True
        chat.tell(message)
        return message


def clip_of(telegram: FakeTelegram, clip: Path | bytes, as_: Kind | None, name: str | None) -> dict[str, Any]:
    """Store a clip as a client would; return the fields of its message."""
    data = clip if isinstance(clip, bytes) else clip.read_bytes()
    upload = Upload(data, name or ("clip.mp4" if isinstance(clip, bytes) else clip.name))
    kind = as_ or what_becomes_of(upload, "video")
    looks = look(data)
    stored = telegram.store.keep(upload, kind, width=looks.width, height=looks.height, duration=round(looks.duration))
    return {"media": stored, "kind": kind}
