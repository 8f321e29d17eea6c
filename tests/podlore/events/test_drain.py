from hypothesis import given, settings
from hypothesis import strategies as st

from podlore.events.drain import ANY, Drain, varies

WORDS = ["disk", "link", "up", "down", "failed", "on", "sda1", "7", "42", "eth0", "x"]


class SlowTwin:
    """Drain without a tree: for each message all earlier ones are read again."""

    def __init__(self, depth: int, similar: float, most_children: int) -> None:
        self.depth, self.similar, self.most_children = depth, similar, most_children
        self.messages: list[list[str]] = []
        self.templates: list[tuple[list[object], list[str]]] = []

    def path(self, words: list[str], earlier: list[list[str]]) -> list[object]:
        """Tell the branch of a message by replaying which words branched off before it."""
        path: list[object] = [len(words)]
        for at, word in enumerate(words[: self.depth]):
            known: list[str] = []
            for number, other in enumerate(earlier):
                if len(other) > at and self.path(other, earlier[:number])[: at + 1] == path:
                    taken = self.path(other, earlier[:number])[at + 1]
                    if taken != ANY and taken not in known:
                        known.append(str(taken))
            path.append(ANY if varies(word) or (word not in known and len(known) >= self.most_children) else word)
        return path

    def add(self, message: str) -> str:
        words = message.split()
        path = self.path(words, self.messages)
        self.messages.append(words)
        best = None
        for number, (where, template) in enumerate(self.templates):
            share = sum(a == b for a, b in zip(template, words, strict=False)) / max(1, len(words)) if words else 1.0
            if where == path and share >= self.similar and (best is None or share > best[1]):
                best = (number, share)
        if best is None:
            self.templates.append((path, words))
            return " ".join(words)
        where, template = self.templates[best[0]]
        self.templates[best[0]] = (where, [a if a == b else ANY for a, b in zip(template, words, strict=True)])
        return " ".join(self.templates[best[0]][1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), max_size=9),
    st.sampled_from([0.3, 0.5, 1.0]),
    st.sampled_from([1, 2, 100]),
)
def test_the_tree_finds_what_the_slow_twin_finds(messages: list[str], similar: float, most_children: int) -> None:
    drain = Drain(depth=2, similar=similar, most_children=most_children)
    twin = SlowTwin(2, similar, most_children)
    assert [str(drain.add(message)) for message in messages] == [twin.add(message) for message in messages]
    assert [str(template) for template in drain.templates] == [" ".join(words) for _, words in twin.templates]
    assert sum(template.messages for template in drain.templates) == len(messages)


def test_a_stream_of_one_program_has_few_templates() -> None:
    drain = Drain()
    for number in range(500):
        drain.add(f"connection {number} from 10.0.0.{number % 250} closed")
        drain.add(f"user u{number} logged in")
    assert [str(template) for template in drain.templates] == [
        "connection <*> from <*> closed",
        "user <*> logged in",
    ]


def test_a_message_without_end_is_bounded() -> None:
    assert len(Drain().add("x " * 1_000_000).words) == 128
