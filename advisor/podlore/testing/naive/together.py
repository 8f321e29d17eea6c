"""How often a request fits, and how much could be used in pieces: by putting one after the other until it is full."""

from podlore.vocabulary import Resources

PLENTY = 10_000


def times(request: Resources, room: Resources) -> int:
    """Return how many such requests fit side by side; a request for nothing fits once."""
    if request == Resources():
        return 1
    count = 0
    cpu, memory, gpu = room.cpu_milli, room.memory_bytes, room.gpu_milli
    while count < PLENTY:
        cpu, memory, gpu = cpu - request.cpu_milli, memory - request.memory_bytes, gpu - request.gpu_milli
        if cpu < 0 or memory < 0 or gpu < 0:
            return count
        count += 1
    return count


def usable_gpus(request: Resources, room: Resources) -> int:
    """Return how many whole GPUs a pod of this shape could use, each with its share of CPU and memory."""
    gpus = request.gpu_milli // 1000
    used = 0
    while True:
        used += 1
        enough_gpu = used * 1000 <= room.gpu_milli
        enough_cpu = used * request.cpu_milli <= room.cpu_milli * gpus
        enough_memory = used * request.memory_bytes <= room.memory_bytes * gpus
        if not (enough_gpu and enough_cpu and enough_memory):
            return used - 1
