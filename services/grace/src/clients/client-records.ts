import type { KeyValueStore } from '@mad-group/bus';
import { type Position, PositionSchema } from '@mad-group/protocol';
import { z } from 'zod';

const RecordSchema = z.object({
  /** Name of the caller whose client it is. */
  owner: z.string(),
  patterns: z.array(z.string()),
  /** Everything up to here was handed over. */
  position: PositionSchema.nullable(),
  /** The instance of Grace that holds the queue. */
  holder: z.string(),
  byPosition: z.boolean(),
});
const StoredRecord = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      context.addIssue({ code: 'custom', message: String(error) });
      return z.NEVER;
    }
  })
  .pipe(RecordSchema);

/** What outlives a Grace of its client. */
export interface ClientRecord {
  readonly owner: string;
  readonly patterns: readonly string[];
  readonly position: Position | null;
  readonly holder: string;
  readonly byPosition: boolean;
}

const keyOf = (clientId: string): string => `grace:client:${clientId}`;

/** The clients' records on the bus, each with an end of life. */
export class ClientRecords {
  readonly #kv: KeyValueStore;
  readonly #ttlMs: number;

  constructor(kv: KeyValueStore, ttlMs: number) {
    this.#kv = kv;
    this.#ttlMs = ttlMs;
  }

  /** Null where there is none, or none that can be read. */
  async load(clientId: string): Promise<ClientRecord | null> {
    const text = await this.#kv.get(keyOf(clientId));
    if (text === null) return null;
    const parsed = StoredRecord.safeParse(text);
    return parsed.success ? parsed.data : null;
  }

  async save(clientId: string, record: ClientRecord): Promise<void> {
    await this.#kv.set(keyOf(clientId), JSON.stringify(record), this.#ttlMs);
  }

  async delete(clientId: string): Promise<void> {
    await this.#kv.delete(keyOf(clientId));
  }
}
