import { Object, Reflect, Symbol, WeakMap, globalObject } from '../primordials.js'

/** The task that an error came from. */
export interface TaskInfo {
  /** The index of the item in its call, or of the first item of a batch. It is 0 for `apply`. */
  readonly index: number
  /** The number of items in the batch. Only calls with `batch` have it. */
  readonly count?: number
  /**
   * The item as text of at most 200 characters, as it was sent. For `apply`, the arguments in parentheses. Undefined if it is not known,
   * for example if the items of the chunk are larger than 4 MiB and the worker died.
   */
  readonly item: string | undefined
  /** The id of the worker, 0 to nJobs - 1. */
  readonly workerId: number
  /** The process id of the worker. */
  readonly pid: number
  /** 1 for the first attempt. `retries` makes further ones. */
  readonly attempt: number
}

/** What a worker tells about a task. */
export type TaskOrigin = Pick<TaskInfo, 'item' | 'workerId' | 'pid'>

/** The items behind a task. */
export interface TaskItems {
  /** The index of the item in its call, or of the first item of a batch. */
  readonly index: number
  /** The number of items in the batch; undefined without `batch`. */
  readonly count: number | undefined
}

const KEY = Symbol.for('millrace.task-info')

// A program may load the ES module and its CommonJS copy. Both use one table.
const known = Reflect.get(globalObject, KEY) as WeakMap<object, TaskInfo> | undefined
const infos: WeakMap<object, TaskInfo> = known ?? new WeakMap()
if (known === undefined) Object.defineProperty(globalObject, KEY, { value: infos })

/** Notes the task that an error came from. The error itself stays as it is. Values that are not objects have no note. */
export function noteTask(
  error: unknown,
  { index, count }: TaskItems,
  { item, workerId, pid }: TaskOrigin,
  attempt: number
): void {
  if (typeof error !== 'object' || error === null) return
  const batch = count === undefined ? undefined : { count }
  infos.set(error, Object.freeze({ index, ...batch, item, workerId, pid, attempt }))
}

/** Notes for `to` what was noted for `from`. */
export function moveTaskInfo(from: object, to: object): void {
  const info = infos.get(from)
  if (info !== undefined) infos.set(to, info)
}

/**
 * Returns the task that an error came from: an error that the task threw, or an error of the library about this task, such as the death
 * of its worker or a timeout. Every other value returns undefined. So do primitives, items that could not be sent, and errors that
 * several tasks share, such as the reason of an abort and the error of `terminate()`.
 * @example
 * pool.map(parse, files).catch((error) => {
 *   const { index = -1, attempt } = taskInfo(error) ?? {}
 *   console.error(files[index], 'failed in attempt', attempt, error)
 * })
 */
export function taskInfo(error: unknown): TaskInfo | undefined {
  return typeof error === 'object' && error !== null ? infos.get(error) : undefined
}
