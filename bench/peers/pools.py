"""The process in which one pool of Python is measured, by the commands of commands.mjs: pools.py <peer> <workers>.

Lines {id, command, args} come in, {id, value} or {id, error} go out; a value is seconds where nothing else is said."""

import json
import multiprocessing
import os
import statistics
import sys
import time


def identity(value):
    return value


def burn(iterations):
    state = iterations
    for _ in range(iterations):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return state


def burn_when_told(connection):
    while True:
        count, iterations = connection.recv()
        start = time.perf_counter()
        for _ in range(count):
            burn(iterations)
        connection.send(time.perf_counter() - start)


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Bare:
    """Processes without a pool, each doing its share when told."""

    def __init__(self, workers):
        self.connections = []
        for _ in range(workers):
            ours, theirs = multiprocessing.Pipe()
            multiprocessing.Process(target=burn_when_told, args=(theirs,), daemon=True).start()
            self.connections.append(ours)

    def burn(self, count, iterations):
        def work():
            for connection in self.connections:
                connection.send((-(-count // len(self.connections)), iterations))
            for connection in self.connections:
                connection.recv()

        return seconds(work)

    def calibrate(self):
        def rate():
            self.connections[0].send((1, 200_000))
            return 200_000 / self.connections[0].recv()

        return max(rate() for _ in range(5))


class MultiprocessingPool:
    def __init__(self, workers):
        self.pool = multiprocessing.Pool(workers)

    def submit(self, value):
        return self.pool.apply_async(identity, (value,)).get

    def map(self, function, items, **options):
        return self.pool.map(function, items, **options)

    def lines(self, items):
        return self.pool.imap_unordered(identity, items)

    def close(self):
        self.pool.terminate()
        self.pool.join()


class Mpire(MultiprocessingPool):
    def __init__(self, workers):
        from mpire import WorkerPool

        self.pool = WorkerPool(n_jobs=workers, keep_alive=True)

    def map(self, function, items, chunksize=None):
        return self.pool.map(function, items, chunk_size=chunksize)

    def submit(self, value):
        return self.pool.apply_async(identity, (value,)).get


class Executor:
    """concurrent.futures, and loky, which has its interface."""

    def __init__(self, pool):
        self.pool = pool

    def submit(self, value):
        return self.pool.submit(identity, value).result

    def map(self, function, items, **options):
        return list(self.pool.map(function, items, **options))

    def close(self):
        self.pool.shutdown(wait=True)


def concurrent_futures(workers):
    from concurrent.futures import ProcessPoolExecutor

    return Executor(ProcessPoolExecutor(workers))


def loky(workers):
    from loky import ProcessPoolExecutor

    return Executor(ProcessPoolExecutor(workers))


POOLS = {
    "multiprocessing.Pool": MultiprocessingPool,
    "concurrent.futures": concurrent_futures,
    "loky": loky,
    "MPIRE": Mpire,
}


class Commands:
    def __init__(self, open_pool, workers):
        self.open, self.workers = open_pool, workers
        self.pool = open_pool(workers)
        self.held = None

    def checked(self, items, work):
        items, results = list(items), []
        took = seconds(lambda: results.extend(work(items)))
        if results != items:
            raise ValueError("a value came back changed")
        return took

    def apply(self, count):
        return statistics.median(seconds(self.pool.submit(i)) for i in range(count))

    def together(self, pool, items):
        return [get() for get in [pool.submit(item) for item in items]]

    def concurrent(self, count):
        return self.checked(range(count), lambda items: self.together(self.pool, items))

    def map(self, count):
        return self.checked(range(count), lambda items: self.pool.map(identity, items))

    def single(self, count):
        return self.checked(range(count), lambda items: self.pool.map(identity, items, chunksize=1))

    def lines(self, count):
        # A pool of its own: one of MPIRE 2.10.2 gives the tasks of a later map wrong arguments.
        pool = self.open(self.workers)

        def take(number):
            lines = (str(i).rjust(100, "x") for i in range(number))
            if sum(len(line) for line in pool.lines(lines)) != 100 * number:
                raise ValueError("a line came back changed")

        take(100)
        before = time.process_time()
        take(count)
        took = time.process_time() - before
        pool.close()
        return took

    def burn(self, count, iterations):
        return seconds(lambda: self.pool.map(burn, [iterations] * count))

    def echo(self, count, size):
        return self.checked([os.urandom(size) for _ in range(count)], lambda items: self.pool.map(identity, items))

    def hold(self):
        self.held = self.open(self.workers)
        self.together(self.held, range(self.workers))
        return 0

    def release(self):
        self.held.close()
        return 0

    def cold(self):
        took = seconds(self.hold)
        self.release()
        return took

    def close(self):
        self.pool.close()
        return 0


def say(**message):
    print(json.dumps(message), flush=True)


def main():
    peer, workers = sys.argv[1], int(sys.argv[2])
    try:
        commands = Bare(workers) if peer == "bare" else Commands(POOLS[peer], workers)
    except Exception as error:
        say(id=0, error=repr(error))
        return
    say(id=0, value=0)
    for line in sys.stdin:
        message = json.loads(line)
        try:
            say(id=message["id"], value=getattr(commands, message["command"])(*message["args"]))
        except Exception as error:
            say(id=message["id"], error=repr(error))
    os._exit(0)


if __name__ == "__main__":
    main()
