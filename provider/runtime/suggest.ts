import { distance } from "fastest-levenshtein";

/**
 * Up to `count` candidates that look like the given word, the nearest first; none when
 * nothing looks like it.
 */
export function closestMatches(word: string, candidates: Iterable<string>, count = 1): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, far: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(
      ({ candidate, far }) =>
        far <= Math.max(2, Math.floor(Math.max(word.length, candidate.length) / 3)),
    )
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
