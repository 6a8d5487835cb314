/** The only door to the native addon. */
import './addon.js'
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
