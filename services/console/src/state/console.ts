import type { ConsoleFrame, ConsoleGroup } from '@mad-group/protocol';
import { effect, type Signal, signal, untracked } from '@preact/signals';
import { type Api, createApi } from '../wire/api.ts';
import { createFeed, type Feed, type Link } from '../wire/feed.ts';
import { BusLog } from './bus-log.ts';
import { type Entry, toEntry } from './entries.ts';
import { Beats } from './group.ts';
import { History } from './history.ts';
import { createSession, type Session } from './session.ts';
import { Talk } from './talk.ts';
import { Tasks } from './tasks.ts';
import { Trace } from './trace.ts';
import { Traffic } from './traffic.ts';

/** Everything that the page knows, and what it does. */
export interface Console {
  readonly api: Api;
  readonly session: Session;
  readonly link: Signal<Link>;
  readonly log: BusLog;
  readonly group: Signal<ConsoleGroup | null>;
  readonly beats: Beats;
  readonly traffic: Traffic;
  readonly tasks: Tasks;
  readonly talk: Talk;
  readonly history: History;
  /** Milliseconds since 1970 by the log's clock; changes each second. */
  readonly now: Signal<number>;
  /** The time that flows and rates are told of: `now` while the page is live, else when it last heard. */
  readonly heardAt: Signal<number>;
  /** The log has been read up to its end at least once. */
  readonly caughtUp: Signal<boolean>;
  /** Follows one correlation id; the one before is forgotten. */
  openTrace(correlationId: string, nearMs: number | null): Trace;
  /** Calls back with entries as they come, once the log has been caught up with. Returns what ends it. */
  onLive(listener: (entries: readonly Entry[]) => void): () => void;
  retryNow(): void;
}

/** Where this page's picture of the log begins, kept over a reload. */
const BEGIN_KEY = 'mad-console-begin';
/** A tab that a browser brings back after longer than this begins with the newest, in milliseconds. */
const REMEMBERED_MS = 10 * 60_000;
/** Messages that a new page begins with. */
const NEWEST = 1_000;
/** What came is drawn at most so often, in milliseconds: eyes follow no faster. */
const DRAW_MS = 100;
/** A page that nobody sees lets go of its connection after so long, in milliseconds; it loses nothing by it. */
const HIDDEN_MS = 5 * 60_000;

export function createConsole(window: Window): Console {
  const storage = window.sessionStorage;
  const api = createApi(() => session.token());
  const session = createSession(api, storage, leave);
  const link = signal<Link>({ state: 'connecting' });
  const log = new BusLog();
  const group = signal<ConsoleGroup | null>(null);
  const beats = new Beats();
  const traffic = new Traffic();
  const tasks = new Tasks(api);
  const talk = new Talk(api, storage);
  const now = signal(Date.now());
  const heardAt = signal(now.value);
  const caughtUp = signal(false);
  const listeners = new Set<(entries: readonly Entry[]) => void>();
  let trace: Trace | null = null;
  let feed: Feed | null = null;
  let skewMs = 0;
  /** Of the newest line of the feed, in milliseconds since 1970 by this machine's clock. */
  let lastLineMs: number | null = null;
  let nextId = 1;
  let isDrawDue = false;
  let leaving = false;

  function tick(): void {
    now.value = Date.now() + skewMs;
    // Cut off, nothing is known of what was said since: a minute that ran dry would say that nobody spoke.
    const isLive = link.value.state === 'live' || lastLineMs === null;
    heardAt.value = isLive ? now.value : (lastLineMs as number) + skewMs;
  }

  function take(frames: readonly ConsoleFrame[]): void {
    lastLineMs = Date.now();
    const entries: Entry[] = [];
    for (const frame of frames) {
      if (frame.type === 'group') group.value = { bus: frame.bus, connections: frame.connections };
      if (frame.type === 'position' && frame.caught_up && !caughtUp.value) {
        caughtUp.value = true;
        tick();
      }
      const entry = toEntry(frame, nextId);
      if (entry === null) continue;
      nextId += 1;
      entries.push(entry);
      log.add(entry);
      beats.add(entry);
      traffic.add(entry);
      tasks.take(entry);
      trace?.take(entry);
    }
    if (entries.length === 0) return;
    if (caughtUp.value) for (const listener of listeners) listener(entries);
    if (isDrawDue) return;
    isDrawDue = true;
    setTimeout(() => {
      isDrawDue = false;
      log.changed();
      trace?.flush();
    }, DRAW_MS);
  }

  /** Starts the page anew, with nothing of this one kept. */
  function leave(): void {
    leaving = true;
    window.location.reload();
  }

  function begin(): Feed {
    const from = rememberedBegin(storage);
    return createFeed({
      open: api.frames,
      begin: from === null ? { newest: NEWEST } : { from },
      onFrames: take,
      onLink: (value) => {
        link.value = value;
        tick();
        if (value.state === 'refused' && value.code === 'unauthenticated') session.refused(value.reason);
      },
    });
  }

  effect(() => {
    const { value } = session.state;
    if (value.state === 'in') {
      skewMs = Date.parse(value.session.now) - Date.now();
      feed ??= begin();
      feed.start();
      // It looks at what tasks are: that must not make this run again.
      untracked(() => tasks.catchUp());
    } else feed?.stop();
  });
  setInterval(tick, 1000);

  window.addEventListener('pagehide', () => {
    const position = log.firstPosition;
    if (position !== null && !leaving) storage.setItem(BEGIN_KEY, `${Date.now()} ${position}`);
  });
  window.addEventListener('online', () => feed?.retryNow());
  let hiding: ReturnType<typeof setTimeout> | undefined;
  window.document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (window.document.visibilityState === 'hidden') hiding = setTimeout(() => feed?.stop(), HIDDEN_MS);
    else if (session.state.value.state === 'in') feed?.start();
  });

  return {
    api,
    session,
    link,
    log,
    group,
    beats,
    traffic,
    tasks,
    talk,
    history: new History(api),
    now,
    heardAt,
    caughtUp,
    openTrace(correlationId, nearMs) {
      if (trace?.correlationId === correlationId) return trace;
      trace?.stop();
      trace = new Trace(api, correlationId, nearMs, log.entries.slice());
      return trace;
    },
    onLive(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    retryNow: () => feed?.retryNow(),
  };
}

/** Where the page before a reload began; null where there was none, or long ago. */
function rememberedBegin(storage: Storage): string | null {
  const [leftAt, position] = (storage.getItem(BEGIN_KEY) ?? '').split(' ');
  return position !== undefined && Date.now() - Number(leftAt) < REMEMBERED_MS ? position : null;
}
