/** Where a table stands. Survives new rows: what is out of range is moved into it when the table is drawn or a key comes. */
export interface TableModel {
  /** Index of the chosen row among those shown, sorted and filtered. */
  readonly cursor: number;
  /** First row in sight. */
  readonly offset: number;
  readonly sort: { readonly column: number; readonly isDescending: boolean } | null;
}

/** A table at its first row, in the order in which the rows come. */
export const TABLE_START: TableModel = { cursor: 0, offset: 0, sort: null };

/** How many rows there are, and how many are in sight. */
export interface TableExtent {
  readonly count: number;
  readonly visible: number;
}

/** The model with cursor and offset inside `extent`. */
export function settled(model: TableModel, { count, visible }: TableExtent): TableModel {
  const cursor = Math.max(0, Math.min(model.cursor, count - 1));
  const room = Math.max(1, visible);
  const kept = Math.max(0, Math.min(model.offset, count - room));
  const offset = cursor < kept ? cursor : cursor >= kept + room ? cursor - room + 1 : kept;
  return { ...model, cursor, offset };
}

/** How a key moves in lists everywhere; null for keys that don't. */
export function moveTable(model: TableModel, key: string, extent: TableExtent): TableModel | null {
  const page = Math.max(1, extent.visible - 1);
  const to = (cursor: number): TableModel => settled({ ...model, cursor }, extent);
  switch (key) {
    case "Up":
    case "k":
      return to(model.cursor - 1);
    case "Down":
    case "j":
      return to(model.cursor + 1);
    case "PageUp":
    case "Ctrl-u":
      return to(model.cursor - page);
    case "PageDown":
    case "Ctrl-d":
      return to(model.cursor + page);
    case "g":
    case "Home":
      return to(0);
    case "G":
    case "End":
      return to(extent.count - 1);
    default:
      return null;
  }
}

/** The next order: by `column` upwards, downwards, then as the rows come. */
export function sortedBy(model: TableModel, column: number): TableModel {
  const { sort } = model;
  if (sort?.column !== column) return { ...model, sort: { column, isDescending: false } };
  return { ...model, sort: sort.isDescending ? null : { column, isDescending: true } };
}
