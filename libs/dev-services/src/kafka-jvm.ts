import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Java } from './java.js';
import { isAlive, thisProcess, type ProcessId } from './process.js';
import { serverEnvironment } from './programs.js';

/** How Kafka's programs are run. */
export interface Jvm {
  program: string;
  /** The arguments before the name of the main class. */
  args: string[];
  /** Arguments to add for one broker of a cluster that is started; it records what {@link Jvm.archiveClasses} needs. */
  recording: string[];
  /** After a recording: makes the next starts faster, in the background. */
  archiveClasses(): void;
}

const logging = fileURLToPath(new URL('../kafka/log4j2.properties', import.meta.url));

/**
 * A small JVM that starts quickly rather than one that is fast later.
 * Classes come from an archive that is dumped once per Java and set of jars: a start takes 1.3 s instead of 2.4 s.
 */
export function kafkaJvm(java: Java, lib: string): Jvm {
  const archive = join(lib, `classes-${createHash('sha256').update(java.version).digest('hex').slice(0, 12)}.jsa`);
  const list = `${archive}.list`;
  const there = existsSync(archive);
  const claimed = !there && claim(`${archive}.claim`);
  const args = [
    '-Xms64m',
    '-Xmx256m',
    '-Xss512k',
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    '-XX:-UsePerfData',
    '-XX:+ExitOnOutOfMemoryError',
    `-Dlog4j2.configurationFile=${logging}`,
    '-cp',
    join(lib, '*'),
  ];
  return {
    program: java.program,
    args: there ? [`-XX:SharedArchiveFile=${archive}`, ...args] : args,
    recording: claimed ? [`-XX:DumpLoadedClassList=${list}`] : [],
    archiveClasses: () => claimed && dump(java.program, args, list, archive),
  };
}

/** One process is enough; the claim of a dead one is void. */
function claim(file: string): boolean {
  try {
    if (existsSync(file) && !isAlive(readFileSync(file, 'utf8') as ProcessId)) rmSync(file, { force: true });
    writeFileSync(file, thisProcess, { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** 6 s of what nobody else needs of a processor, and no failure matters: Kafka runs without the archive. */
function dump(program: string, args: string[], list: string, archive: string): void {
  const side = `${archive}.new-${process.pid}`;
  const lines = existsSync(list) ? readFileSync(list, 'utf8') : '';
  writeFileSync(list, lines.slice(0, lines.lastIndexOf('\n') + 1)); // the broker may be writing the last line
  const flags = ['-Xshare:dump', `-XX:SharedClassListFile=${list}`, `-XX:SharedArchiveFile=${side}`];
  const child = spawn(program, [...flags, ...args], { env: serverEnvironment(), stdio: 'ignore' });
  const giveUp = () => {
    child.kill('SIGKILL');
    rmSync(side, { force: true });
  };
  process.once('exit', giveUp);
  child.once('error', () => {});
  child.once('exit', (code) => {
    process.off('exit', giveUp);
    if (code === 0) renameSync(side, archive);
  });
  child.unref();
  if (child.pid !== undefined) setPriority(child.pid, 19);
}
