import { createHash } from "node:crypto";
import { matchesGlob } from "node:path";
import { UcaasError } from "pulumi-ucaas/internal/runtime/errors";

/** A part of the stacks: `{ index: 1, count: 8 }` is the first of eight. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Which shard a stack is in, from 1 on. It follows from the stack's name alone, so that
 * machines which know nothing of each other split the stacks without a coordinator.
 */
export function shardOf(stack: string, count: number): number {
  return (createHash("sha256").update(stack).digest().readUInt32BE() % count) + 1;
}

/**
 * The shard of this process: `--shard 2/8`, or `--shards 8` in a Job of Kubernetes, which
 * numbers its pods from 0 on in `JOB_COMPLETION_INDEX`.
 *
 * @throws {UcaasError} `SHARD_INVALID`
 */
export function chosenShard(
  { shard, shards }: { shard?: string; shards?: number },
  environment: NodeJS.ProcessEnv = process.env,
): Shard | undefined {
  if (shard !== undefined) {
    const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(shard) ?? [];
    return checked(Number(index), Number(count), `--shard ${shard}`);
  }
  if (shards === undefined) return undefined;
  const index = environment.JOB_COMPLETION_INDEX ?? "";
  if (!/^\d{1,6}$/.test(index))
    throw new UcaasError("--shards needs JOB_COMPLETION_INDEX, which is not set to a number", {
      code: "SHARD_INVALID",
      operation: "fleet",
      hint: "run it in an Indexed Job of Kubernetes, or name the shard: --shard 1/8",
    });
  return checked(
    Number(index) + 1,
    shards,
    `JOB_COMPLETION_INDEX=${index} with --shards ${shards}`,
  );
}

function checked(index: number, count: number, given: string): Shard {
  if (index >= 1 && index <= count) return { index, count };
  throw new UcaasError(`${given} names no shard`, {
    code: "SHARD_INVALID",
    operation: "fleet",
    hint: "write <index>/<count> with an index from 1 to count, such as --shard 2/8",
  });
}

/** The stacks that are chosen, in alphabetical order. */
export function chooseStacks(
  all: readonly string[],
  {
    globs,
    except = [],
    shard,
  }: { globs?: readonly string[]; except?: readonly string[]; shard?: Shard },
): string[] {
  const fits = (stack: string, patterns: readonly string[]) =>
    patterns.some((pattern) => matchesGlob(stack, pattern));
  return all
    .filter((stack) => globs === undefined || fits(stack, globs))
    .filter((stack) => !fits(stack, except))
    .filter((stack) => shard === undefined || shardOf(stack, shard.count) === shard.index)
    .sort();
}
