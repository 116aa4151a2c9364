/** Sizes of terminal at which every view is drawn: the least, the common one, a large one. */
export const SIZES = [
  [60, 16],
  [80, 24],
  [140, 40],
] as const;
