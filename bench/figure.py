"""What a figure is: a name, a sentence, a bar, and a function that measures ours against theirs."""
import dataclasses
import statistics
import time

FIGURES = []


class Unmeasured(Exception):
    """The figure could not be measured; the message says why."""


@dataclasses.dataclass
class Measured:
    ours: float
    theirs: float | None = None  # None: the bar is absolute.
    unit: str = "s"
    notes: dict = dataclasses.field(default_factory=dict)

    @property
    def ratio(self):
        return self.ours / self.theirs if self.theirs else None


@dataclasses.dataclass(frozen=True)
class Bar:
    text: str
    holds: object  # Measured -> bool


def ratio_at_most(limit, allowance=0.0):
    """ours <= limit * theirs + allowance, the allowance in the figure's unit."""
    text = f"≤ {limit:g}×" + (f" + {allowance:g}" if allowance else "")
    return Bar(text, lambda m: m.ours <= limit * m.theirs + allowance)


def more_at_most(limit):
    """ours - theirs <= limit, in the figure's unit."""
    return Bar(f"≤ {limit:g} more", lambda m: m.ours - m.theirs <= limit)


def at_most(limit):
    return Bar(f"≤ {limit:g}", lambda m: m.ours <= limit)


def at_least(limit):
    return Bar(f"≥ {limit:g}", lambda m: m.ours >= limit)


def figure(name, *, what, bar):
    def mark(measure):
        FIGURES.append((name, what, bar, measure))
        return measure

    return mark


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(ours, theirs, *, rounds=5, unit="s", scale=1.0):
    """Medians of both, measured turn by turn after one unmeasured turn each."""
    ours(), theirs()
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    mine, other = (statistics.median(times) * scale for times in zip(*pairs))
    spread = {"ours": [round(a * scale, 4) for a, _ in pairs], "theirs": [round(b * scale, 4) for _, b in pairs]}
    return Measured(mine, other, unit, {"rounds": spread})
