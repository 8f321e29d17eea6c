"""Kubeflow's training jobs: one kind a framework (v1), and TrainJob (v2)."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Annotated

from msgspec import Meta

from podlore.objects.controllers.workload import PodSet, Suspendable, WorkloadObject
from podlore.objects.parse import LIST_MAX, Count, Shape
from podlore.objects.pod_spec import ContainerSpec, PodSpec, PodTemplate, ResourceList


class ReplicaSpec(Shape, frozen=True):
    """One role of a training job."""

    replicas: Count | None = None
    template: PodTemplate | None = None


Roles = Annotated[dict[str, ReplicaSpec], Meta(max_length=LIST_MAX)] | None


class TrainingSpec(Suspendable, frozen=True):
    """A training job's specification: roles under a key that names the framework."""

    run_policy: Suspendable | None = None
    pytorch_replica_specs: Roles = None
    tf_replica_specs: Roles = None
    mpi_replica_specs: Roles = None
    xgb_replica_specs: Roles = None
    paddle_replica_specs: Roles = None
    jax_replica_specs: Roles = None

    def roles(self) -> Iterable[ReplicaSpec]:
        """Return the roles of whichever framework it is."""
        frameworks: tuple[Mapping[str, ReplicaSpec] | None, ...] = (
            self.pytorch_replica_specs,
            self.tf_replica_specs,
            self.mpi_replica_specs,
            self.xgb_replica_specs,
            self.paddle_replica_specs,
            self.jax_replica_specs,
        )
        return chain.from_iterable(roles.values() for roles in frameworks if roles)


class TrainingJob(WorkloadObject, frozen=True):
    """A kubeflow.org PyTorchJob, TFJob, MPIJob, XGBoostJob, PaddleJob or JAXJob."""

    spec: TrainingSpec = TrainingSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        return tuple((1 if role.replicas is None else role.replicas, role.template) for role in self.spec.roles())

    def is_suspended(self) -> bool:  # noqa: D102
        return bool((self.spec.run_policy or self.spec).suspend)

    def deadline_seconds(self) -> int | None:  # noqa: D102
        return (self.spec.run_policy or self.spec).active_deadline_seconds


class Trainer(Shape, frozen=True):
    """How many nodes a TrainJob runs on, and what each asks for."""

    num_nodes: Count | None = None
    resources_per_node: ResourceList | None = None


class TrainJobSpec(Suspendable, frozen=True):
    """A TrainJob's specification; what it leaves out stands in its runtime, which is not read."""

    trainer: Trainer = Trainer()


class TrainJob(WorkloadObject, frozen=True):
    """A trainer.kubeflow.org TrainJob."""

    spec: TrainJobSpec = TrainJobSpec()

    def pod_sets(self) -> Iterable[PodSet]:  # noqa: D102
        trainer = self.spec.trainer
        node = PodSpec(containers=[ContainerSpec(name="node", resources=trainer.resources_per_node)])
        return ((1 if trainer.num_nodes is None else trainer.num_nodes, PodTemplate(spec=node)),)

    def is_suspended(self) -> bool:  # noqa: D102
        return bool(self.spec.suspend)
