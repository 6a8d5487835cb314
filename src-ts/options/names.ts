/** A list of options, and how an error message names those who take them. */
export interface OptionScope {
  /** To be read after "an option of" and after "not of". */
  readonly owner: string
  readonly names: readonly string[]
}

/** The options of a map call that a pool can set for all its calls. */
const MAP_DEFAULTS = [
  'chunkSize',
  'nSplits',
  'iterableLength',
  'maxTasksActive',
  'workerLifespan',
  'orderTasks',
  'spread',
  'passContext',
  'batch',
  'withIndex',
  'progressBar',
  'onProgress',
  'taskTimeout',
  'retries',
  'killGrace',
  'signal',
  'workerInit',
  'workerExit',
  'workerInitTimeout',
  'workerExitTimeout'
] as const

export const POOL_OPTIONS: OptionScope = {
  owner: 'the pool',
  names: [
    'nJobs',
    'cpuIds',
    'daemon',
    'env',
    'cwd',
    'execArgv',
    'execPath',
    'stdio',
    'maxQueue',
    'idleTimeout',
    'workerStartTimeout',
    'maxWorkerMemory',
    'maxHeap',
    'sharedObjects',
    'keepAlive',
    'enableInsights',
    ...MAP_DEFAULTS
  ]
}

export const MAP_OPTIONS: OptionScope = {
  owner: 'a map',
  names: [...MAP_DEFAULTS, 'context', 'slices', 'concatenate']
}

export const APPLY_OPTIONS: OptionScope = {
  owner: 'apply',
  names: [
    'taskTimeout',
    'retries',
    'killGrace',
    'signal',
    'passContext',
    'context',
    'workerInit',
    'workerExit',
    'workerInitTimeout',
    'workerExitTimeout'
  ]
}

export const BAR_OPTIONS: OptionScope = { owner: 'a progress bar', names: ['description', 'leave'] }

export const RESIZE_OPTIONS: OptionScope = { owner: 'resize', names: ['cpuIds'] }

export const JOIN_OPTIONS: OptionScope = { owner: 'stopAndJoin', names: ['timeout'] }
