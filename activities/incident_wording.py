"""What people read of an incident."""

from domain.health import Action, HealthState, Incident
from domain.vendors import ChatMessage

_DID: dict[Action, str] = {"restart": "Restarted", "roll_back": "Rolled back", "call": "Called a person"}


def incident_message(name: str, incident: Incident, state: HealthState) -> ChatMessage:
    lines = [f"Since {incident.opened_at:%Y-%m-%d %H:%M:%S} UTC: {incident.cause or 'its health check fails'}"]
    lines += [
        f"{_DID[step.action]} at {step.at:%H:%M:%S} UTC{f': {step.detail}' if step.detail else '.'}"
        for step in incident.steps
        if step.action != "call"
    ]
    if incident.closed_at is not None:
        lines.append(f"Healthy again since {incident.closed_at:%Y-%m-%d %H:%M:%S} UTC.")
        title = f"{name} {incident.version} is healthy again"
    else:
        title = f"{name} {incident.version} is {'down' if state is HealthState.DOWN else f'up again, and {state}'}"
        lines.append(f"See `ccb health {name}` and `ccb logs {name}`.")
    return ChatMessage(title=title, text="\n".join(lines))
