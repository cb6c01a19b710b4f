"""Stages follow one another as the life cycle says."""

from itertools import pairwise

from domain.lifecycle import Stage, may_follow, may_return

ROAD = [
    Stage.REQUESTED,
    Stage.ANALYZING,
    Stage.GENERATING,
    Stage.TESTING,
    Stage.REVIEWING,
    Stage.DEPLOYING,
    Stage.ACTIVE,
]


def test_the_road_is_open() -> None:
    assert all(may_follow(now, then) for now, then in pairwise(ROAD))


def test_failed_is_reached_from_every_working_stage_and_from_no_resting_one() -> None:
    assert all(may_follow(stage, Stage.FAILED) for stage in ROAD[:-1])
    assert not any(may_follow(stage, Stage.FAILED) for stage in (Stage.ACTIVE, Stage.DEPRECATED, Stage.RETIRED))


def test_review_cannot_be_skipped_and_the_retired_stay_retired() -> None:
    assert not may_follow(Stage.TESTING, Stage.DEPLOYING)
    assert not may_follow(Stage.REQUESTED, Stage.ACTIVE)
    assert not any(may_follow(Stage.RETIRED, stage) for stage in Stage if stage is not Stage.RETIRED)


def test_a_run_that_is_undone_leaves_it_where_one_can_rest_but_never_brings_back_the_retired() -> None:
    resting = {Stage.ACTIVE, Stage.DEPRECATED, Stage.FAILED}
    assert all(may_return(stage, stage) for stage in resting)
    assert {then for then in Stage if may_return(Stage.DEPLOYING, then)} == resting
    assert not any(may_return(Stage.RETIRED, then) for then in Stage)
