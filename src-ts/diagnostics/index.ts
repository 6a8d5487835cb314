/** What a program can hear by `node:diagnostics_channel`. */
export { numberOfPool, openReports, reportWorkerExit, reportWorkerStart, type TaskReports } from './channels.js'
