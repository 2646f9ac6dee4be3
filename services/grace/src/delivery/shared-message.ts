import { type Envelope, type Position, withoutInternalHeaders } from '@mad-group/protocol';

/** Memory that all queues of a Grace together may hold, in bytes of JSON. */
const DEFAULT_POOL_BYTES = 128 * 1024 * 1024;

const FRAME_START = '{"type":"message","message":';
const FRAME_END = '}';

/**
 * A message that waits in the queues of any number of clients. Its text is all that is held of it:
 * an object beside it would be memory that nobody counts.
 */
export class SharedMessage {
  readonly position: Position;
  readonly owner: string | undefined;
  readonly bytes: number;
  #frame: string | null;
  /** How many queues hold it. */
  holders = 0;

  constructor(envelope: Envelope & { readonly position: Position }) {
    this.position = envelope.position;
    this.owner = envelope.headers?.owner;
    this.#frame = FRAME_START + JSON.stringify(withoutInternalHeaders(envelope)) + FRAME_END;
    this.bytes = Buffer.byteLength(this.#frame);
  }

  /** The push frame as text; null once the pool has let go of it. */
  get frame(): string | null {
    return this.#frame;
  }

  /** The message as an object, made anew at each call; null once the pool has let go of it. */
  parse(): Envelope | null {
    if (this.#frame === null) return null;
    return JSON.parse(this.#frame.slice(FRAME_START.length, -FRAME_END.length)) as Envelope;
  }

  evict(): void {
    this.#frame = null;
  }
}

/**
 * Bounds what all queues together hold. Past the bound the oldest messages are let go of; the
 * queues that held one count it as dropped.
 */
export class MessagePool {
  readonly #maxBytes: number;
  /** Held messages, oldest first. */
  readonly #held = new Set<SharedMessage>();
  readonly #onEvicted: (queues: number) => void;
  #bytes = 0;

  /** @param onEvicted told of each message that is let go of, with how many queues lose it */
  constructor(maxBytes = DEFAULT_POOL_BYTES, onEvicted: (queues: number) => void = () => undefined) {
    this.#maxBytes = maxBytes;
    this.#onEvicted = onEvicted;
  }

  hold(message: SharedMessage): void {
    message.holders += 1;
    if (message.holders > 1) return;
    this.#held.add(message);
    this.#bytes += message.bytes;
    for (const oldest of this.#held) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
      oldest.evict();
      this.#onEvicted(oldest.holders);
    }
  }

  release(message: SharedMessage): void {
    message.holders -= 1;
    if (message.holders === 0) this.#remove(message);
  }

  get bytes(): number {
    return this.#bytes;
  }

  #remove(message: SharedMessage): void {
    if (this.#held.delete(message)) this.#bytes -= message.bytes;
  }
}
