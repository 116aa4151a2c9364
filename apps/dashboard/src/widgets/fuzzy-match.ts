/** How well `query` fits `text`; null where its letters don't stand in it in that order. The greater the better. */
function fuzzyScore(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replaceAll(" ", "");
  const given = text.toLowerCase();
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = given.indexOf(letter, at + 1);
    if (next === -1) return null;
    const isStart = next === 0 || given[next - 1] === " ";
    score += (next === at + 1 ? 4 : 1) + (isStart ? 3 : 0);
    at = next;
  }
  return score - given.length / 100;
}

/** What fits `query`, the best first; all of it in its own order for an empty query. */
export function fuzzyFilter<T>(query: string, items: readonly T[], textOf: (item: T) => string): T[] {
  if (query.trim() === "") return [...items];
  return items
    .map((item) => ({ item, score: fuzzyScore(query, textOf(item)) }))
    .filter((one) => one.score !== null)
    .toSorted((one, other) => (other.score ?? 0) - (one.score ?? 0))
    .map(({ item }) => item);
}
