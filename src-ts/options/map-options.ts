import type { OptionValues } from './checks.js'
import { invalidOptionBecause } from '../errors/index.js'
import { MAP_OPTIONS } from './names.js'
import {
  copyOptions,
  readBoolean,
  readContext,
  readFunction,
  readInteger,
  readMilliseconds,
  readSignal
} from './checks.js'
import { type BarSettings, readProgressBar } from './progress-bar.js'
import type { Progress } from '../types/index.js'
import { type LifeSettings, NO_LIFE, readLife } from './life-options.js'

/** The checked options of a map call. */
export interface MapSettings extends LifeSettings {
  readonly chunkSize: number | undefined
  readonly nSplits: number | undefined
  readonly iterableLength: number | undefined
  readonly maxTasksActive: number | undefined
  readonly workerLifespan: number | undefined
  readonly orderTasks: boolean
  readonly spread: boolean
  readonly passContext: boolean
  /** The most items that the function receives together, or undefined if it receives one item. */
  readonly batch: number | undefined
  /** Whether the items are slices of a typed array. A pool has no default for it. */
  readonly slices: boolean
  /** Whether the results are joined into one typed array. A pool has no default for it. */
  readonly concatenate: boolean
  /** Whether results come with the index of their item. */
  readonly withIndex: boolean
  /** The bar that shows how far the call is, or undefined for none. */
  readonly progressBar: BarSettings | undefined
  /** Is told how far the call is. */
  readonly onProgress: ((progress: Progress) => void) | undefined
  /** Milliseconds. */
  readonly taskTimeout: number | undefined
  readonly retries: number
  /** Milliseconds. */
  readonly killGrace: number
  readonly signal: AbortSignal | undefined
  /** Values for free names of the function. A pool has no default for them. */
  readonly context: Readonly<Record<string, unknown>> | undefined
}

/** The largest number that a word of the protocol can hold. */
export const MAX_RETRIES: number = 2 ** 32 - 1

/** Far more items than a message holds in practice. */
const MAX_BATCH: number = 2 ** 24

const NO_DEFAULTS: MapSettings = {
  chunkSize: undefined,
  nSplits: undefined,
  iterableLength: undefined,
  maxTasksActive: undefined,
  workerLifespan: undefined,
  orderTasks: false,
  spread: false,
  passContext: false,
  batch: undefined,
  slices: false,
  concatenate: false,
  withIndex: false,
  progressBar: undefined,
  onProgress: undefined,
  taskTimeout: undefined,
  retries: 0,
  killGrace: 100,
  signal: undefined,
  context: undefined,
  ...NO_LIFE
}

/**
 * Reads the options of one map.
 * @param defaults The pool's options for its calls.
 * @throws TypeError or RangeError, `ERR_POOL_INVALID_OPTION`.
 */
export function readMapOptions(options: unknown, defaults: MapSettings): MapSettings {
  const values = copyOptions(options, MAP_OPTIONS)
  return { ...readMapSettings(values, defaults), context: readContext(values) }
}

/** Reads the options of a map from options that were already copied. */
export function readMapSettings(values: OptionValues, defaults: MapSettings = NO_DEFAULTS): MapSettings {
  const nSplits = readInteger(values, 'nSplits', 1)
  // chunkSize wins over nSplits, but a pool's default does not win over what a call asks for.
  const defaultChunkSize = nSplits === undefined ? defaults.chunkSize : undefined
  return {
    chunkSize: readInteger(values, 'chunkSize', 1) ?? defaultChunkSize,
    nSplits: nSplits ?? defaults.nSplits,
    iterableLength: readInteger(values, 'iterableLength', 0) ?? defaults.iterableLength,
    maxTasksActive: readInteger(values, 'maxTasksActive', 1) ?? defaults.maxTasksActive,
    workerLifespan: readInteger(values, 'workerLifespan', 1) ?? defaults.workerLifespan,
    orderTasks: readBoolean(values, 'orderTasks') ?? defaults.orderTasks,
    ...readForm(values, defaults),
    passContext: readBoolean(values, 'passContext') ?? defaults.passContext,
    ...readResultForm(values, defaults),
    progressBar: readProgressBar(values, defaults.progressBar),
    onProgress: readFunction<(progress: Progress) => void>(values, 'onProgress') ?? defaults.onProgress,
    taskTimeout: readMilliseconds(values, 'taskTimeout', false) ?? defaults.taskTimeout,
    retries: readInteger(values, 'retries', 0, MAX_RETRIES) ?? defaults.retries,
    killGrace: readMilliseconds(values, 'killGrace', true) ?? defaults.killGrace,
    signal: readSignal(values, 'signal') ?? defaults.signal,
    ...readLife(values, defaults),
    context: undefined
  }
}

/**
 * Reads in which form the function receives the items. The form that a call names replaces the other forms of the pool's defaults.
 * @throws RangeError if two forms are asked for
 */
function readForm(values: OptionValues, defaults: MapSettings): Pick<MapSettings, 'spread' | 'batch' | 'slices'> {
  const spread = readBoolean(values, 'spread')
  const batch = readInteger(values, 'batch', 1, MAX_BATCH)
  const slices = readBoolean(values, 'slices') ?? false
  const other = spread === true ? 'spread: true' : batch === undefined ? undefined : `batch: ${batch}`
  if (slices && other !== undefined) {
    throw invalidOptionBecause('range', 'slices', slices, `it cannot be combined with ${other}`)
  }
  if (spread === true && batch !== undefined) {
    throw invalidOptionBecause('range', 'batch', batch, 'it cannot be combined with spread: true')
  }
  return {
    slices,
    spread: spread ?? (batch === undefined && !slices && defaults.spread),
    batch: batch ?? (spread === true || slices ? undefined : defaults.batch)
  }
}

/** Reads in which form the results come. What a call asks for replaces the pool's default. */
function readResultForm(values: OptionValues, defaults: MapSettings): Pick<MapSettings, 'withIndex' | 'concatenate'> {
  const withIndex = readBoolean(values, 'withIndex')
  const concatenate = readBoolean(values, 'concatenate') ?? false
  if (concatenate && withIndex === true) {
    throw invalidOptionBecause('range', 'concatenate', concatenate, 'it cannot be combined with withIndex: true')
  }
  return { concatenate, withIndex: withIndex ?? (!concatenate && defaults.withIndex) }
}

/** @throws RangeError if a call of that method has no list of results to join */
export function checkConcatenation(method: string): void {
  if (method === 'map' || method === 'mapUnordered') return
  throw invalidOptionBecause('range', 'concatenate', true, `${method} has no list of typed arrays to join`)
}
