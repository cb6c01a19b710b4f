"""What all simulators share: the journal, faults on demand, and a client of the control routes.

A vendor's package has `app.py` with `create_app(state_dir: Path, config: Mapping[str, Any]) -> ASGI app`. The app is
mounted at the vendor's base URL. Requests to `/_sim/{vendor}/…` other than `journal` and `faults` go to the same app
with their whole path, neither journalled nor broken: that is where people act (`/_sim/slack/press`). No lifespan events
are sent; set up in `create_app`.
"""

from simulators.kit.client import Simulators
from simulators.kit.faults import Fault, Faults, Match
from simulators.kit.journal import Entry, Journal
from simulators.kit.middleware import Simulated
from simulators.kit.protocol import HangUpProtocol

__all__ = ["Entry", "Fault", "Faults", "HangUpProtocol", "Journal", "Match", "Simulated", "Simulators"]
