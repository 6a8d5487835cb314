"""Runs one fault on one Python peer; says in lines of JSON what comes of it. The arguments: peer, fault, file of notes."""

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time

PATIENCE = float(os.environ["PATIENCE_MS"]) / 1000
CULPRIT = 3
COUNT = 8


def spin():
    while True:
        pass


def stray():
    raise RuntimeError("a stray error")


def later():
    threading.Timer(0.001, stray).start()
    time.sleep(0.5)


def fill():
    with open("/proc/self/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def overflow(depth):
    return overflow(depth + 1) + 1


FAULTS = {
    "exit 0": lambda: os._exit(0),
    "exit 1": lambda: os._exit(1),
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGSTOP, then SIGKILL": lambda: (os.kill(os.getpid(), signal.SIGSTOP), spin()),
    "abort": os.abort,
    "segmentation fault": lambda: ctypes.string_at(8),
    "heap exhaustion": fill,
    "uncaught in a timer": later,
    "infinite loop": spin,
    "a result that cannot be sent": lambda: threading.Lock(),
}


def work(number, fault, notes):
    with open(notes, "a", encoding="ascii") as file:
        file.write(f"{number} {os.getpid()}\n")
    if fault is None:
        return number * 3 + 1
    return FAULTS[fault]()


def say(line):
    print(json.dumps(line), flush=True)


class PoolPeer:
    """multiprocessing.Pool, and MPIRE, whose asynchronous results are alike."""

    def __init__(self, pool, close, terminate, timeout_error):
        self.pool, self.close, self.terminate, self.timeout_error = pool, close, terminate, timeout_error

    def run(self, *task):
        return self.pool.apply_async(work, task)

    def get(self, result, seconds):
        return result.get(seconds)


class ExecutorPeer:
    """concurrent.futures and loky."""

    def __init__(self, executor, terminate, timeout_error):
        self.executor, self.terminate, self.timeout_error = executor, terminate, timeout_error

    def run(self, *task):
        return self.executor.submit(work, *task)

    def get(self, result, seconds):
        return result.result(seconds)

    def close(self):
        self.executor.shutdown()


def open_pool(peer):
    if peer == "multiprocessing.Pool":
        import multiprocessing

        pool = multiprocessing.Pool(2)
        return PoolPeer(pool, lambda: (pool.close(), pool.join()), pool.terminate, multiprocessing.TimeoutError)
    if peer == "MPIRE":
        from mpire import WorkerPool

        pool = WorkerPool(n_jobs=2)
        return PoolPeer(pool, pool.stop_and_join, pool.terminate, TimeoutError)
    if peer == "concurrent.futures":
        import concurrent.futures

        executor = concurrent.futures.ProcessPoolExecutor(2)
        # There is no method that ends busy workers before Python 3.14.
        return ExecutorPeer(executor, lambda: executor.shutdown(cancel_futures=True), concurrent.futures.TimeoutError)
    import loky

    executor = loky.ProcessPoolExecutor(2)
    return ExecutorPeer(executor, lambda: executor.shutdown(kill_workers=True), TimeoutError)


def settle(pool, tasks):
    deadline = time.monotonic() + PATIENCE
    results = []
    for task in tasks:
        try:
            results.append(pool.run(*task))
        except Exception:
            results.append(None)
    return [outcome(pool, result, task[0], deadline) for result, task in zip(results, tasks)]


def outcome(pool, result, number, deadline):
    if result is None:
        return "rejected"
    try:
        value = pool.get(result, max(deadline - time.monotonic(), 0.01))
    except pool.timeout_error:
        return "open"
    except BaseException:
        return "rejected"
    return "right" if value == number * 3 + 1 else "wrong"


def ends(action):
    answers = []

    def act():
        try:
            action()
            answers.append("yes")
        except Exception:
            answers.append("no")

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return answers[0] if answers else "open"


def noted(notes):
    with open(notes, encoding="ascii") as file:
        return file.read().split("\n")[:-1]


def main():
    peer, fault, notes = sys.argv[1:]
    pool = open_pool(peer)

    def harmless(count, start=0):
        # Each task of a run has a number of its own: none is to run twice.
        return [(number, None, notes) for number in range(start, start + count)]

    if fault in ("a busy loop, the pool is terminated", "the parent is killed"):
        busy = [pool.run(number, "infinite loop", notes) for number in range(2)]
        while len(noted(notes)) < 2:
            time.sleep(0.005)
        say({"busy": True})
        if fault == "the parent is killed":
            time.sleep(1e6)
        ended = ends(pool.terminate)
        deadline = time.monotonic() + PATIENCE
        say({"ended": ended, "first": [outcome(pool, result, number, deadline) for number, result in enumerate(busy)]})
    else:
        if fault == "an idle worker is killed":
            settle(pool, harmless(4, 200))
            time.sleep(0.2)
            os.kill(int(noted(notes)[0].split()[1]), signal.SIGKILL)
            first = settle(pool, harmless(COUNT))
        else:
            first = settle(pool, [(n, fault if n == CULPRIT and fault != "no fault" else None, notes) for n in range(COUNT)])
        say({"first": first})
        say({"again": settle(pool, harmless(4, 100))})
        say({"ended": ends(pool.close)})


if __name__ == "__main__":
    main()
