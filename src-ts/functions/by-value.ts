/** The code that sends a function by value. It is loaded with the first such function. */
export { mapStacks } from './capture/map-stacks.js'
export { withLocation } from './capture/text-location.js'
export { prepareFunction } from './resolve.js'
export { prepareShared } from './shared.js'
