"""The validator of the tests themselves: are they weaker than they were, and does the code know them?"""

from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from adapters.validation import programs
from adapters.validation.tool import failed, look
from adapters.validation.validator import Found, Heartbeat, Subject
from adapters.validation.weakening.comparing import TOOL, compared, finding, standing
from adapters.validation.weakening.described import Read
from domain.reports import Kind

_MODULES = ("assertions", "describing", "special", "reading")


class Weakening:
    """Reads the tests, and those of the earlier revision and of the version before, if there are such.

    All that it finds is for a person. It is a look at the text: a test may be made to pass in ways that it cannot see.
    Mutants see some of them.
    """

    kind = Kind.TESTS
    tools = (TOOL,)

    async def run(self, subject: Subject, *, heartbeat: Heartbeat) -> Found:
        space = subject.workspace
        given: dict[str, JsonValue] = {
            "files": _python(subject.files),
            "baseline": None if subject.baseline is None else _python(subject.baseline),
            "previous": None if subject.previous is None else _python(subject.previous),
        }
        reading = programs.order(__package__, _MODULES, given)
        done = await look(space, [space.tools_python, *programs.ARGUMENTS], heartbeat, label=TOOL, stdin=reading)
        try:
            read = Read.model_validate_json(done.stdout)
        except ValidationError:
            return Found([failed(self.kind, TOOL, done)])
        weaker = [one for before in (read.earlier, read.previous) if before for one in compared(before, read.now)]
        # What is weaker than in both revisions is told once.
        findings = [*standing(read.now), *{(one.rule, one.path, one.message): one for one in weaker}.values()]
        findings += [
            finding("special-cased-input", place.what, place.path, place.line, fix=_FIX) for place in read.special
        ]
        return Found(findings)


_FIX = "make the code do it for every input; if the API itself treats this one so, say so in the review"


def _python(files: Mapping[str, str]) -> dict[str, JsonValue]:
    return {path: text for path, text in files.items() if path.endswith(".py")}
