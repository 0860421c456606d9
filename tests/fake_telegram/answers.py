"""What each method of the Bot API does here, and what it says when it does not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiogram import methods, types
from aiogram.types import BufferedInputFile

from tests.fake_telegram.chats import Chat, ChatMessage, User, utf16
from tests.fake_telegram.files import Kind, Stored, Upload, photo_fault, thumbnail_fault, what_becomes_of
from tests.fake_telegram.wire import NotDone, Violation

if TYPE_CHECKING:
    from tests.fake_telegram.server import FakeTelegram

MOST_TEXT = 4096  # UTF-16 units (Bot API, sendMessage)
MOST_CAPTION = 1024  # UTF-16 units (Bot API, sendVideo)
MOST_TOAST = 200  # characters (Bot API, answerCallbackQuery)
MOST_DATA = 64  # bytes (Bot API, InlineKeyboardButton)
MOST_BUTTONS = 100
MOST_DOWNLOAD = 20 << 20  # bytes (tdlib/telegram-bot-api, Client.h MAX_DOWNLOAD_FILE_SIZE)

UNMODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
STALE = "Bad Request: query is too old and response timeout expired or query ID is invalid"


class Answers:
    """One method of this class per method of the Bot API, under the same name."""

    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram

    def getMe(self, asked: methods.GetMe) -> types.User:  # noqa: N802
        return self._telegram.me

    async def getUpdates(self, asked: methods.GetUpdates) -> list[types.Update]:  # noqa: N802
        return await self._telegram.updates.poll(asked)

    def setWebhook(self, asked: methods.SetWebhook) -> bool:  # noqa: N802
        self._telegram.updates.set_hook(asked, drop=bool(asked.drop_pending_updates))
        return True

    def deleteWebhook(self, asked: methods.DeleteWebhook) -> bool:  # noqa: N802
        self._telegram.updates.set_hook(None, drop=bool(asked.drop_pending_updates))
        return True

    def getWebhookInfo(self, asked: methods.GetWebhookInfo) -> types.WebhookInfo:  # noqa: N802
        return self._telegram.updates.hook_info()

    def logOut(self, asked: methods.LogOut) -> bool:  # noqa: N802
        return True

    def close(self, asked: methods.Close) -> bool:
        return True

    # -- messages ------------------------------------------------------------------------------------------------

    def sendMessage(self, asked: methods.SendMessage) -> types.Message:  # noqa: N802
        return self._post(asked, text=_text(asked.text)).as_type()

    def sendVideo(self, asked: methods.SendVideo) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "video", asked.video)).as_type()

    def sendAnimation(self, asked: methods.SendAnimation) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "animation", asked.animation)).as_type()

    def sendAudio(self, asked: methods.SendAudio) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "audio", asked.audio)).as_type()

    def sendVoice(self, asked: methods.SendVoice) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "voice", asked.voice)).as_type()

    def sendDocument(self, asked: methods.SendDocument) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "document", asked.document)).as_type()

    def sendPhoto(self, asked: methods.SendPhoto) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "photo", asked.photo)).as_type()

    def sendVideoNote(self, asked: methods.SendVideoNote) -> types.Message:  # noqa: N802
        return self._post(asked, **self._media(asked, "video_note", asked.video_note)).as_type()

    def sendMediaGroup(self, asked: methods.SendMediaGroup) -> list[types.Message]:  # noqa: N802
        if not 2 <= len(asked.media) <= 10:
            raise NotDone(400, "Bad Request: group of media must have from 2 to 10 items")
        kinds = {one.type for one in asked.media}
        if len(kinds) > 1 and not kinds <= {"photo", "video"}:
            raise NotDone(400, f"Bad Request: {' and '.join(sorted(kinds))} can't be mixed in one album")
        contents = [self._media(one, one.type, one.media) for one in asked.media]
        if "animation" in {content["kind"] for content in contents}:  # tdlib #301: a sound-less video does not go in
            raise NotDone(400, "Bad Request: animation can't be sent in an album")
        album = str(self._telegram.new_id())
        return [self._post(asked, album=album, **content).as_type() for content in contents]

    def editMessageText(self, asked: methods.EditMessageText) -> types.Message:  # noqa: N802
        message = self._own(asked)
        if message.media:
            raise NotDone(400, "Bad Request: there is no text in the message to edit")
        if asked.text is None:
            raise Violation("editMessageText: no text")
        return self._change(message, asked, text=_text(asked.text)).as_type()

    def editMessageCaption(self, asked: methods.EditMessageCaption) -> types.Message:  # noqa: N802
        message = self._own(asked)
        if not message.media:
            raise NotDone(400, "Bad Request: there is no caption in the message to edit")
        return self._change(message, asked, caption=_caption(asked.caption)).as_type()

    def editMessageReplyMarkup(self, asked: methods.EditMessageReplyMarkup) -> types.Message:  # noqa: N802
        return self._change(self._own(asked), asked).as_type()

    def editMessageMedia(self, asked: methods.EditMessageMedia) -> types.Message:  # noqa: N802
        message = self._own(asked)
        if message.album and asked.media.type not in ("photo", "video", message.kind):
            raise NotDone(400, "Bad Request: can't use the media of the specified type in the album")
        content = self._media(asked.media, asked.media.type, asked.media.media)
        return self._change(message, asked, text=None, **content).as_type()

    def deleteMessage(self, asked: methods.DeleteMessage) -> bool:  # noqa: N802
        chat = self._chat(asked.chat_id)
        message = chat.message(asked.message_id)
        if message is None:
            raise NotDone(400, "Bad Request: message to delete not found")
        if not (message.by_bot or chat.type == "private" or chat.bot_status == "administrator"):
            raise NotDone(400, "Bad Request: message can't be deleted")
        message.deleted = True
        self._telegram.changed()
        return True

    def setMessageReaction(self, asked: methods.SetMessageReaction) -> bool:  # noqa: N802
        message = self._writable(asked.chat_id).message(asked.message_id)
        if message is None:
            raise NotDone(400, "Bad Request: message to react not found")
        message.reactions = [reaction.emoji for reaction in asked.reaction or [] if reaction.type == "emoji"]
        self._telegram.changed()
        return True

    def sendChatAction(self, asked: methods.SendChatAction) -> bool:  # noqa: N802
        chat = self._writable(asked.chat_id)
        self._thread(chat, asked.message_thread_id)
        chat.actions.append(asked.action)
        return True

    def sendMessageDraft(self, asked: methods.SendMessageDraft) -> bool:  # noqa: N802
        chat = self._writable(asked.chat_id)
        if chat.type != "private":
            raise NotDone(400, "Bad Request: drafts can be sent only to private chats")
        chat.drafts.append(asked.text or "")
        self._telegram.changed()
        return True

    # -- presses, files, chats -----------------------------------------------------------------------------------

    def answerCallbackQuery(self, asked: methods.AnswerCallbackQuery) -> bool:  # noqa: N802
        press = self._telegram.presses.get(asked.callback_query_id)
        late = press is None or time.monotonic() - press.at > self._telegram.press_life_s
        if press is None or late or press.answered.is_set():
            raise NotDone(400, STALE)
        if len(asked.text or "") > MOST_TOAST:
            raise NotDone(400, "Bad Request: MESSAGE_TOO_LONG")
        press.text, press.alert = asked.text or "", bool(asked.show_alert)
        press.answered.set()
        self._telegram.changed()
        return True

    def getFile(self, asked: methods.GetFile) -> types.File:  # noqa: N802
        stored = self._telegram.store.by_id.get(asked.file_id)
        if stored is None:
            raise NotDone(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(stored.data) > MOST_DOWNLOAD and not self._telegram.local:
            raise NotDone(400, "Bad Request: file is too big")
        return types.File(
            file_id=stored.id,
            file_unique_id=stored.unique_id,
            file_size=len(stored.data),
            file_path=self._telegram.on_disk(stored) if self._telegram.local else stored.path,
        )

    def getChat(self, asked: methods.GetChat) -> types.ChatFullInfo:  # noqa: N802
        chat = self._chat(asked.chat_id)
        gifts = dict.fromkeys(types.AcceptedGiftTypes.model_fields, False)
        return types.ChatFullInfo(
            **chat.as_type().model_dump(exclude_none=True),
            accent_color_id=0,
            max_reaction_count=11,
            accepted_gift_types=types.AcceptedGiftTypes(**gifts),
            linked_chat_id=chat.discussion.id if chat.discussion else None,
        )

    def getChatMember(self, asked: methods.GetChatMember) -> Any:  # noqa: N802
        member = self._joined(asked.chat_id).member(asked.user_id)
        if member is None:
            raise NotDone(400, "Bad Request: PARTICIPANT_ID_INVALID")
        return member

    def getChatAdministrators(self, asked: methods.GetChatAdministrators) -> list[Any]:  # noqa: N802
        chat = self._joined(asked.chat_id)
        if chat.type == "private":
            raise NotDone(400, "Bad Request: there are no administrators in the private chat")
        admins = [chat.member(user) for user in chat.admins]
        return admins + ([chat.bot_member()] if chat.bot_status == "administrator" else [])

    def getChatMemberCount(self, asked: methods.GetChatMemberCount) -> int:  # noqa: N802
        return len(self._joined(asked.chat_id).members) + 1

    def leaveChat(self, asked: methods.LeaveChat) -> bool:  # noqa: N802
        self._joined(asked.chat_id)._bot_becomes("left")
        return True

    # -- what the bot tells of itself ----------------------------------------------------------------------------

    def setMyCommands(self, asked: methods.SetMyCommands) -> bool:  # noqa: N802
        scope = asked.scope.type if asked.scope else "default"
        for command in asked.commands:
            bad = not command.command.removeprefix("/").isidentifier() or command.command != command.command.lower()
            if bad or len(command.command) > 32:
                raise NotDone(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command.description) <= 256:
                raise NotDone(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        named = {command.command: command.description for command in asked.commands}
        self._telegram.commands[scope, asked.language_code or ""] = named
        return True

    def deleteMyCommands(self, asked: methods.DeleteMyCommands) -> bool:  # noqa: N802
        scope = asked.scope.type if asked.scope else "default"
        self._telegram.commands.pop((scope, asked.language_code or ""), None)
        return True

    def getMyCommands(self, asked: methods.GetMyCommands) -> list[types.BotCommand]:  # noqa: N802
        scope = asked.scope.type if asked.scope else "default"
        named = self._telegram.commands.get((scope, asked.language_code or ""), {})
        return [types.BotCommand(command=name, description=words) for name, words in named.items()]

    def setMyName(self, asked: methods.SetMyName) -> bool:  # noqa: N802
        return True

    def setMyDescription(self, asked: methods.SetMyDescription) -> bool:  # noqa: N802
        return True

    def setMyShortDescription(self, asked: methods.SetMyShortDescription) -> bool:  # noqa: N802
        return True

    # -- what they share -----------------------------------------------------------------------------------------

    def _chat(self, chat_id: int | str) -> Chat:
        chat = self._telegram.find_chat(chat_id)
        if chat is None or chat.gone:
            raise NotDone(400, "Bad Request: chat not found")
        if chat.migrated_to:
            raise NotDone(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=chat.migrated_to.id,
            )
        return chat

    def _joined(self, chat_id: int | str) -> Chat:
        chat = self._chat(chat_id)
        if chat.type != "private" and chat.bot_status == "kicked":
            raise NotDone(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        if chat.type != "private" and chat.bot_status == "left":
            raise NotDone(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        return chat

    def _writable(self, chat_id: int | str) -> Chat:
        chat = self._joined(chat_id)
        if chat.user:
            self._reachable(chat.user)
        elif chat.type == "channel":
            if chat.bot_status != "administrator":
                raise NotDone(403, "Forbidden: bot is not a member of the channel chat")
            if not chat.bot_rights.get("can_post_messages", True):
                raise NotDone(400, "Bad Request: need administrator rights in the channel chat")
        elif chat.muted:
            raise NotDone(400, "Bad Request: not enough rights to send text messages to the chat")
        return chat

    def _reachable(self, user: User) -> None:
        if user.deactivated:
            raise NotDone(403, "Forbidden: user is deactivated")
        if user.blocked:
            raise NotDone(403, "Forbidden: bot was blocked by the user")
        if not user.started:
            raise NotDone(403, "Forbidden: bot can't initiate conversation with a user")

    def _thread(self, chat: Chat, thread: int | None) -> int | None:
        if thread is not None and thread not in (chat.topics or {}):
            raise NotDone(400, "Bad Request: message thread not found")
        return thread

    def _post(self, asked: Any, **content: Any) -> ChatMessage:
        chat = self._writable(asked.chat_id)
        thread = self._thread(chat, asked.message_thread_id)
        replied = self._replied(chat, getattr(asked, "reply_parameters", None))
        if replied and thread is None:
            thread = replied.thread
        if thread is not None and replied is None:
            replied = chat.message(thread)
        return chat.add(
            by_bot=True,
            thread=thread,
            reply_to=replied,
            keyboard=self._keyboard(getattr(asked, "reply_markup", None)),
            **self._unmarked(asked) | content,
        )

    def _replied(self, chat: Chat, reply: types.ReplyParameters | None) -> ChatMessage | None:
        if reply is None:
            return None
        message = chat.message(reply.message_id)
        if message is None and reply.allow_sending_without_reply is not True:
            raise NotDone(400, "Bad Request: message to be replied not found")
        return message

    def _own(self, asked: Any) -> ChatMessage:
        if asked.chat_id is None or asked.message_id is None:
            raise NotDone(400, "Bad Request: message identifier is not specified")
        message = self._writable(asked.chat_id).message(asked.message_id)
        if message is None:
            raise NotDone(400, "Bad Request: message to edit not found")
        if not message.by_bot:
            raise NotDone(400, "Bad Request: message can't be edited")
        return message

    def _change(self, message: ChatMessage, asked: Any, **content: Any) -> ChatMessage:
        content |= {"keyboard": self._keyboard(asked.reply_markup)} | self._unmarked(asked)
        old_media = message.media
        same = all(getattr(message, name) == value for name, value in content.items())
        if same and content.get("media", old_media) is old_media:
            raise NotDone(400, UNMODIFIED)
        message.edits.append(message.version())
        for name, value in content.items():
            setattr(message, name, value)
        message.edit_date = int(time.time())
        self._telegram.changed()
        return message

    def _unmarked(self, asked: Any) -> dict[str, Any]:
        """Refuse mark-up, which nothing here reads."""
        if isinstance(getattr(asked, "parse_mode", None), str):
            raise Violation(f"parse_mode {asked.parse_mode!r}: words are plain here")
        return {}

    def _keyboard(self, markup: Any) -> list[list[types.InlineKeyboardButton]]:
        if not isinstance(markup, types.InlineKeyboardMarkup):
            return []
        buttons = [button for row in markup.inline_keyboard for button in row]
        if len(buttons) > MOST_BUTTONS:
            raise NotDone(400, "Bad Request: reply markup is too long")
        for button in buttons:
            _check_button(button)
        return [row for row in markup.inline_keyboard if row]

    def _media(self, asked: Any, kind: Kind, file: Any) -> dict[str, Any]:
        """Return media, kind and caption of a message: from an upload, a file id or, on a local server, a path."""
        self._unmarked(asked)
        content: dict[str, Any] = {"caption": _caption(getattr(asked, "caption", None))}
        if isinstance(file, BufferedInputFile):
            return content | self._uploaded(asked, kind, Upload(file.data, file.filename or "file"))
        if file.startswith("file://") and self._telegram.local:
            return content | self._uploaded(asked, kind, self._telegram.from_disk(file))
        if file.startswith(("http://", "https://")):
            raise NotDone(400, "Bad Request: failed to get HTTP URL content")
        stored = self._telegram.store.by_id.get(file)
        if stored is None:
            raise NotDone(400, "Bad Request: wrong remote file identifier specified: Wrong string length")
        if stored.kind != kind:
            raise NotDone(400, f"Bad Request: can't use file of type {stored.kind} as {kind}")
        return content | {"media": stored, "kind": stored.kind}

    def _uploaded(self, asked: Any, kind: Kind, upload: Upload) -> dict[str, Any]:
        if not upload.data:
            raise NotDone(400, "Bad Request: file must be non-empty")
        if kind == "photo" and (fault := photo_fault(upload)):
            raise NotDone(400, fault)
        thumbnail = getattr(asked, "thumbnail", None)
        thumbnail = Upload(thumbnail.data, "thumb.jpg") if isinstance(thumbnail, BufferedInputFile) else None
        if thumbnail and (fault := thumbnail_fault(thumbnail)):
            raise Violation(fault)
        detect = not getattr(asked, "disable_content_type_detection", None)
        kind = what_becomes_of(upload, kind, detect=detect)
        stored: Stored = self._telegram.store.keep(
            upload,
            kind,
            width=getattr(asked, "width", None) or getattr(asked, "length", None) or 0,
            height=getattr(asked, "height", None) or getattr(asked, "length", None) or 0,
            duration=getattr(asked, "duration", None) or 0,
            thumbnail=thumbnail,
        )
        return {"media": stored, "kind": kind}


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise NotDone(400, "Bad Request: message text is empty")
    if utf16(text) > MOST_TEXT:
        raise NotDone(400, "Bad Request: message is too long")
    return text


def _caption(caption: str | None) -> str | None:
    caption = (caption or "").strip()
    if utf16(caption) > MOST_CAPTION:
        raise NotDone(400, "Bad Request: message caption is too long")
    return caption or None


def _check_button(button: types.InlineKeyboardButton) -> None:
    if not button.text.strip():
        raise NotDone(400, "Bad Request: can't parse inline keyboard button: Text of the button is empty")
    actions = button.model_dump(exclude_none=True, exclude={"text", "style", "icon_custom_emoji_id"})
    if len(actions) != 1:
        raise NotDone(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= MOST_DATA:
        raise NotDone(400, "Bad Request: BUTTON_DATA_INVALID")
    if button.style not in (None, "primary", "success", "danger"):
        raise NotDone(400, "Bad Request: can't parse inline keyboard button: Unknown style")
