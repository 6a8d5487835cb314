export { describeLaunch } from './launch.js'
