"""The policy of proving, read from the operator's file, or from the one that is shipped."""

from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import InvalidInput
from domain.proving import ProvingPolicy

_SHIPPED = "proving.yaml"
_MAX_BYTES = 1 << 20


class ProvingSettings(BaseSettings):
    """CCB_POLICY_FILE: a policy of your own; without it, the one that is shipped (adapters/policy/proving.yaml)."""

    model_config = SettingsConfigDict(env_prefix="CCB_POLICY_", frozen=True, extra="ignore", env_ignore_empty=True)

    file: Path | None = None

    def load(self) -> ProvingPolicy:
        """The policy. Raises InvalidInput that names the file, the field and what to write instead."""
        if self.file is None:
            return parse(files(__package__).joinpath(_SHIPPED).read_text("utf-8"), source=_SHIPPED)
        try:
            data = self.file.read_bytes()
            if len(data) > _MAX_BYTES:
                raise InvalidInput(f"{self.file} is larger than {_MAX_BYTES >> 20} MiB.", field="CCB_POLICY_FILE")
            text = data.decode()
        except OSError as error:
            raise InvalidInput(
                f"CCB_POLICY_FILE: {self.file} cannot be read: {error.strerror}.", field="CCB_POLICY_FILE"
            ) from error
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{self.file} is not UTF-8 at byte {error.start}.", field="CCB_POLICY_FILE") from error
        return parse(text, source=str(self.file))


def parse(text: str, *, source: str) -> ProvingPolicy:
    """Read a policy. `source` is what errors call it. Raises InvalidInput."""
    try:
        return ProvingPolicy.model_validate(yaml.safe_load(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise InvalidInput(f"{source}, line {line}: not YAML: {error.problem}.", field=source) from error
    except yaml.YAMLError as error:
        raise InvalidInput(f"{source} is not YAML: {error}.", field=source) from error
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, e['loc'])) or 'the whole file'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)[:10]
        ]
        raise InvalidInput(
            f"{source} is no policy: {'; '.join(wrong)}. The shipped {_SHIPPED} shows every field.", field=source
        ) from error
