import { readdirSync, readFileSync } from 'node:fs'

/** The CPU ids of a list such as `0-3,8`. */
function parse(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset)
  })
}

function readAllowed(path: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(path, 'utf8'))?.[1]
  if (list === undefined) throw new Error(`${path} says nothing of CPUs`)
  return parse(list)
}

/** The CPUs that a process may use, as the system says. */
export function cpusOfProcess(pid: number): readonly number[] {
  return readAllowed(`/proc/${pid}/status`)
}

/** The CPUs that each thread of a process may use. */
export function cpusOfThreads(pid: number): readonly (readonly number[])[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((id) => {
    try {
      return [readAllowed(`/proc/${pid}/task/${id}/status`)]
    } catch (error) {
      // The thread has ended in the meantime.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
      throw error
    }
  })
}
