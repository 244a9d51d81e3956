/** Which column of `leads` a vendor's heading means: kept by the workspace, known, or alike. */

type Kind = "text" | "word" | "list" | "money" | "date" | "moment" | "number" | "flag";

/** The columns that an import sets, how their values are read, and what vendors call them. */
const columns: Record<string, { kind: Kind; names: string[] }> = {
  address: {
    kind: "text",
    names: [
      "property address",
      "situs address",
      "site address",
      "street",
      "street address",
      "property street",
    ],
  },
  city: { kind: "text", names: ["property city", "situs city", "site city", "town"] },
  county: { kind: "text", names: ["county name", "property county", "situs county"] },
  state: { kind: "text", names: ["property state", "situs state", "site state", "st"] },
  zip: {
    kind: "text",
    names: ["zip code", "zipcode", "property zip", "situs zip", "postal code", "property zip code"],
  },
  parcel: {
    kind: "text",
    names: [
      "apn",
      "parcel number",
      "parcel id",
      "parcel no",
      "parcel #",
      "assessor parcel number",
      "pin",
      "folio",
      "tax id",
      "apn number",
    ],
  },
  property_type: { kind: "word", names: ["type", "land use", "property use", "use type"] },
  year_built: { kind: "number", names: ["built", "yr built", "effective year built"] },
  area_sqft: {
    kind: "number",
    names: [
      "sqft",
      "sq ft",
      "square feet",
      "building sqft",
      "living area",
      "living sqft",
      "building area",
      "bldg sqft",
    ],
  },
  lot_sqft: {
    kind: "number",
    names: ["lot size", "lot size sqft", "lot square feet", "lot area", "lot size sq ft"],
  },
  bedrooms: { kind: "number", names: ["beds", "bed", "br", "total bedrooms"] },
  bathrooms: { kind: "number", names: ["baths", "bath", "ba", "total bathrooms"] },
  distress_score: { kind: "number", names: ["score", "motivation score"] },
  distress_signals: { kind: "list", names: ["signals", "distress"] },
  tax_delinquent_minor: {
    kind: "money",
    names: [
      "tax delinquent amount",
      "delinquent amount",
      "delinquent taxes",
      "taxes owed",
      "tax amount due",
    ],
  },
  foreclosure_stage: { kind: "word", names: ["foreclosure status", "foreclosure"] },
  auction_date: {
    kind: "date",
    names: ["sale date auction", "foreclosure auction date", "trustee sale date"],
  },
  is_vacant: { kind: "flag", names: ["vacant", "vacancy", "vacant property"] },
  code_violations: { kind: "number", names: ["violations", "open violations"] },
  estimated_value_minor: {
    kind: "money",
    names: [
      "estimated value",
      "est value",
      "market value",
      "avm",
      "property value",
      "estimated market value",
      "arv",
    ],
  },
  mortgage_balance_minor: {
    kind: "money",
    names: [
      "mortgage balance",
      "loan balance",
      "est remaining balance",
      "open loan balance",
      "total loan balance",
    ],
  },
  estimated_equity_minor: {
    kind: "money",
    names: ["estimated equity", "est equity", "equity", "equity amount"],
  },
  last_sale_minor: {
    kind: "money",
    names: ["last sale price", "last sale amount", "sale price", "last sold price"],
  },
  last_sale_date: {
    kind: "date",
    names: ["last sold date", "sale date", "last sale recording date", "date of last sale"],
  },
  owner_name: {
    kind: "text",
    names: ["owner", "owner full name", "owner 1 full name", "full name", "name", "owner names"],
  },
  owner_kind: { kind: "word", names: ["owner type"] },
  mailing_address: {
    kind: "text",
    names: ["mail address", "mailing street", "owner mailing address", "owner address"],
  },
  phones: {
    kind: "list",
    names: [
      "phone",
      "phone number",
      "telephone",
      "mobile",
      "cell",
      "cell phone",
      "landline",
      "wireless",
      "phone numbers",
    ],
  },
  emails: { kind: "list", names: ["email", "e mail", "email address", "mail"] },
  is_absentee: { kind: "flag", names: ["absentee", "absentee owner"] },
  do_not_call: { kind: "flag", names: ["dnc", "do not call flag", "dnc flag", "on dnc"] },
  source_name: { kind: "text", names: ["source", "lead source", "list name"] },
  source_url: { kind: "text", names: ["url", "link", "source link"] },
  scraped_at: { kind: "moment", names: ["scraped", "exported at", "date added"] },
  source_raw: { kind: "text", names: [] },
  tags: { kind: "list", names: ["tag", "labels", "lists"] },
  notes: { kind: "text", names: ["note", "comments", "comment", "remarks"] },
};

