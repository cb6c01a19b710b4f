"""Steps in the chat: one message a run, edited as things go on; answers and forms for one person."""

from temporalio import activity

from domain.ports import Chat
from domain.steps import AnswerPerson, OpenForm, PostMessage, ShowHome, UpdateMessage
from domain.vendors import MessageRef


class ChatActivities:
    def __init__(self, chat: Chat, *, channel: str) -> None:
        self._chat = chat
        self._channel = channel

    @activity.defn(name="chat.post")
    async def post(self, cmd: PostMessage) -> MessageRef:
        return await self._chat.post(cmd.channel or self._channel, cmd.message, key=cmd.key)

    @activity.defn(name="chat.update")
    async def update(self, cmd: UpdateMessage) -> None:
        """Edit the run's message. Where none was posted, it is posted or left, as `post` says."""
        ref = cmd.ref or await self._chat.find(self._channel, key=cmd.key)
        if ref is not None:
            await self._chat.update(ref, cmd.message)
        elif cmd.post:
            await self._chat.post(self._channel, cmd.message, key=cmd.key)

    @activity.defn(name="chat.answer")
    async def answer(self, cmd: AnswerPerson) -> None:
        await self._chat.answer(cmd.reply, cmd.message)

    @activity.defn(name="chat.open_form")
    async def open_form(self, cmd: OpenForm) -> None:
        await self._chat.open_form(cmd.trigger, cmd.form)

    @activity.defn(name="chat.show_home")
    async def show_home(self, cmd: ShowHome) -> None:
        await self._chat.show_home(cmd.user, cmd.message)
