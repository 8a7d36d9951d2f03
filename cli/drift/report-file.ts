/**
 * The name of a kept report, such as `drift-2026-11-28T031700.042Z-4711.json`. It sorts by
 * time and is a name on every system.
 */
export function reportFile(time: Date, pid: number): string {
  return `drift-${time.toISOString().replaceAll(":", "")}-${pid}.json`;
}
