"""PatternRule: a rule of the Common Reliability Enumeration as an object, bound to one of podlore's patterns.

The rule is text, not a structured object: the format nests without end, which a bounded schema cannot say, and its
terms are strings even where YAML sees a number (``502``). The operator lints it and says what it found in ``Accepted``.
"""

from typing import Annotated, Literal

from pydantic import Field

from podlore.vocabulary import Action, Pattern, Severity
from podlore_operator.api.conditions import Conditions
from podlore_operator.api.resource import ApiModel, Column, Presentation, Resource
from podlore_operator.api.scalars import Count, Flag, Word


class PatternRuleSpec(ApiModel):
    """Which pattern the rule is evidence of, and the rule."""

    pattern: Pattern
    """The pattern that a hit is evidence of."""
    cause: Word | None = None
    """The cause that a hit names, as one CamelCase word. Default: Rule."""
    action: Action | None = None
    """What is recommended on a hit. Default: the pattern's usual action."""
    severity: Severity | None = None
    """How much a hit hurts. Default: the rule's own severity."""
    enabled: Flag | None = None
    """Use the rule. Default: true."""
    rule: Annotated[str, Field(min_length=1, max_length=65536)]
    """A CRE document in YAML with one entry under rules:. Nothing in it is ever executed; it is matched against
    normalized event and log lines."""


class PatternRuleStatus(ApiModel):
    """What the operator made of the rule."""

    observed_generation: Count | None = None
    """The metadata.generation that the operator has seen."""
    conditions: Conditions = ()
    """Accepted: the rule is in use; its message says what is wrong with it otherwise."""
    matches: Count = 0
    """How many hits it had."""


class PatternRule(Resource):
    """A log or event rule that is evidence of a pattern."""

    presentation = Presentation(
        "patternrules",
        "prule",
        namespaced=False,
        columns=(
            Column("PATTERN", ".spec.pattern"),
            Column("CAUSE", ".spec.cause"),
            Column("ACCEPTED", ".status.conditions[?(@.type=='Accepted')].status"),
            Column("MATCHES", ".status.matches", type="integer"),
            Column("AGE", ".metadata.creationTimestamp", type="date"),
            Column("WHY", ".status.conditions[?(@.type=='Accepted')].message", wide=True),
        ),
        selectable=(".spec.pattern",),
    )

    kind: Literal["PatternRule"] = "PatternRule"
    spec: PatternRuleSpec
    """Which pattern the rule is evidence of, and the rule."""
    status: PatternRuleStatus | None = None
    """What the operator made of it."""
