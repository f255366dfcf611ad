import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Names one process for ever: its pid and, where the system tells it, its start time,
 * so that a pid which was given to another process since is not taken for the old one.
 */
export type ProcessId = `${number}-${string}`;

/** The name of this process. */
export const thisProcess: ProcessId = processId(process.pid);

/** The name of the process that has this pid now. */
export function processId(pid: number): ProcessId {
  return `${pid}-${stat(pid)?.startTime ?? '0'}`;
}

/** Whether the process of that name still runs. A zombie does not: it only waits to be reaped. */
export function isAlive(id: ProcessId): boolean {
  const [pid = '', startTime] = id.split('-');
  return isRunning(Number(pid)) && (startTime === '0' || stat(Number(pid))?.startTime === startTime);
}

/** Whether some process with this pid runs, zombies not counted. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return stat(pid)?.state !== 'Z';
}

/** Sends a signal; nothing happens when the process is gone. */
export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The arguments a process was started with; `undefined` where the system does not tell. */
export function commandLine(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return undefined;
  }
}

/** The ids of a user of this system. */
export interface Account {
  uid: number;
  gid: number;
}

/** Whom servers run as: `nobody` when we are root, as Postgres refuses root; otherwise nobody else than us. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Fields 3 and 22 of /proc/PID/stat (proc(5)); the name in field 2 may hold blanks and brackets. */
function stat(pid: number): { state: string; startTime: string } | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0]!, startTime: fields[19]! };
  } catch {
    return undefined;
  }
}
