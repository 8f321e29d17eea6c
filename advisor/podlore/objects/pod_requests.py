"""What a pod asks for in sum, as kube-scheduler counts it. Called for pods and for pod templates.

Containers run together, init containers one after the other, and restartable init containers (sidecars) from their
turn on to the end: the request is the larger of the two phases, plus the runtime's overhead. Requests of the pod as a
whole, where given, replace the sum.

References
----------
``PodRequests`` in k8s.io/component-helpers/resource; KEP-753 (sidecars), KEP-2837 (pod-level resources).
"""

from collections import Counter
from collections.abc import Mapping

from podlore.objects.gpu_units import gpu_request, is_gpu_resource
from podlore.objects.parse import naming
from podlore.objects.pod_spec import PodSpec, ResourceList
from podlore.objects.quantity import milli, nano, whole
from podlore.vocabulary import Resources

_Amounts = Counter[str]


def pod_requests(spec: PodSpec, annotations: Mapping[str, str]) -> tuple[Resources, str]:
    """Return the request, and the name of the GPU resource in it (empty where there is none)."""
    amounts = _larger_phase(spec)
    if spec.resources is not None:
        amounts = Counter({**amounts, **_requests_nano(spec.resources, "$.spec.resources")})
    if spec.overhead:
        amounts = amounts + _requests_nano(ResourceList(requests=spec.overhead), "$.spec.overhead")
    gpus = {name: amount for name, amount in amounts.items() if name not in ("cpu", "memory")}
    gpu_milli, gpu_resource = gpu_request(gpus, annotations)
    return Resources(milli(amounts["cpu"]), whole(amounts["memory"]), gpu_milli), gpu_resource


def _larger_phase(spec: PodSpec) -> _Amounts:
    sidecars, peak = _Amounts(), _Amounts()
    for index, container in enumerate(spec.init_containers or ()):
        own = _requests_nano(container.resources, f"$.spec.initContainers[{index}].resources")
        if container.restart_policy == "Always":
            sidecars = own = sidecars + own
        else:
            own = sidecars + own
        peak |= own
    running = sidecars
    for index, container in enumerate(spec.containers or ()):
        running = running + _requests_nano(container.resources, f"$.spec.containers[{index}].resources")
    return running | peak


def _requests_nano(resources: ResourceList | None, path: str) -> _Amounts:
    """Return what counts here; a limit without a request is the request, as the API server fills it in."""
    if resources is None:
        return _Amounts()
    with naming(path):
        asked = {**(resources.limits or {}), **(resources.requests or {})}
        return _Amounts({name: nano(amount) for name, amount in asked.items() if _counts(name)})


def _counts(name: str) -> bool:
    return name in ("cpu", "memory") or is_gpu_resource(name)
