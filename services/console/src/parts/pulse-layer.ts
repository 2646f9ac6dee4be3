import { KINDS, type Kind } from '../state/entries.ts';
import type { Pulse } from './pulses.ts';

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where a card hangs on the bus. */
interface Hook {
  readonly card: Point;
  readonly bus: Point;
}

interface Flight {
  readonly key: string;
  readonly path: readonly Point[];
  readonly kind: Kind;
  readonly startMs: number;
  weight: number;
}

/** How long a message is seen on its way, in milliseconds. */
const FLIGHT_MS = 1100;
/** Messages that go the same way within this time are one, a larger one. */
const GATHER_MS = 140;
const MAX_FLIGHTS = 80;
/** How far a message that is for whoever listens runs along the bus, in pixels. */
const SPREAD = 180;

/**
 * Draws the lines between cards and bus, and messages as dots on them. It draws only while something
 * moves, and no more dots than eyes can follow: many that go together are one large one.
 */
export class PulseLayer {
  readonly #canvas: HTMLCanvasElement;
  readonly #place: HTMLElement;
  readonly #resizes: ResizeObserver;
  readonly #flights: Flight[] = [];
  readonly #hooks = new Map<string, Hook>();
  #busEnds: readonly [Point, Point] = [
    { x: 0, y: 0 },
    { x: 0, y: 0 },
  ];
  #colors: Readonly<Record<Kind | 'line' | 'bus', string>> | null = null;
  #frame = 0;

  constructor(canvas: HTMLCanvasElement, place: HTMLElement) {
    this.#canvas = canvas;
    this.#place = place;
    this.#resizes = new ResizeObserver(() => this.measure());
    this.#resizes.observe(place);
    this.measure();
  }

  stop(): void {
    this.#resizes.disconnect();
    cancelAnimationFrame(this.#frame);
  }

  add({ from, to, kind, weight }: Pulse): void {
    const start = this.#hooks.get(from);
    if (start === undefined || document.visibilityState === 'hidden') return;
    const key = `${from}\n${to}\n${kind}`;
    const nowMs = performance.now();
    const recent = this.#flights.findLast((flight) => flight.key === key);
    if (recent && nowMs - recent.startMs < GATHER_MS) {
      recent.weight += weight;
      return;
    }
    if (this.#flights.length >= MAX_FLIGHTS) return;
    const end = to === null ? undefined : this.#hooks.get(to);
    const path = end
      ? [start.card, start.bus, end.bus, end.card]
      : [start.card, start.bus, this.#along(start.bus)];
    this.#flights.push({ key, path, kind, weight, startMs: nowMs });
    this.#drawSoon();
  }

  /** Looks where the cards are. */
  measure(): void {
    const frame = this.#place.getBoundingClientRect();
    const line = this.#place.querySelector('.bus-line')?.getBoundingClientRect();
    if (!line || frame.width === 0) return;
    // On a narrow page the bus runs down the side, and the cards hang on it from the right.
    const isUpright = getComputedStyle(this.#place).getPropertyValue('--bus') === 'upright';
    const busX = 12;
    const busY = line.top + line.height / 2 - frame.top;
    this.#busEnds = isUpright
      ? [
          { x: busX, y: 12 },
          { x: busX, y: frame.height - 12 },
        ]
      : [
          { x: 0, y: busY },
          { x: frame.width, y: busY },
        ];
    this.#hooks.clear();
    for (const element of this.#place.querySelectorAll<HTMLElement>('[data-member]')) {
      const box = element.getBoundingClientRect();
      const x = box.left + box.width / 2 - frame.left;
      const middleY = box.top + box.height / 2 - frame.top;
      const y = middleY < busY ? box.bottom - frame.top : box.top - frame.top;
      const hook = isUpright
        ? { card: { x: box.left - frame.left, y: middleY }, bus: { x: busX, y: middleY } }
        : { card: { x, y }, bus: { x, y: busY } };
      this.#hooks.set(element.dataset.member ?? '', hook);
    }
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(frame.width * scale), Math.round(frame.height * scale)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#drawSoon();
  }

  /** The colours have changed, or nothing may move any more. */
  restyle(): void {
    this.#colors = null;
    this.#drawSoon();
  }

  #along(bus: Point): Point {
    const [first, last] = this.#busEnds;
    return first.x === last.x
      ? { x: bus.x, y: Math.min(last.y, bus.y + SPREAD) }
      : { x: Math.min(last.x, bus.x + SPREAD), y: bus.y };
  }

  #drawSoon(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame((nowMs) => this.#draw(nowMs));
  }

  #draw(nowMs: number): void {
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    this.#colors ??= readColors(this.#place);
    const colors = this.#colors;
    const scale = window.devicePixelRatio || 1;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.lineCap = 'round';
    for (const { card, bus } of this.#hooks.values()) drawLine(context, card, bus, colors.line, 1.5);
    drawLine(context, ...this.#busEnds, colors.bus, 3);

    for (let index = this.#flights.length - 1; index >= 0; index -= 1) {
      const flight = this.#flights[index] as Flight;
      const done = (nowMs - flight.startMs) / FLIGHT_MS;
      if (done >= 1) this.#flights.splice(index, 1);
      else if (done >= 0) drawFlight(context, flight, done, colors[flight.kind]);
    }
    if (this.#flights.length > 0) this.#drawSoon();
  }
}

function readColors(place: HTMLElement): Readonly<Record<Kind | 'line' | 'bus', string>> {
  const style = getComputedStyle(place);
  const names = [...KINDS.map((kind) => [kind, `--kind-${kind}`]), ['line', '--line'], ['bus', '--bus-line']];
  return Object.fromEntries(
    names.map(([name, variable]) => [name, style.getPropertyValue(variable as string)]),
  );
}

function drawLine(
  context: CanvasRenderingContext2D,
  from: Point,
  to: Point,
  color: string,
  width: number,
): void {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

function drawFlight(context: CanvasRenderingContext2D, flight: Flight, done: number, color: string): void {
  const { x, y } = pointOn(flight.path, easeInOut(done));
  // Three messages are not three times as large: area, and not width, is what eyes compare.
  const radius = Math.min(9, 3 * Math.sqrt(flight.weight));
  context.globalAlpha = done > 0.8 ? (1 - done) / 0.2 : 1;
  context.fillStyle = color;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
  context.globalAlpha = 1;
}

/** The point that far along a path, 0 to 1. */
function pointOn(path: readonly Point[], part: number): Point {
  const lengths = path.slice(1).map((point, index) => distance(path[index] as Point, point));
  let left = part * lengths.reduce((sum, length) => sum + length, 0);
  for (const [index, length] of lengths.entries()) {
    if (left > length && index < lengths.length - 1) {
      left -= length;
      continue;
    }
    const [from, to] = [path[index] as Point, path[index + 1] as Point];
    const share = length === 0 ? 1 : Math.min(1, left / length);
    return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
  }
  return path.at(-1) as Point;
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
const easeInOut = (part: number): number => (part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2);
