import { readdirSync, readFileSync, statSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { until } from './processes.js'

const PAGE = 4096

/** How often a process has mapped memory of `bytes`, whole pages, and has a descriptor of it. Nothing else in a test has that size. */
export function holds(pid: number, bytes: number): { readonly mappings: number; readonly descriptors: number } {
  let maps = ''
  let open: string[] = []
  try {
    maps = readFileSync(`/proc/${pid}/maps`, 'utf8')
    open = readdirSync(`/proc/${pid}/fd`)
  } catch {
    return { mappings: 0, descriptors: 0 }
  }
  const size = Math.ceil(bytes / PAGE) * PAGE
  const mappings = maps.split('\n').filter((line) => {
    const [start = '', end = ''] = line.split(' ', 1)[0]?.split('-') ?? []
    return line.includes('millrace') && Number.parseInt(end, 16) - Number.parseInt(start, 16) === size
  })
  const descriptors = open.filter((fd) => {
    try {
      const { size: length, nlink } = statSync(`/proc/${pid}/fd/${fd}`)
      return nlink === 0 && (length === bytes || length === size)
    } catch {
      return false
    }
  })
  return { mappings: mappings.length, descriptors: descriptors.length }
}

/** Waits until none of the processes has the memory. */
export async function freed(pids: Iterable<number>, bytes: number): Promise<void> {
  const all = [...pids]
  const left = (): readonly unknown[] =>
    all.map((pid) => ({ pid, ...holds(pid, bytes) })).filter(({ mappings, descriptors }) => mappings + descriptors > 0)
  await until(
    () => left().length === 0,
    () => `still held: ${JSON.stringify(left())}`
  )
}

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** Collects garbage until the condition holds. */
export async function collectedUntil(condition: () => boolean, describe: () => string): Promise<void> {
  await until(() => {
    gc()
    return condition()
  }, describe)
}
