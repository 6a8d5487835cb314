import { inspect } from 'node:util'

import { NotSerializableError } from '../errors/index.js'

const INSPECT = { depth: 1, customInspect: false, maxStringLength: 200, maxArrayLength: 8 }
const SHOWN_LENGTH = 400

/**
 * The error of a task whose own error could not be written. The user's code threw both: the task, or a getter of its error. They may be
 * anything, and so may their texts.
 */
export function describeThrown(thrown: unknown, why: unknown): Error {
  if (!(why instanceof NotSerializableError)) {
    return new NotSerializableError('error', `failed while it was encoded: ${show(why)}`)
  }
  const what = why.message.slice(why.message.indexOf(': ') + 2)
  return new NotSerializableError(why.path, `${what}; the task threw ${show(thrown)}`)
}

function show(value: unknown): string {
  try {
    const text = inspect(value, INSPECT)
    return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
  } catch {
    return `of type ${typeof value}`
  }
}
