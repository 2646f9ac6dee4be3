const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;
/** A field of JSON that holds an id. Ids that callers chose are only known there: they may be words. */
const ID_FIELD = /("\w*_id"\s*:\s*)"((?:[^"\\]|\\.)*)"/g;

/** What stands in the place of an id. */
export type Known = ReadonlyMap<string, string>;

/** The text with each known id replaced: a UUID anywhere, any other id where a field of JSON holds it. */
export function replaceIds(
  text: string,
  known: Known,
  other: (uuid: string) => string = (uuid) => uuid,
): string {
  const named = text.replaceAll(ID_FIELD, (whole: string, field: string, id: string) => {
    const name = known.get(id);
    return name === undefined ? whole : `${field}"${name}"`;
  });
  return named.replaceAll(UUID, (uuid) => known.get(uuid) ?? other(uuid));
}
