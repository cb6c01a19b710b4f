"""Answering one person in the chat: with words, with a form, with our page. None of it holds up what they asked for."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.chat import ChatActivities
from domain.intents import FormIntent, HomeIntent
from domain.runs import DeliveryOutcome
from domain.steps import AnswerPerson, OpenForm, ShowHome
from domain.vendors import ChatMessage, Reply
from workflows import policies
from workflows._failures import describe
from workflows._steps import step


async def answer(reply: Reply, message: ChatMessage) -> None:
    """What was asked for is done or not, whether its answer arrives or not."""
    try:
        cmd = AnswerPerson(reply=reply, message=message)
        await step(ChatActivities.answer, cmd, policies.ANSWER, "answer whoever asked")
    except ActivityError as error:
        workflow.logger.warning("not answered", extra={"error": describe(error).message})


async def show(intent: FormIntent | HomeIntent) -> DeliveryOutcome:
    return await (_open_form(intent) if isinstance(intent, FormIntent) else _show_home(intent))


async def _open_form(intent: FormIntent) -> DeliveryOutcome:
    """A form that came too late is not opened; whoever waits for it is given a button for it."""
    try:
        cmd = OpenForm(trigger=intent.trigger, form=intent.form)
        await step(ChatActivities.open_form, cmd, policies.FORM, f"open the form {intent.form.title}")
    except ActivityError as error:
        why = describe(error).message
        if intent.origin.reply is not None:
            told = ChatMessage(title="The form did not open", text=why, buttons=[intent.again])
            await answer(intent.origin.reply, told)
        return DeliveryOutcome(action="failed", detail=why)
    return DeliveryOutcome(action="told", detail=f"opened the form {intent.form.title}")


async def _show_home(intent: HomeIntent) -> DeliveryOutcome:
    cmd = ShowHome(user=intent.user, message=intent.message)
    await step(ChatActivities.show_home, cmd, policies.ANSWER, "show them their integrations")
    return DeliveryOutcome(action="told")
