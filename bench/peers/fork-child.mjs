import { burn, identity } from '../tasks.mjs'

const tasks = { burn, identity }

process.on('message', ([id, task, argument]) => process.send([id, tasks[task](argument)]))
