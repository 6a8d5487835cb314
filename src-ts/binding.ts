/** The only door to the native addon. */
export {
  availableCpus,
  cpuCount,
  defaultJobs,
  libraryPath,
  type RawMark,
  RawPool,
  type RawPoolOptions,
  workerMark
} from '../index.js'
