// One texel per element: red, green, blue of its state, and in alpha whether and how it shows.

export const WIDTH = 512;

/** How an element shows; the numbers are the alpha that the shader reads. */
export const HIDDEN = 0;
export const FAINT = 64;
export const CHOSEN = 254;
export const SOLID = 255;

export type Rgb = readonly [red: number, green: number, blue: number];

export class ColourTable {
  readonly height: number;
  readonly texels: Uint8Array;

  constructor(readonly features: number) {
    this.height = Math.max(1, Math.ceil(features / WIDTH));
    this.texels = new Uint8Array(WIDTH * this.height * 4).fill(SOLID);
  }

  /** Writes the colour of every element; entries the palette lacks keep the last colour of it. */
  paint(palette: readonly Rgb[], index: ArrayLike<number>): void {
    const texels = this.texels;
    const count = Math.min(this.features, index.length);
    for (let fid = 0; fid < count; fid++) {
      const colour = palette[index[fid] ?? 0] ?? palette[palette.length - 1];
      if (!colour) continue;
      texels[4 * fid] = colour[0];
      texels[4 * fid + 1] = colour[1];
      texels[4 * fid + 2] = colour[2];
    }
  }

  /** Writes how every element shows. */
  show(mode: (fid: number) => number): void {
    for (let fid = 0; fid < this.features; fid++) this.texels[4 * fid + 3] = mode(fid);
  }

  colourOf(fid: number): Rgb {
    return [this.texels[4 * fid] ?? 0, this.texels[4 * fid + 1] ?? 0, this.texels[4 * fid + 2] ?? 0];
  }
}

/** Red, green, blue of `#rgb` or `#rrggbb`. */
export function parseColour(text: string): Rgb {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text.trim());
  const digits = short ? short.slice(1).map((digit) => digit + digit) : (/^#(..)(..)(..)/.exec(text.trim())?.slice(1) ?? []);
  const [red, green, blue] = digits.map((pair) => Number.parseInt(pair, 16));
  return [red ?? 128, green ?? 128, blue ?? 128];
}

export function toText([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

const GOLDEN_TURN = 0.381966;

/** As many colours as there are names, far apart from their neighbours: hues a golden section of the circle apart. */
export function hues(count: number): Rgb[] {
  return Array.from({ length: count }, (_, n) => {
    const hue = (0.58 + n * GOLDEN_TURN) % 1;
    const lightness = [0.56, 0.66, 0.46][Math.floor(n / 8) % 3] ?? 0.56;
    return fromHsl(hue, 0.5, lightness);
  });
}

function fromHsl(hue: number, saturation: number, lightness: number): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const part = (n: number) => {
    const k = (n + hue * 12) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}
