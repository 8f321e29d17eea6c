"""How long one message takes to classify, and how many go through in a second, on one core.

    python benchmarks/classify.py [--messages 4000] [FILE]

Cold: every message is of a template never met before, from the raw record through masks to probabilities. Warm: a
stream of few templates with other numbers in each line, as a busy service writes it. Times are of the thread's CPU, so
that a busy machine does not change them much; FILE, a CSV of the schema, gives the messages instead of the generator.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from random import Random
from time import thread_time_ns

import numpy as np

from podlore.classify import RecordClassifier, load, text_of
from podlore.events.generator import generate
from podlore.events.normalize import normalize
from podlore.events.readers import lines, table
from podlore.events.record import LogRecord

STREAM_TEMPLATES, STREAM_MESSAGES = 50, 200_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--messages", type=int, default=4_000)
    options = parser.parse_args()
    records = read(options.file) if options.file else generated()
    print(json.dumps({"cold": cold(records[: options.messages]), "warm": warm(records)}, indent=2))


def read(file: Path) -> list[LogRecord]:
    with file.open("rb") as stream:
        return list(table.read(lines(stream, Counter()), Counter()))


def generated() -> list[LogRecord]:
    """Return one record a template, of another seed than the model was trained on."""
    by_template = {row.template: row.record for row in generate(seed=9, n_incidents=300)}
    return list(by_template.values())


def cold(records: list[LogRecord]) -> dict[str, float]:
    """Measure single messages; the memory for templates is empty before each of them."""
    classifier = load()
    classifier.predict([text_of(normalize(record)) for record in records[:50]])  # what is set up on first use
    whole, model = [], []
    for record in records:
        classifier._seen.clear()
        started = thread_time_ns()
        text = text_of(normalize(record))
        cleaned = thread_time_ns()
        classifier.predict([text])
        ended = thread_time_ns()
        whole.append((ended - started) / 1e6)
        model.append((ended - cleaned) / 1e6)
    return {"messages": len(records), **quantiles("whole", whole), **quantiles("model", model)}


def quantiles(name: str, milliseconds: list[float]) -> dict[str, float]:
    p50, p95, p99 = np.quantile(milliseconds, (0.5, 0.95, 0.99))
    return {
        f"{name}_p50_milliseconds": round(p50, 4),
        f"{name}_p95_milliseconds": round(p95, 4),
        f"{name}_p99_milliseconds": round(p99, 4),
    }


def warm(records: list[LogRecord]) -> dict[str, float]:
    """Measure a stream in which every line has other numbers, from the raw record on."""
    rng = Random(0)
    templates = rng.sample([record for record in records if len(record.message) < 300], STREAM_TEMPLATES)
    stream = [other_numbers(rng.choice(templates), rng) for _ in range(STREAM_MESSAGES)]
    classify = RecordClassifier(load()).classify
    started = thread_time_ns()
    for record in stream:
        classify(record)
    seconds = (thread_time_ns() - started) / 1e9
    return {"messages": len(stream), "messages_a_second": round(len(stream) / seconds)}


def other_numbers(record: LogRecord, rng: Random) -> LogRecord:
    number, address = rng.randint(10**5, 10**9), f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    return LogRecord(
        f"{record.message} id={number} from {address}",
        facility=record.facility,
        severity=record.severity,
        service=record.service,
        component=record.component,
        reason=record.reason,
    )


if __name__ == "__main__":
    main()
