"""Mine templates from a stream of messages with a tree of fixed depth: what changes from line to line becomes ``<*>``.

In: messages, one by one. Out: each one's template, which may grow more general with later messages. The tree narrows a
message down by its number of words and its first words; among the few templates left the most similar one takes it.
Called by `podlore.events.quality`.

References
----------
He, Zhu, Zheng, Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

ANY = "<*>"
DEPTH, SIMILAR, MOST_CHILDREN, MOST_WORDS = 2, 0.5, 100, 128


@dataclass(slots=True)
class Template:
    """Words with ``<*>`` where messages differ, and how many messages it took."""

    number: int
    words: list[str]
    messages: int = 1

    def __str__(self) -> str:
        return " ".join(self.words)


@dataclass
class Drain:
    """A miner of templates.

    Parameters
    ----------
    depth
        By how many first words a message is narrowed down.
    similar
        The share of equal words from which on a template takes a message.
    most_children
        How many words branch off at one place of the tree; further ones share a branch.
    """

    depth: int = DEPTH
    similar: float = SIMILAR
    most_children: int = MOST_CHILDREN
    templates: list[Template] = field(default_factory=list)
    _leaves: dict[tuple[str | int, ...], list[Template]] = field(default_factory=dict, repr=False)
    _branches: dict[tuple[str | int, ...], set[str]] = field(default_factory=dict, repr=False)

    def add(self, message: str) -> Template:
        """Return the template that takes a message, made more general where it must be.

        >>> drain = Drain()
        >>> [str(drain.add(text)) for text in ("disk sda failed with 5", "disk sda failed with 7", "login refused")]
        ['disk sda failed with 5', 'disk sda failed with <*>', 'login refused']
        """
        words = message.split()[:MOST_WORDS]
        leaf = self._leaves.setdefault(self._path(words), [])
        best = most_similar(leaf, words, self.similar)
        if best is None:
            best = Template(len(self.templates), words)
            self.templates.append(best)
            leaf.append(best)
        else:
            best.words = merged(best.words, words)
            best.messages += 1
        return best

    def _path(self, words: Sequence[str]) -> tuple[str | int, ...]:
        """Return the branch of a message; words with digits and those that came too late share one."""
        path: tuple[str | int, ...] = (len(words),)
        for word in words[: self.depth]:
            known = self._branches.setdefault(path, set())
            if varies(word) or (word not in known and len(known) >= self.most_children):
                path = (*path, ANY)
            else:
                known.add(word)
                path = (*path, word)
        return path


def varies(word: str) -> bool:
    """Return whether a word is likely a value: it holds a digit or stands for one."""
    return word == ANY or any(character.isdigit() for character in word)


def most_similar(templates: Sequence[Template], words: Sequence[str], least: float) -> Template | None:
    """Return the template with the most equal words, at least that share of them; the oldest of equal ones."""
    best, best_share = None, -1.0
    for template in templates:
        equal = sum(left == right for left, right in zip(template.words, words, strict=True))
        share = equal / len(words) if words else 1.0
        if share > best_share:
            best, best_share = template, share
    return best if best_share >= least else None


def merged(template: Sequence[str], words: Sequence[str]) -> list[str]:
    """Return a template with ``<*>`` wherever a message differs."""
    return [left if left == right else ANY for left, right in zip(template, words, strict=True)]
