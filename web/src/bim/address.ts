// The address of the BIM page is its state: ids, the colouring, the section and the day; the camera is in the hash.

export interface Shown {
  readonly sel: string | null; // GlobalId
  readonly colour: string;
  readonly floor: string | null; // the one storey that shows
  readonly cut: number | null; // metres above the lowest point, everything higher is cut away
  readonly day: string | null; // of the time slider
  readonly from: number | null; // revision to compare with
  readonly also: readonly number[]; // other models of the project that show with it
}

export const FIRST_COLOUR = "status";

export function readShown(url: URL): Shown {
  const get = (name: string) => url.searchParams.get(name) || null;
  const cut = Number(get("cut") ?? Number.NaN);
  const from = Number(get("from") ?? Number.NaN);
  const day = get("day");
  return {
    sel: get("sel"),
    colour: get("colour") ?? FIRST_COLOUR,
    floor: get("floor"),
    cut: Number.isFinite(cut) ? cut : null,
    day: day && /^\d{4}-\d{2}-\d{2}$/.test(day) ? day : null,
    from: Number.isInteger(from) && from > 0 ? from : null,
    also: [...new Set((get("also") ?? "").split(",").map(Number))].filter((id) => Number.isInteger(id) && id > 0),
  };
}

/** The address with some of the state changed; what is as at first is left out. */
export function withShown(url: URL, changes: Partial<Shown>): URL {
  const next = new URL(url);
  for (const [name, value] of Object.entries(changes)) {
    const isFirst = value === null || String(value) === "" || (name === "colour" && value === FIRST_COLOUR);
    if (isFirst) next.searchParams.delete(name);
    else next.searchParams.set(name, String(value));
  }
  return next;
}
