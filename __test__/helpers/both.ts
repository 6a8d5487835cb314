import test, { type ExecutionContext, type ImplementationFn } from 'ava'

/** Tests whose pools run their tasks in this process. */
const inline = new WeakSet<ExecutionContext>()

/** Whether the pools of this test run their tasks in this process. */
export function isInline(t: ExecutionContext): boolean {
  return inline.has(t)
}

function runInline(body: ImplementationFn<[]>): ImplementationFn<[]> {
  return (t) => {
    inline.add(t)
    return body(t)
  }
}

/** A test that has to pass with worker processes and with `nJobs: 0`: what it says is promised above the seam of the back ends. */
export function testBoth(title: string, body: ImplementationFn<[]>): void {
  test(title, body)
  test(`nJobs: 0: ${title}`, runInline(body))
}

/** The same, one after the other. */
testBoth.serial = (title: string, body: ImplementationFn<[]>): void => {
  test.serial(title, body)
  test.serial(`nJobs: 0: ${title}`, runInline(body))
}
