"""Which ticket asked, and who people are in trackers."""

import pytest

from adapters.database import SqlIntegrations, SqlPeople
from domain import ids
from domain.errors import Conflict
from domain.people import Channel, Person
from domain.vendors import TicketRef

RUN = {"workflow_id": "w", "run_id": "r"}


async def test_finding_by_ticket(db, requested):
    store = SqlIntegrations(db)
    ticket = TicketRef(tracker="linear", id=ids.new("x"), key="ENG-1", url="https://linear.example/ENG-1")
    await store.accept(requested().model_copy(update={"ticket": ticket}), **RUN)
    newer = await store.accept(requested().model_copy(update={"ticket": ticket}), **RUN)
    moved = ticket.model_copy(update={"key": "OPS-7", "url": ""})
    found = await store.by_ticket(moved)
    assert (found.id, found.ticket, found.issue) == (newer.id, ticket, None)
    assert await store.by_ticket(ticket.model_copy(update={"tracker": "jira"})) is None
    assert await store.by_ticket(ticket.model_copy(update={"id": "other"})) is None


async def test_people_are_found_by_their_names_in_trackers(db):
    people = SqlPeople(db)
    account = ids.new("x")
    ada = Person(id=ids.new("per"), name=ids.new("ada"), linear=f"{account}@Example.com", jira=f"557058:{account}")
    await people.add(ada)
    assert (await people.find(Channel.LINEAR, f"{account.upper()}@example.COM")).id == ada.id
    assert (await people.find(Channel.JIRA, f"557058:{account}")).id == ada.id
    assert await people.find(Channel.JIRA, f"{account}@example.com") is None
    for same in ({"linear": ada.linear}, {"jira": ada.jira}):
        with pytest.raises(Conflict):
            await people.add(Person(id=ids.new("per"), name=ids.new("eve"), **same))
