"""An advice in words: a paragraph that a team lead understands, and the arithmetic behind its gain."""

from collections.abc import Iterator

from podlore.advice.actions import remedies
from podlore.advice.document import number
from podlore.vocabulary import Gain, Recommendation

UNITS = {"GPUHours": "GPU-hours", "WaitSeconds": "seconds of waiting", "USD": "USD"}


def paragraph(one: Recommendation) -> str:
    """Return what an advice says, why, what following it brings, and what it costs if it is wrong.

    >>> from podlore.patterns.found import found
    >>> from podlore.vocabulary import Action, Evidence, EvidenceSource, ObjectRef, Pattern
    >>> fact = Evidence(EvidenceSource.OBJECT, "Pod nlp/a", "3 failures")
    >>> made = found(Pattern.CRASH_LOOP, "Application", ObjectRef("", "Pod", "nlp", "a"), "It fails.", [fact])
    >>> paragraph(Recommendation(made, Action.FIX_APPLICATION, "Read the log."))
    'It fails. Read the log. Of 100 findings like this one, about 95 are right.'
    """
    return " ".join(sentence for sentence in _sentences(one) if sentence)


def _sentences(one: Recommendation) -> Iterator[str]:
    finding = one.because
    yield finding.summary
    yield one.steps
    if one.gain is not None:
        yield f"Following it is expected to bring {_gains(one)}."
    yield f"Of 100 findings like this one, about {round(100 * finding.confidence)} are right."
    if one.gpu_hours_if_wrong > 0:
        wrong = next((row.wrong.words for row in remedies(finding) if row.action is one.action), "")
        yield f"If it is wrong, following it costs about {number(one.gpu_hours_if_wrong)} GPU-hours: {wrong}."
    if finding.ranked_nodes:
        yield f"Nodes that suit, the best first: {', '.join(finding.ranked_nodes[:3])}."
    if one.alternatives:
        yield f"If that cannot be done: {' or '.join(one.alternatives)}."


def _gains(one: Recommendation) -> str:
    gains = one.gains or ((one.gain,) if one.gain else ())
    return ", ".join(_gain(gain) for gain in gains)


def _gain(gain: Gain) -> str:
    unit = UNITS.get(gain.unit, gain.unit)
    return f"{number(gain.expected)} {unit} (90 % interval {number(gain.low)} to {number(gain.high)})"
