export { sharedArray } from './shared-array.js'
