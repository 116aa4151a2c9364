/** Who comes when: the order moves on by one each round, so that nobody always comes first. */
export function turnsOf<T>(all: readonly T[], round: number): readonly T[] {
  const first = all.length === 0 ? 0 : round % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
