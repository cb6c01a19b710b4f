"""The life cycle of an integration: its stages, and which may follow which."""

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


_FORWARD: dict[Stage, set[Stage]] = {
    Stage.REQUESTED: {Stage.ANALYZING},
    Stage.ANALYZING: {Stage.GENERATING},
    Stage.GENERATING: {Stage.TESTING},
    Stage.TESTING: {Stage.GENERATING, Stage.REVIEWING},
    Stage.REVIEWING: {Stage.GENERATING, Stage.TESTING, Stage.DEPLOYING},
    Stage.DEPLOYING: {Stage.ACTIVE, Stage.TESTING},
    Stage.ACTIVE: {Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.DEPLOYING, Stage.DEPRECATED, Stage.RETIRED},
    Stage.FAILED: {Stage.ANALYZING, Stage.GENERATING, Stage.TESTING, Stage.RETIRED},
    Stage.DEPRECATED: {Stage.ACTIVE, Stage.RETIRED},
    Stage.RETIRED: set(),
}


def may_follow(now: Stage, then: Stage) -> bool:
    """Whether an integration in stage `now` may enter `then`. FAILED can be reached from every working stage."""
    if then is Stage.FAILED:
        return not now.terminal or now is Stage.FAILED
    return then in _FORWARD[now] or then is now
