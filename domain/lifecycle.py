"""The life cycle of an integration: its stages, which may follow which, and what a run can do to it."""

from enum import StrEnum


class Stage(StrEnum):
    REQUESTED = "requested"
    ANALYZING = "analyzing"
    GENERATING = "generating"
    TESTING = "testing"
    REVIEWING = "reviewing"
    DEPLOYING = "deploying"
    ACTIVE = "active"
    FAILED = "failed"
    DEPRECATED = "deprecated"
    RETIRED = "retired"

    @property
    def terminal(self) -> bool:
        """No life-cycle run is under way in this stage."""
        return self in {Stage.ACTIVE, Stage.FAILED, Stage.DEPRECATED, Stage.RETIRED}


class Operation(StrEnum):
    """What a life-cycle run does. One at a time for one integration."""

    CREATE = "create"
    UPDATE = "update"
    DEPLOY = "deploy"
    ROLL_BACK = "roll_back"
    DEPRECATE = "deprecate"
    UNDEPRECATE = "undeprecate"
    RETIRE = "retire"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


_FORWARD: dict[Stage, set[Stage]] = {
    Stage.REQUESTED: {Stage.ANALYZING},
    Stage.ANALYZING: {Stage.GENERATING},
    Stage.GENERATING: {Stage.TESTING},
    Stage.TESTING: {Stage.GENERATING, Stage.REVIEWING},
    Stage.REVIEWING: {Stage.GENERATING, Stage.TESTING, Stage.DEPLOYING},
    Stage.DEPLOYING: {Stage.ACTIVE, Stage.TESTING, Stage.DEPRECATED},
    Stage.ACTIVE: {Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.DEPLOYING, Stage.DEPRECATED, Stage.RETIRED},
    Stage.FAILED: {Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.RETIRED},
    Stage.DEPRECATED: {Stage.ACTIVE, Stage.ANALYZING, Stage.GENERATING, Stage.DEPLOYING, Stage.RETIRED},
    Stage.RETIRED: set(),
}


def may_follow(now: Stage, then: Stage) -> bool:
    """Whether an integration in stage `now` may enter `then`. FAILED can be reached from every working stage."""
    if then is Stage.FAILED:
        return not now.terminal or now is Stage.FAILED
    return then in _FORWARD[now] or then is now


def may_return(now: Stage, then: Stage) -> bool:
    """Whether a run that was undone may leave its integration in `then`, where it was before."""
    return then in {Stage.ACTIVE, Stage.DEPRECATED, Stage.FAILED} and now is not Stage.RETIRED
