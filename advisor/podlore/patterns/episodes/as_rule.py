"""A mined episode as an ordinary CRE rule, for people to review: ``podlore rules lint`` and ``run`` take it."""

import hashlib
import math

import yaml

from podlore.patterns.episodes.mine import MinedEpisode


def as_rule(mined: MinedEpisode, expressions: list[str], *, source: str = "cre.log.mined") -> str:
    """Return the text of a rule file: a sequence, or a set for what comes together.

    Parameters
    ----------
    mined
        The episode.
    expressions
        For each of its types the regex that an entry of it matches, in the episode's order.
    source
        The label of the logs it is for.

    Examples
    --------
    >>> from podlore.patterns.episodes.occurrences import Episode
    >>> mined = MinedEpisode(Episode((0, 1)), 60, 2.0, 0.9, 0.005, 4.0, 8.2)
    >>> print(as_rule(mined, ["link down", "NCCL timeout"]).split("rule:")[1].strip())
    sequence:
          window: 9s
          event:
            source: cre.log.mined
          order:
          - regex: link down
          - regex: NCCL timeout
    """
    digest = hashlib.sha256("\\0".join([str(mined.episode.serial), *expressions]).encode()).hexdigest()[:8]
    steps = [{"regex": expression} for expression in expressions]
    how = "follow each other" if mined.episode.serial else "come together"
    pattern = {
        "window": f"{max(math.ceil(mined.span_seconds_p95), 1)}s",
        "event": {"source": source},
        "order" if mined.episode.serial else "match": steps,
    }
    rule = {
        "cre": {
            "id": f"MINED-{digest}",
            "severity": 4,
            "title": f"{len(steps)} messages that {how}",
            "category": "mined",
            "author": "podlore rules mine",
            "description": _description(mined),
            "cause": "Not known: mined from a log. Write down here what a person finds.",
            "mitigation": "Review the rule, name cause and mitigation, or delete it.",
        },
        "metadata": {"kind": "podlore", "version": "1"},
        "rule": {"sequence" if mined.episode.serial else "set": pattern},
    }
    return yaml.safe_dump({"rules": [rule]}, sort_keys=False, allow_unicode=True, width=1000)


def _description(mined: MinedEpisode) -> str:
    return (
        f"Seen {mined.support} times, in shuffled logs {mined.expected:.1f} times; {100 * mined.confidence:.0f} % of "
        f"its beginnings ended so; half of them within {mined.span_seconds_median:.3g} s; "
        f"adjusted p {mined.p_value:.3g}."
    )
