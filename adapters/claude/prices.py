"""What tokens cost: a dated table, as data."""

import re
from datetime import date
from pathlib import Path

import yaml
from pydantic import ValidationError

from domain.base import Data
from domain.conversation import Price
from domain.errors import InvalidInput

PUBLISHED = Path(__file__).with_name("prices.yaml")
_DATE = re.compile(r"-\d{8}$")


class PriceTable(Data):
    """Prices by model, as published at `source` on `as_of`."""

    as_of: date
    source: str
    models: dict[str, Price]

    def price(self, model: str) -> Price:
        found = self.models.get(model) or self.models.get(_DATE.sub("", model))
        if found is None:
            raise InvalidInput(
                f"There is no price for the model {model} in the table of {self.as_of}. "
                "Choose another with CCB_CLAUDE_MODEL, or name a table that has it in CCB_CLAUDE_PRICES.",
                field="model",
                model=model,
            )
        return found


def load(path: Path | None) -> PriceTable:
    """The table in `path`, or the published one. Raises InvalidInput if it is not a price table."""
    source = path or PUBLISHED
    try:
        return PriceTable.model_validate(yaml.safe_load(source.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(
            f"CCB_CLAUDE_PRICES: {source} is not a price table: {error}", field="CCB_CLAUDE_PRICES"
        ) from error
