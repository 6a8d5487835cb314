"""multiprocessing.Pool behind a line protocol: one JSON array [what, ...numbers] in, one number of seconds out."""

import json
import os
import statistics
import sys
import time
from multiprocessing import Pool, Process


def identity(value):
    return value


def burn(iterations):
    state = iterations
    for _ in range(iterations):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state


def burn_many(count, iterations):
    for _ in range(count):
        burn(iterations)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def apply(pool, count):
    return statistics.median(seconds(lambda: pool.apply(identity, (i,))) for i in range(count))


def echo(pool, count, size):
    buffers = [os.urandom(size) for _ in range(count)]
    received = []
    took = seconds(lambda: received.extend(pool.map(identity, buffers)))
    if received != buffers:
        raise ValueError("a buffer came back changed")
    return took


def bare(workers, count, iterations):
    """As many processes without a pool, each doing its share; the clock stops when the last one ends."""
    processes = [Process(target=burn_many, args=(count // workers, iterations)) for _ in range(workers)]

    def work():
        for process in processes:
            process.start()
        for process in processes:
            process.join()

    return seconds(work)


def main():
    workers = int(sys.argv[1])
    with Pool(workers) as pool:
        commands = {
            "apply": lambda count: apply(pool, count),
            "chunked": lambda count: seconds(lambda: pool.map(identity, range(count))),
            "unchunked": lambda count: seconds(lambda: pool.map(identity, range(count), chunksize=1)),
            "burn": lambda count, iterations: seconds(lambda: pool.map(burn, [iterations] * count)),
            "echo": lambda count, size: echo(pool, count, size),
            "bare": lambda count, iterations: bare(workers, count, iterations),
            "calibrate": lambda: 200_000 / min(seconds(lambda: burn(200_000)) for _ in range(5)),
        }
        for line in sys.stdin:
            what, *numbers = json.loads(line)
            print(commands[what](*numbers), flush=True)


if __name__ == "__main__":
    main()
