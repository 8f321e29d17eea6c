"""The part of a pod's specification that podlore reads, shared by pods and pod templates."""

from podlore.objects.parse import Amounts, Few, Name, Shape


class ResourceList(Shape, frozen=True):
    """Requests and limits of a container or of a pod."""

    requests: Amounts = None
    limits: Amounts = None


class ContainerSpec(Shape, frozen=True):
    """A container's name and what it asks for: its environment, arguments and mounts are never read."""

    name: Name
    resources: ResourceList | None = None
    restart_policy: str | None = None


class RequirementSpec(Shape, frozen=True):
    """One requirement of a node selector term."""

    key: str
    operator: str
    values: Few[str] = None


class SelectorTerm(Shape, frozen=True):
    """One of the alternatives of a required node affinity."""

    match_expressions: Few[RequirementSpec] = None
    match_fields: Few[RequirementSpec] = None


class NodeSelector(Shape, frozen=True):
    """A required node affinity."""

    node_selector_terms: Few[SelectorTerm] = None


class NodeAffinity(Shape, frozen=True):
    """The node part of an affinity; preferences are not read."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class Affinity(Shape, frozen=True):
    """A pod's affinity."""

    node_affinity: NodeAffinity | None = None


class TolerationSpec(Shape, frozen=True):
    """A toleration as written."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None


class Gate(Shape, frozen=True):
    """A scheduling gate."""

    name: Name


class ClaimSpec(Shape, frozen=True):
    """A pod's use of a DRA claim."""

    name: Name
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class PodSpec(Shape, frozen=True):
    """A pod's specification."""

    containers: Few[ContainerSpec] = None
    init_containers: Few[ContainerSpec] = None
    overhead: Amounts = None
    resources: ResourceList | None = None
    node_name: str | None = None
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None
    tolerations: Few[TolerationSpec] = None
    scheduler_name: str | None = None
    priority: int | None = None
    scheduling_gates: Few[Gate] = None
    resource_claims: Few[ClaimSpec] = None


class TemplateMetadata(Shape, frozen=True):
    """The metadata of a pod template."""

    annotations: dict[str, str] | None = None


class PodTemplate(Shape, frozen=True):
    """A pod template of a workload object."""

    metadata: TemplateMetadata | None = None
    spec: PodSpec | None = None
