// What the service says of a file that was read: the shapes of its answers.

export interface Question {
  readonly field: string;
  readonly message: string;
  readonly choices: readonly string[];
}

/** Which column would be which property of a layer, and what may be mapped there. */
export interface Proposal {
  readonly mapping: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  readonly source: string;
  readonly template: string | null;
  readonly left_out: readonly string[];
  readonly properties: readonly string[];
}

export interface LedgerTold {
  readonly target: string | null;
  readonly columns: readonly { letter: string; header: string; field: string | null; unit: string | null }[];
  readonly error_count: number;
  readonly table_errors: readonly { where: string; en: string; zh: string }[];
}

export interface Told {
  readonly upload_id: string;
  readonly file_name: string;
  readonly kind: string;
  readonly encoding: string | null;
  readonly crs: string | null;
  readonly crs_evidence: readonly { subject: string; value: string | null; message: string }[];
  readonly feature_count: number;
  readonly warnings: readonly { where: string | null; message: string }[];
  readonly questions: readonly Question[];
  readonly columns?: readonly { name: string; samples: readonly unknown[] }[];
  readonly mappings: Readonly<Record<string, Proposal>>;
  readonly ledger?: LedgerTold;
}

export type Row = GeoJSON.Feature & { repair_note: string | null; errors: { where: string; message: string; level: string }[] };

export interface Preview extends GeoJSON.FeatureCollection {
  readonly numberMatched: number;
  readonly upload: Told;
}
