/** Ends a process by SIGKILL. The pid is a process of the test, never a group. */
export function kill(pid: number): void {
  if (pid > 0) process.kill(pid, 'SIGKILL')
}
