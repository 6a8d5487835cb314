import { byName } from '../tasks.mjs'

process.on('message', ([id, task, argument]) => process.send([id, byName[task](argument)]))
