// Loaded before every spec. Pid 0 is the group of the caller: a test that read no pid would end the whole run, without a word.
const { kill } = process

process.kill = (pid, signal) => {
  if (!Number.isSafeInteger(pid) || pid === 0) throw new RangeError(`a test wants to send ${signal} to pid ${pid}`)
  return kill.call(process, pid, signal)
}
