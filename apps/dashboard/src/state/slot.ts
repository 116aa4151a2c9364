/** A place for a view's own state, which survives while other views are shown. `id` must be the only one of its name. */
export interface Slot<S> {
  readonly id: string;
  readonly initial: S;
}

/** What is in the slot; its initial value before anything was put there. */
export function readSlot<S>(slots: ReadonlyMap<string, unknown>, slot: Slot<S>): S {
  // only the same slot's own writes put values under its id
  return slots.has(slot.id) ? (slots.get(slot.id) as S) : slot.initial;
}
