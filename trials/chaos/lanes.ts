/** What works on one story after another. */
export interface Lane {
  run(story: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Runs stories in several lanes at once. What has begun is ended, also when no further
 * story may begin.
 */
export async function inLanes(
  stories: readonly number[],
  { lanes, mayBegin }: { readonly lanes: number; readonly mayBegin: () => boolean },
  open: () => Promise<Lane>,
): Promise<void> {
  const left = [...stories];
  const work = async () => {
    const lane = await open();
    try {
      while (mayBegin()) {
        const story = left.shift();
        if (story === undefined) return;
        await lane.run(story);
      }
    } finally {
      await lane.close();
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
}
