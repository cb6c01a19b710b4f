"""The models this stand-in knows, by the names in the vendor's SDK, with their limits in tokens."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    id: str
    display_name: str
    max_input_tokens: int = 1_000_000
    max_tokens: int = 128_000
    thinks_by_default: bool = True

    def described(self) -> dict[str, object]:
        return {
            "type": "model",
            "id": self.id,
            "display_name": self.display_name,
            "created_at": "2026-09-28T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": self.max_input_tokens,
            "max_tokens": self.max_tokens,
        }


MODELS = {
    model.id: model
    for model in (
        Model("claude-sonnet-5-5", "Claude Sonnet 5.5"),
        Model("claude-opus-5-5", "Claude Opus 5.5"),
        Model("claude-haiku-5-5", "Claude Haiku 5.5"),
        Model("claude-sonnet-5", "Claude Sonnet 5"),
        Model("claude-opus-5", "Claude Opus 5"),
        Model("claude-sonnet-4-5", "Claude Sonnet 4.5", 200_000, 64_000, thinks_by_default=False),
        Model("claude-haiku-4-5", "Claude Haiku 4.5", 200_000, 64_000, thinks_by_default=False),
    )
}
