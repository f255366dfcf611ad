import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Where figures were taken. They are only to be compared with others of the same run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
  readonly postgres: string;
  /** How many processes wanted a core in the last minute, when the run began. */
  readonly loadBefore: number;
}

/** This machine. */
export function machine(postgres: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    postgres,
    loadBefore: Math.round(loadavg()[0]! * 10) / 10,
  };
}

/** The machine in one line. */
export function machineText({ cpu, cores, memoryGb, node, platform, postgres, loadBefore }: Machine): string {
  return `${cores} cores (${cpu}), ${memoryGb} GB, ${platform}, Node ${node}, load ${loadBefore} at the start\n${postgres}`;
}
