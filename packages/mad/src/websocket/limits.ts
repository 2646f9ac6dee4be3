/** Bounds of what one connection may cost. */
export interface WebSocketLimits {
  /** Largest frame, in bytes; past it the connection is closed with 1009. */
  readonly maxFrameBytes: number;
  /** Requests of one connection that are worked on at once; the socket is not read past it. */
  readonly maxPending: number;
  /** Bytes that wait to be sent past which no further request is begun. */
  readonly highWaterBytes: number;
  /** Bytes that wait to be sent past which a client that does not read is closed with 1013. */
  readonly maxBufferedBytes: number;
  /** How often connections are asked for a sign of life, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a closing handshake may take, in milliseconds. */
  readonly closeTimeoutMs: number;
}

export const DEFAULT_LIMITS: WebSocketLimits = {
  maxFrameBytes: 1024 * 1024,
  maxPending: 32,
  highWaterBytes: 1024 * 1024,
  maxBufferedBytes: 8 * 1024 * 1024,
  keepAliveMs: 30_000,
  closeTimeoutMs: 5_000,
};
