"""The fields of the cluster's objects that we read. What it leaves out has the value that it then means."""

from typing import Annotated, Any, TypeVar

from pydantic import AliasGenerator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from adapters.kubernetes_target.errors import VENDOR
from domain.errors import VendorError

Read = TypeVar("Read", bound=BaseModel)


class _Field(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=AliasGenerator(validation_alias=to_camel))


# The API writes null for an empty list or map where a Go client left it nil.
_OrEmpty = BeforeValidator(lambda found: {} if found is None else found)
_OrNone = BeforeValidator(lambda found: [] if found is None else found)


class Meta(_Field):
    name: str
    labels: Annotated[dict[str, str], _OrEmpty] = {}
    annotations: Annotated[dict[str, str], _OrEmpty] = {}
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: AwareDatetime | None = None
    deletion_timestamp: AwareDatetime | None = None


class Condition(_Field):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: AwareDatetime | None = None


class DeploymentState(_Field):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    conditions: Annotated[list[Condition], _OrNone] = []


class DeploymentWanted(_Field):
    replicas: int = 1


class DeploymentObject(_Field):
    metadata: Meta
    spec: DeploymentWanted
    status: DeploymentState = DeploymentState()

    @property
    def complete(self) -> bool:
        """All that is wanted is there and serves, and nothing older is left (as `kubectl rollout status` has it)."""
        updated = self.status.updated_replicas
        return updated >= self.spec.replicas and self.status.replicas <= updated <= self.status.available_replicas

    def condition(self, kind: str) -> Condition | None:
        return next((condition for condition in self.status.conditions if condition.type == kind), None)


class Waiting(_Field):
    reason: str = ""
    message: str = ""


class Terminated(_Field):
    exit_code: int = 0
    reason: str = ""
    message: str = ""


class ContainerState(_Field):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Field):
    name: str
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodState(_Field):
    phase: str = ""
    init_container_statuses: Annotated[list[ContainerStatus], _OrNone] = []
    container_statuses: Annotated[list[ContainerStatus], _OrNone] = []


class PodObject(_Field):
    metadata: Meta
    status: PodState = PodState()

    @property
    def containers(self) -> list[ContainerStatus]:
        """In the order in which they run."""
        return [*self.status.init_container_statuses, *self.status.container_statuses]


def read(model: type[Read], found: dict[str, Any]) -> Read:
    """Raises VendorError for what is not one."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise VendorError(f"Kubernetes answered with no {model.__name__}.", vendor=VENDOR) from error
