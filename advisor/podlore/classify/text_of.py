"""What the classifier reads of a record: its labels as ``key=value`` words, then reason and message."""

from podlore.events.record import LogRecord


def text_of(record: LogRecord) -> str:
    """Return the text of a record for `Classifier.predict`; labels that are unknown are left out.

    >>> text_of(LogRecord("Back-off restarting", service="kubelet", component="Pod", reason="BackOff"))
    'service=kubelet component=Pod reason=BackOff | BackOff Back-off restarting'
    """
    labels = (
        ("facility", record.facility),
        ("service", record.service),
        ("component", record.component),
        ("severity", record.severity),
        ("reason", record.reason),
    )
    head = " ".join(f"{key}={value.replace(' ', '_')}" for key, value in labels if value)
    body = f"{record.reason} {record.message}".strip()
    return f"{head} | {body}" if head else body
