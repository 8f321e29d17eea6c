"""May a pod run on a node? Written as the Kubernetes documentation tells it, one sentence after the other."""

from podlore.vocabulary import Node, Pod, Requirement


def eligible(pod: Pod, node: Node) -> bool:  # noqa: PLR0912 - one sentence after the other is the point
    """Say whether the pod may run on the node if there is room."""
    for key, value in pod.node_selector.items():
        if key not in node.labels or node.labels[key] != value:
            return False
    if len(pod.affinity_terms) > 0:
        one_term_holds = False
        for term in pod.affinity_terms:
            holds = len(term) > 0
            for requirement in term:
                if not holds_for(requirement, node):
                    holds = False
            if holds:
                one_term_holds = True
        if not one_term_holds:
            return False
    taints = [(taint.key, taint.value, taint.effect) for taint in node.taints]
    taints = [taint for taint in taints if taint[0] != "node.kubernetes.io/unschedulable"]
    if node.is_cordoned:
        taints.append(("node.kubernetes.io/unschedulable", "", "NoSchedule"))
    for key, value, effect in taints:
        if effect not in ("NoSchedule", "NoExecute"):
            continue
        tolerated = False
        for toleration in pod.tolerations:
            effect_matches = toleration.effect in ("", effect)
            everything = toleration.operator == "Exists" and toleration.key == ""
            exists = toleration.operator == "Exists" and toleration.key == key
            equal = toleration.operator in ("", "Equal") and toleration.key == key and toleration.value == value
            if effect_matches and (everything or exists or equal):
                tolerated = True
        if not tolerated:
            return False
    if pod.requests.gpu_milli > 0:
        if node.allocatable.gpu_milli <= 0:
            return False
        if pod.gpu_resource != "" and node.gpu_resource not in ("", pod.gpu_resource):
            return False
    return node.is_ready


def holds_for(requirement: Requirement, node: Node) -> bool:  # noqa: PLR0911 - likewise
    """Say whether a node-selector requirement holds."""
    labels = dict(node.labels)
    labels["metadata.name"] = node.name
    there = requirement.key in labels
    value = labels.get(requirement.key, "")
    if requirement.operator == "In":
        return there and value in requirement.values
    if requirement.operator == "NotIn":
        return not there or value not in requirement.values
    if requirement.operator == "Exists":
        return there
    if requirement.operator == "DoesNotExist":
        return not there
    try:
        number, [bound] = int(value), [int(value) for value in requirement.values]
    except ValueError:
        return False
    if requirement.operator == "Gt":
        return number > bound
    if requirement.operator == "Lt":
        return number < bound
    return False
