"""One benchmark by MPIRE, or without workers: pools.py KEY PEER WORKERS SIZES. The same work as work.mjs, on numpy arrays.

The functions of workers take what MPIRE passes first: the shared objects, then the state, then the item."""

import hashlib
import json
import os
import sys
import time

# Each worker has one CPU, and so has the run without workers.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy

MULTIPLIER = 2654435761
SAMPLE = 997
POPULAR = 100
# So that the initializer and a task take as long as they do in JavaScript.
STEPS_PER_SECOND = 7_500_000
PASSES = 25


def random_numbers(state):
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state / 2**32


def scrambled(length, seed=0):
    return (numpy.arange(seed, seed + length, dtype=numpy.uint32) * numpy.uint32(MULTIPLIER)) / 2.0**32


def digest_of(data):
    return hashlib.sha256(data).hexdigest()[:16]


class Image:
    def __init__(self, width, stride, filters):
        self.image = scrambled(width * width).reshape(width, width)
        self.stride = stride
        random = random_numbers(2)
        self.filters = [([next(random) - 0.5 for _ in range(16)],) for _ in range(filters)]

    def serial(self):
        return [convolve((self.image, self.stride), *each).ravel()[::SAMPLE] for each in self.filters]

    def mpire(self, workers):
        from mpire import WorkerPool

        with WorkerPool(n_jobs=workers, shared_objects=(self.image, self.stride)) as pool:
            return [result.ravel()[::SAMPLE].copy() for result in pool.imap(convolve, self.filters)]

    def digest(self, samples):
        return digest_of(b"".join(sample.tobytes() for sample in samples))


def convolve(shared, kernel):
    image, stride = shared
    count = (image.shape[0] - 4) // stride + 1
    reach = (count - 1) * stride + 1
    result = numpy.zeros((count, count))
    for y in range(4):
        for x in range(4):
            result += kernel[4 * y + x] * image[y : y + reach : stride, x : x + reach : stride]
    return result


class Prefixes:
    def __init__(self, documents, words, longest):
        random = random_numbers(1)
        known = ["".join(chr(97 + int(26 * next(random))) for _ in range(4 + int(9 * next(random)))) for _ in range(words)]
        lengths = (int(10 * (longest / 10) ** next(random)) for _ in range(documents))
        self.documents = [([known[int(words * next(random) ** 2)] for _ in range(length)],) for length in lengths]

    def serial(self):
        state = {}
        init_counts(state)
        for document in self.documents:
            count(state, *document)
        return exit_counts(state)

    def mpire(self, workers):
        from mpire import WorkerPool

        with WorkerPool(n_jobs=workers, use_worker_state=True) as pool:
            pool.map(count, self.documents, worker_init=init_counts, worker_exit=exit_counts)
            merged, *others = pool.get_exit_results()
        for part in others:
            for prefix, number in part.items():
                merged[prefix] = merged.get(prefix, 0) + number
        return merged

    def digest(self, counts):
        popular = sum(1 for number in counts.values() if number > POPULAR)
        return f"{len(counts)} prefixes, {sum(counts.values())} times, {popular} popular"


def init_counts(state):
    state["counts"] = {}


def count(state, words):
    counts = state["counts"]
    for word in words:
        for length in range(1, len(word)):
            prefix = word[:length]
            counts[prefix] = counts.get(prefix, 0) + 1


def exit_counts(state):
    return state["counts"]


class Model:
    def __init__(self, seconds, maps, tasks, images):
        self.steps = seconds * STEPS_PER_SECOND
        self.batches = [(scrambled(images * 784, seed).astype(numpy.float32).reshape(images, 784),) for seed in range(tasks)]
        self.maps = maps

    def serial(self):
        state = {}
        init_model(self.steps, state)
        return [[predict(self.steps, state, *batch) for batch in self.batches] for _ in range(self.maps)]

    def mpire(self, workers):
        from mpire import WorkerPool

        options = {"use_worker_state": True, "shared_objects": self.steps, "keep_alive": True}
        with WorkerPool(n_jobs=workers, **options) as pool:
            return [pool.map(predict, self.batches, worker_init=init_model) for _ in range(self.maps)]

    def digest(self, classes):
        return digest_of(json.dumps(classes).encode())


def init_model(steps, state):
    weights = [0.0] * (784 * 128 + 128 * 10)
    number, at = 1, 0
    for _ in range(steps):
        number = (number * 1664525 + 1013904223) & 0xFFFFFFFF
        weights[at] = number / 2**31 - 1
        at = 0 if at + 1 == len(weights) else at + 1
    state["first"] = numpy.array(weights[: 784 * 128]).reshape(784, 128)
    state["second"] = numpy.array(weights[784 * 128 :]).reshape(128, 10)


def predict(_steps, state, images):
    for _ in range(PASSES):
        hidden = numpy.maximum(0, images @ state["first"])
        classes = (hidden @ state["second"]).argmax(axis=1)
    return classes.tolist()


def main():
    key, peer, workers, sizes = sys.argv[1:]
    benchmark = {"image": Image, "prefixes": Prefixes, "model": Model}[key](**json.loads(sizes))
    start = time.perf_counter()
    results = benchmark.serial() if peer == "serial" else benchmark.mpire(int(workers))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "digest": benchmark.digest(results)}))


if __name__ == "__main__":
    main()
