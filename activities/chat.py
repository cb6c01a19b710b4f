"""Steps in the chat: one message a run, edited as things go on."""

from temporalio import activity

from domain.ports import Chat
from domain.steps import PostMessage, UpdateMessage
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
