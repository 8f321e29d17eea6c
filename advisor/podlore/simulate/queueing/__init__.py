"""Queueing studies: training jobs arrive, a policy decides each round who runs on which GPUs, jobs run as measured.

The protocol is that of Qiao et al., "Pollux", USENIX OSDI 2021: rounds of 60 s, 16 nodes of 4 GPUs, a pause of 30 s
after each change of a job's placement, step times and gradient statistics from measured profiles.
"""
