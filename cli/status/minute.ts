/** `2026-11-28 03:17 UTC` of an ISO time; another text stays as it is. */
export function minute(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? time
    : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