/** How values of a column are read. */
export const kindOf = (column: string): Kind => columns[column]?.kind ?? "text";
export const isColumn = (name: string): boolean => Object.hasOwn(columns, name);

/** A heading as it is compared: in lower case, without accents and signs. */
export function foldHeading(heading: string): string {
  return heading.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[^\p{L}\p{N}#]+/gu, " ").trim();
}

const byName = new Map(
  Object.entries(columns).flatMap(([column, { names }]) => [
    [foldHeading(column), column],
    [foldHeading(column.replace(/_minor$/, "").replace(/^is_/, "")), column],
    ...names.map((name): [string, string] => [foldHeading(name), column]),
  ]),
);

/** The column that a heading is known to mean; of lists also numbered ones (`Phone 2`). */
export function columnOf(heading: string): string | null {
  const folded = foldHeading(heading);
  const found = byName.get(folded);
  if (found) return found;
  const numbered = byName.get(folded.replace(/\s*\d{1,2}$/, ""));
  return numbered && kindOf(numbered) === "list" ? numbered : null;
}

const pairsOf = (text: string) =>
  Array.from({ length: Math.max(0, text.length - 1) }, (_, at) => text.slice(at, at + 2));

/** How alike two names are, 0 to 1: twice the pairs of letters that both have, among all (Dice). */
function likeness(one: string, other: string): number {
  const left = pairsOf(one);
  const right = pairsOf(other);
  if (left.length + right.length === 0) return 0;
  const all = left.length + right.length;
  const shared = left.filter((pair) => {
    const at = right.indexOf(pair);
    if (at >= 0) right.splice(at, 1);
    return at >= 0;
  });
  return 2 * shared.length / all;
}

/** The columns that a heading is most like, best first: what to propose, never what to take. */
export function suggestColumns(heading: string): string[] {
  const folded = foldHeading(heading);
  const best = new Map<string, number>();
  for (const [name, column] of byName) {
    best.set(column, Math.max(best.get(column) ?? 0, likeness(folded, name)));
  }
  return [...best].filter(([, alike]) => alike >= 0.45).sort((one, other) => other[1] - one[1])
    .slice(0, 3).map(([column]) => column);
}

/** What becomes of a heading. */
export interface Heading {
  readonly heading: string;
  /** Null: it is not imported. */
  readonly column: string | null;
  /** `kept`: the workspace says so; `known`: a name of it; `unknown`: nobody knows. */
  readonly by: "kept" | "known" | "unknown";
  readonly suggestions?: string[];
}

/** Says of each heading what it means; `kept`: by folded heading, null where it is left out. */
export function mapHeadings(
  headings: string[],
  kept: ReadonlyMap<string, string | null>,
): Heading[] {
  return headings.map((heading) => {
    const folded = foldHeading(heading);
    if (kept.has(folded)) return { heading, column: kept.get(folded) ?? null, by: "kept" };
    const column = columnOf(heading);
    return column
      ? { heading, column, by: "known" }
      : { heading, column: null, by: "unknown", suggestions: suggestColumns(heading) };
  });
}
