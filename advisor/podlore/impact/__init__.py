"""What a period or a run was like, and whether two differ: metrics over finished jobs, and tests over paired units.

Metrics take plain arrays or `RunRecord`s and return plain numbers; `podlore.impact.report` puts them together. Tests
are in `podlore.impact.significance`. Called by the simulator, by experiments and by the operator's impact reports.
"""

from podlore.impact.record import JobRecord, RunRecord

__all__ = ["JobRecord", "RunRecord"]
