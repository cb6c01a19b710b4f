"""The pieces of `client.py` that every API needs, and those that only some need."""

PROMISE = "Calls the API. Every method raises UpstreamError where it cannot answer."
ERROR = '''
class UpstreamError(Exception):
    """The API answered without success, or not at all: then `status` is None."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        """Say what the API did; keep the HTTP status beside it."""
        super().__init__(f"The API {message}")
        self.status = status
'''
CLOSING = '''
    async def __aenter__(self) -> Self:
        """Give the client; leaving closes its connections."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()
'''
_SENT = {
    "query": ("query: Mapping[str, Value] | None = None", "params=_pairs(query or {}) or None"),
    "headers": (
        "headers: Mapping[str, Value] | None = None",
        "headers=[(name.encode(), text.encode()) for name, text in _pairs(headers or {})]",
    ),
    "content": ("content: str | bytes | None = None", "content=content"),
}
BOUNDED = '''
async def _bounded(response: httpx.Response) -> bytes:
    """The whole body; one that is larger than MOST_BYTES is given up before it fills the memory."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise UpstreamError("answered with more than this service reads")
    return bytes(body)
'''
PARSED = '''
def _parsed(answer: TypeAdapter[T], body: bytes) -> T:
    """The body as what the API's document promises; anything else is a failure of the API."""
    try:
        return answer.validate_json(body)
    except ValidationError as error:
        raise UpstreamError("answered with something else than it promises") from error
'''
_TEXT = """
def _text(value: Scalar) -> str:
    return str(value)
"""
_TEXT_WITH_TRUTH = """
def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
"""
_PAIRS = '''
def _pairs(values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """The values that are given, as a URL or a header carries them."""
    return tuple((name, _text(value)) for name, value in values.items() if value is not None)
'''
_PAIRS_WITH_LISTS = '''
def _pairs(values: Mapping[str, Value]) -> tuple[tuple[str, str], ...]:
    """The values that are given, as a URL or a header carries them; lists are repeated."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, str | int | float):
            pairs.append((name, _text(value)))
        elif value is not None:
            pairs.extend((name, _text(item)) for item in value)
    return tuple(pairs)
'''
_SEGMENT = '''
def _segment(value: Scalar) -> str:
    """One segment of a path; one that would lead elsewhere names nothing."""
    text = _text(value)
    if text in ("", ".", ".."):
        raise UpstreamError("has no such path", status=404)
    return quote(text, safe="")
'''
_PLAIN_SEGMENT = '''
def _segment(value: Scalar) -> str:
    """One segment of a path."""
    return quote(_text(value), safe="")
'''
_JOINED = '''
def _joined(values: Sequence[Scalar] | None) -> str | None:
    """The values in one text, separated by commas."""
    return None if values is None else ",".join(_text(value) for value in values)
'''
_FORM = '''
def _form(value: JsonValue, name: str = "") -> list[tuple[str, str]]:
    """The fields of a form; those inside others are named as in `outer[inner]`."""
    if isinstance(value, dict):
        fields = value.items()
        nested = [(f"{name}[{key}]" if name else key, item) for key, item in fields]
        return [pair for key, item in nested for pair in _form(item, key)]
    if isinstance(value, list):
        return [pair for item in value for pair in _form(item, f"{name}[]")]
    return [] if value is None else [(name, _text(value))]
'''


def helpers(
    *, pairs: bool, lists: bool, truths: bool, paths: bool, free_paths: bool, joined: bool, forms: bool
) -> list[str]:
    """The functions that put values on the wire: only those that this API needs, so that each is used and tested."""
    texts = pairs or paths or joined or forms
    return [
        *([_TEXT_WITH_TRUTH if truths else _TEXT] if texts else []),
        *([_PAIRS_WITH_LISTS if lists else _PAIRS] if pairs else []),
        *([_SEGMENT if free_paths else _PLAIN_SEGMENT] if paths else []),
        *([_JOINED] if joined else []),
        *([_FORM] if forms else []),
    ]


def send(parts: list[str]) -> str:
    """The method that asks the API; `parts` are those of query, headers and content that some operation sends."""
    given = ", ".join(
        ["self", "method: str", "path: str", *(["*"] if parts else []), *(_SENT[one][0] for one in parts)]
    )
    sent = ", ".join(["method", "path", *(_SENT[one][1] for one in parts)])
    return f"""
    async def _send({given}) -> bytes:
        try:
            async with self._http.stream({sent}) as response:
                if not response.is_success:
                    reason = f"answered {{method}} with {{response.status_code}}"
                    raise UpstreamError(reason, status=response.status_code)
                return await _bounded(response)
        except httpx.RequestError as error:
            reason = f"could not be reached: {{type(error).__name__}}"
            raise UpstreamError(reason) from error
"""
