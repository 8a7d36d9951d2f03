import { readdirSync, readFileSync } from "node:fs";

/** What a process and all its descendants used. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Sum of the resident sets, at the sample in which it was largest. */
  readonly peakMemoryBytes: number;
}

const sampleEveryMs = 100;
// Linux has had these values on every architecture that Node supports.
const ticksPerSecond = 100;
const pageBytes = 4096;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/**
 * Samples `/proc` until `stop`. CPU time that a process uses after its last sample is
 * missing, which is at most one interval for each process. Undefined where there is no
 * `/proc`.
 */
export function watchProcessTree(root: number): { stop(): Usage | undefined } {
  const cpuSeconds = new Map<number, number>([[root, 0]]);
  let peakMemoryBytes = 0;
  const sample = () => {
    let resident = 0;
    for (const process of listProcesses()) {
      // A parent comes before its children: the kernel lists by pid, and pids grow.
      if (!cpuSeconds.has(process.pid) && !cpuSeconds.has(process.parent)) continue;
      cpuSeconds.set(process.pid, process.cpuSeconds);
      resident += process.residentBytes;
    }
    peakMemoryBytes = Math.max(peakMemoryBytes, resident);
  };
  const timer = setInterval(sample, sampleEveryMs);
  return {
    stop() {
      clearInterval(timer);
      if (peakMemoryBytes === 0) return undefined;
      return {
        cpuSeconds: [...cpuSeconds.values()].reduce((sum, seconds) => sum + seconds, 0),
        peakMemoryBytes,
      };
    },
  };
}

function listProcesses(): ProcessStat[] {
  let names: string[];
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((pid) => readStat(pid) ?? []);
}

/** proc(5): the fields behind the name in brackets, of which the state is number 3. */
function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined; // It has ended.
  }
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    cpuSeconds: (field(14) + field(15)) / ticksPerSecond,
    residentBytes: field(24) * pageBytes,
  };
}
