"""What deprecating and retiring share: telling people once, of something that is done and stays done."""

from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from domain.dependencies import Dependent
from domain.runs import Undone
from domain.steps import PostMessage
from domain.vendors import ChatMessage
from workflows import policies
from workflows._book import RunBook
from workflows._failures import describe
from workflows._run import Run
from workflows._saga import Undo
from workflows._steps import at_once
from workflows._wording import progress_message


async def attempt(book: RunBook, name: str, do: Undo) -> bool:
    """Do what is not undone if it fails; what could not be done is listed by `name`."""
    try:
        await do()
    except ActivityError as error:
        book.untold.append(Undone(step=name, ok=False, error=describe(error).message))
        return False
    return True


async def tell_owners_and_dependents(run: Run, dependents: list[Dependent]) -> None:
    """One message to the channel about the integration, and one to those who depend on it, with their names."""
    book = run.book
    said = PostMessage(message=progress_message(book), key=run.key("message"))
    await attempt(
        book, "message to the channel", lambda: at_once(ChatActivities.post, said, policies.UNDO, "tell the owners")
    )
    if not dependents:
        return
    theirs = PostMessage(message=_to_dependents(book, dependents), key=run.key("dependents"))
    await attempt(
        book, "message to dependents", lambda: at_once(ChatActivities.post, theirs, policies.UNDO, "tell dependents")
    )


def _to_dependents(book: RunBook, dependents: list[Dependent]) -> ChatMessage:
    lines = [f"- {one.name} {one.version} of {one.owner} needs {one.version_range}" for one in dependents]
    return ChatMessage(
        title=f"{book.name} {book.version} is {book.stage}, and others depend on it",
        text="\n".join([book.title, *lines]),
    )
