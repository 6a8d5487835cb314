// What Linux says about processes: who descends from whom, how much memory they add, how often they wake.
import { readdirSync, readFileSync } from 'node:fs'

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path) {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** A process and all that descend from it. @returns {number[]} */
export function familyOf(pid) {
  const parents = new Map()
  for (const name of list('/proc').filter((each) => /^\d+$/.test(each))) {
    const stat = read(`/proc/${name}/stat`)
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const family = [pid]
  for (const member of family) for (const [each, parent] of parents) if (parent === member) family.push(each)
  return family
}

/** MB (1e6) of memory, in which a page that several processes share counts for each by its share. */
export function pssOf(pid) {
  return (Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? NaN) * 1024) / 1e6
}

/** How often the threads of a process have been switched to another so far. */
export function switchesOf(pid) {
  const counts = list(`/proc/${pid}/task`).flatMap((id) => {
    const status = read(`/proc/${pid}/task/${id}/status`)
    return Array.from(status.matchAll(/^\w+_ctxt_switches:\s+(\d+)/gm), ([, count]) => Number(count))
  })
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Seconds of CPU time of the children that have ended so far, with theirs; NaN where the system does not say. The unit is 10 ms. */
export function childCpuSeconds() {
  const stat = read('/proc/self/stat')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(13, 15)
    .map(Number)
  return (user + system) / 100
}
