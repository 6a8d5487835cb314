/** The code that sends a function by value. The build makes one file of it, which `on-demand.ts` loads with the first such function. */
export { mapStacks } from './capture/map-stacks.js'
export { withLocation } from './capture/text-location.js'
export { prepareFunction } from './resolve.js'
