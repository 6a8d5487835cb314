/** The code that sends a function by value. The build makes one file of it, which `on-demand.ts` loads with the first such function. */
export { mapStacks } from './capture/map-stacks.js'
export { prepareFunction } from './resolve.js'
