// Loaded before every spec.
const { kill } = process

process.kill = (pid, signal) => {
  // Pid 0 is the group of the caller: a test that read no pid would end the whole run, without a word.
  if (!Number.isSafeInteger(pid) || pid === 0) throw new RangeError(`a test wants to send ${signal} to pid ${pid}`)
  try {
    return kill.call(process, pid, signal)
  } catch (error) {
    // The pool lists a worker until the parent's loop hears of its end. The worker may have ended before the signal comes.
    if (signal !== 0 && (error as NodeJS.ErrnoException).code === 'ESRCH') return true
    throw error
  }
}
