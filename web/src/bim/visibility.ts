// Which elements show: groups switched off, one group isolated, single ones hidden, a storey alone.

import { CHOSEN, FAINT, HIDDEN, SOLID } from "./colours";

export class Visibility {
  hidden = new Set<number>();
  isolated: ReadonlySet<number> | null = null;
  chosen: number | null = null;
  faint: ((fid: number) => boolean) | null = null;
  storey: ((fid: number) => boolean) | null = null;

  mode = (fid: number): number => {
    if (this.storey && !this.storey(fid)) return HIDDEN;
    if (fid === this.chosen) return CHOSEN;
    if (this.hidden.has(fid)) return HIDDEN;
    if (this.isolated && !this.isolated.has(fid)) return FAINT;
    return this.faint?.(fid) ? FAINT : SOLID;
  };

  toggle(fids: Iterable<number>, shown: boolean): void {
    for (const fid of fids) {
      if (shown) this.hidden.delete(fid);
      else this.hidden.add(fid);
    }
  }

  clear(): void {
    this.hidden.clear();
    this.isolated = null;
  }

  get isNarrowed(): boolean {
    return this.hidden.size > 0 || this.isolated !== null;
  }
}
