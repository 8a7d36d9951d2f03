import { UpdatesOfOthers } from "../../provider/runtime/updates-of-others.ts";

/** The engine's record after an update of another machine failed, which may have touched all. */
export function failedUpdateElsewhere(): UpdatesOfOthers {
  const provider = { urn: "", type: "pulumi:providers:pulumi-nodejs" };
  const times = { startedAt: "2026-01-05T10:00:00Z", endedAt: "2026-01-05T10:00:09Z" };
  return new UpdatesOfOthers({
    readStackState: async () => ({ resources: [provider], pending: [] }),
    readUpdates: async () => [{ ...times, failed: true, isLast: true, isBeforeDestroy: false }],
  });
}
