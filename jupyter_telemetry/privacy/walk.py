"""The walk through all that a schema's events may hold, within a budget: the one way for all who ask.

A redaction is compiled from what it finds, and a plan is told from it: both stop following a schema at the same places.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from .judgement import UNFOLLOWED, Judge

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from .classification import Classification, Place
    from .judgement import Key, State, Verdict, Way
    from .policy import Limits

__all__ = ["Frame", "Walk"]

MOST_STEPS = 10_000  # and as many more for each subschema: one that only has many of its own is followed in full
STEPS_PER_SUBSCHEMA = 4


class Frame(NamedTuple):
    """A value that was judged, and the ways to what is judged inside it; none to what fares as the value does.

    members, others: of an object, to those whose names are known, and to all else: of each kind that a pattern admits,
        then of none. items: of an array.
    is_kept_whole: nothing inside can be but kept, so the walk goes no further; Walk.frame tells the ways.
    """

    place: Place | None
    state: State
    verdict: Verdict
    members: list[Way]
    others: list[Way]
    items: list[Way]
    is_kept_whole: bool = False

    @property
    def ways(self) -> Iterator[Way]:
        """All ways inside."""
        yield from self.members
        yield from self.others
        yield from self.items


class Walk:
    """Walks through the values of one schema's events, nearest first, each once in every state in which it is met.

    States multiply where definitions refer to each other and each way adds a category: what there is no room to follow
    counts as a value that the schema says nothing of, in a way that cannot be followed.
    """

    def __init__(self, classification: Classification, limits: Sequence[Limits]) -> None:
        self.judge = Judge(classification, limits)
        self._root = classification.root
        self.steps_left = MOST_STEPS + STEPS_PER_SUBSCHEMA * len(classification.references.nodes)

    def event(self) -> tuple[Frame, dict[Key, Frame]]:
        """Return the frame of an event, which is never judged as a whole, and those of all values in it."""
        entered = self.judge.enter(self._root, self.judge.root())
        event = self._opened(self._root, entered, self.judge.verdict(self._root, entered), has_members=True)
        return event, self._followed(event, ())

    def other(self, kind: Place, around: State, known: Container[Key]) -> tuple[Way, dict[Key, Frame]]:
        """Return the way to a member that was met late, and the frames behind it that are not `known`."""
        way = self.judge.other(kind, around)
        alone = Frame(None, around, self.judge.verdict(None, around), [], [way], [])
        frames = self._followed(alone, known)
        return alone.others[0], frames

    def frame(self, place: Place | None, state: State) -> Frame:
        """Judge the value at a place that was entered, with the ways to what is inside."""
        verdict = self.judge.verdict(place, state)
        is_one = not state.leads_on and (place is None or place.is_opaque)
        if is_one or not verdict.descends:
            return Frame(place, state, verdict, [], [], [])
        has_members = place is None or place.has_members or state.leads_on
        return self._opened(place, state, verdict, has_members=has_members)

    def _opened(self, place: Place | None, state: State, verdict: Verdict, *, has_members: bool) -> Frame:
        judge, has_items = self.judge, place is None or place.has_items or state.leads_on
        return Frame(
            place,
            state,
            verdict,
            list(judge.members(place, state)) if has_members else [],
            list(judge.others(place, state)) if has_members else [],
            list(judge.items(place, state)) if has_items else [],
        )

    def _followed(self, first: Frame, known: Container[Key]) -> dict[Key, Frame]:
        frames: dict[Key, Frame] = {}
        waiting = deque(first.ways)
        while waiting and self.steps_left > 0:
            way = waiting.popleft()
            key = way.key
            if not way.admitted or key in frames or key in known:
                continue
            if self.judge.keeps_all_inside(way.entered):
                verdict = self.judge.verdict(*key)
                frames[key] = Frame(*key, verdict, [], [], [], is_kept_whole=verdict.descends)
                self.steps_left -= 1
                continue
            frame = frames[key] = self.frame(*key)
            below = list(frame.ways)
            self.steps_left -= 1 + len(below)
            waiting.extend(below)
        if waiting:
            self._close(first, frames, known)
        return frames

    def _close(self, first: Frame, frames: dict[Key, Frame], known: Container[Key]) -> None:
        """Let all ways end that were not followed; only paths of the configuration, which end, lead on behind them."""
        waiting = [first, *frames.values()]
        while waiting:
            frame = waiting.pop()
            for ways in (frame.members, frame.others, frame.items):
                for index, way in enumerate(ways):
                    if not way.admitted or way.key in frames or way.key in known:
                        continue
                    if way.place is not None:
                        ways[index] = way = self._closed(way, is_named=ways is not frame.others)
                    if way.admitted and way.key not in frames and way.key not in known:
                        frames[way.key] = self.frame(*way.key)
                        waiting.append(frames[way.key])

    def _closed(self, way: Way, *, is_named: bool) -> Way:
        front = way.state._replace(around=UNFOLLOWED)
        entered = self.judge.enter(None, front)
        if is_named or self.judge.admits(None, entered):
            return way._replace(place=None, state=front, entered=entered)
        return way._replace(admitted=False)
